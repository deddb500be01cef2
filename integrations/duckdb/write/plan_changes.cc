// Plans of the statements that change tables of an attached folder.
#include <arrow/api.h>

#include "catalog/lance_catalog.h"
#include "catalog/lance_table.h"
#include "catalog/lance_transaction.h"
#include "dataset_arguments.h"
#include "duckdb/execution/operator/persistent/physical_merge_into.hpp"
#include "duckdb/parser/constraints/not_null_constraint.hpp"
#include "duckdb/planner/expression/bound_default_expression.hpp"
#include "duckdb/planner/expression/bound_reference_expression.hpp"
#include "duckdb/planner/operator/logical_create_table.hpp"
#include "duckdb/planner/operator/logical_delete.hpp"
#include "duckdb/planner/operator/logical_insert.hpp"
#include "duckdb/planner/operator/logical_merge_into.hpp"
#include "duckdb/planner/operator/logical_update.hpp"
#include "write/change_rows.h"
#include "write/copy_function.h"

namespace lance::sql {

namespace {

using duckdb::ClientContext;
using duckdb::Expression;
using duckdb::make_uniq;
using duckdb::PhysicalOperator;
using duckdb::PhysicalPlanGenerator;
using duckdb::unique_ptr;
using Expressions = duckdb::vector<unique_ptr<Expression>>;

void RefuseReturning(bool wanted) {
  if (wanted) throw duckdb::NotImplementedException("RETURNING of changes to a Lance table");
}

unique_ptr<WriteTarget> MakeTarget(LanceCatalog& catalog, const std::string& path,
                                   const duckdb::ColumnList& columns) {
  auto target = make_uniq<WriteTarget>();
  target->path = path;
  target->names = columns.GetColumnNames();
  target->types = columns.GetColumnTypes();
  target->catalog = &catalog;
  if (catalog.storage_options()) {
    target->options.storage_options = ToStorageOptions(*catalog.storage_options());
  }
  return target;
}

// UPDATE ... SET column = DEFAULT becomes the default's value, which is NULL.
Expressions WithDefaults(Expressions expressions, const duckdb::vector<duckdb::PhysicalIndex>& columns,
                         const Expressions& defaults) {
  for (size_t i = 0; i < expressions.size(); ++i) {
    if (expressions[i]->GetExpressionType() == duckdb::ExpressionType::VALUE_DEFAULT) {
      expressions[i] = defaults[columns[i].index]->Copy();
    }
  }
  return expressions;
}

RowAction UpdateAction(const duckdb::TableCatalogEntry& table,
                       const duckdb::vector<duckdb::PhysicalIndex>& columns, Expressions values,
                       duckdb::idx_t address) {
  RowAction action;
  action.kind = RowAction::Kind::kUpdate;
  action.address = address;
  for (const auto column : columns) action.names.push_back(table.GetColumns().GetColumn(column).Name());
  action.values = std::move(values);
  return action;
}

/// MERGE INTO: DuckDB's operator decides what happens to each row and hands it to one of ours; all share one
/// session, which is committed at the end.
class MergeRows final : public duckdb::PhysicalMergeInto {
 public:
  using Actions =
      duckdb::map<duckdb::MergeActionCondition, duckdb::vector<unique_ptr<duckdb::MergeIntoOperator>>>;
  MergeRows(duckdb::PhysicalPlan& plan, duckdb::vector<duckdb::LogicalType> types, Actions actions,
            duckdb::idx_t address, duckdb::optional_idx source_marker, std::shared_ptr<ChangeSession> session)
      : PhysicalMergeInto(plan, std::move(types), std::move(actions), address, source_marker,
                          /*parallel=*/true, /*return_chunk=*/false),
        session_(std::move(session)) {}

  unique_ptr<duckdb::GlobalSinkState> GetGlobalSinkState(ClientContext& context) const override {
    session_->Begin(context);
    return PhysicalMergeInto::GetGlobalSinkState(context);
  }
  duckdb::SinkFinalizeType Finalize(duckdb::Pipeline& pipeline, duckdb::Event& event, ClientContext& context,
                                    duckdb::OperatorSinkFinalizeInput& input) const override {
    const auto result = PhysicalMergeInto::Finalize(pipeline, event, context, input);
    session_->Finish(context);
    return result;
  }

 private:
  const std::shared_ptr<ChangeSession> session_;
};

// The values of an INSERT in the order of the table's columns.
Expressions InsertValues(duckdb::LogicalMergeInto& op, duckdb::BoundMergeIntoAction& action) {
  if (action.column_index_map.empty()) return std::move(action.expressions);
  Expressions values;
  for (const auto& column : op.table.GetColumns().Physical()) {
    const auto index = action.column_index_map[column.Physical()];
    values.push_back(index == duckdb::DConstants::INVALID_INDEX
                         ? op.bound_defaults[column.StorageOid()]->Copy()
                         : std::move(action.expressions[index]));
  }
  return values;
}

unique_ptr<duckdb::MergeIntoOperator> PlanAction(PhysicalPlanGenerator& planner, duckdb::LogicalMergeInto& op,
                                                 duckdb::BoundMergeIntoAction& bound,
                                                 const std::shared_ptr<ChangeSession>& session) {
  auto result = make_uniq<duckdb::MergeIntoOperator>();
  result->action_type = bound.action_type;
  result->condition = std::move(bound.condition);
  RowAction action;
  switch (bound.action_type) {
    case duckdb::MergeActionType::MERGE_UPDATE:
      action = UpdateAction(op.table, bound.columns,
                            WithDefaults(std::move(bound.expressions), bound.columns, op.bound_defaults),
                            op.row_id_start);
      action.repeats_fail = true;
      break;
    case duckdb::MergeActionType::MERGE_DELETE:
      action.kind = RowAction::Kind::kDelete;
      action.address = op.row_id_start;
      action.repeats_fail = true;
      break;
    case duckdb::MergeActionType::MERGE_INSERT:
      action.kind = RowAction::Kind::kInsert;
      action.names = op.table.GetColumns().GetColumnNames();
      result->expressions = InsertValues(op, bound);
      break;
    default:
      result->expressions = std::move(bound.expressions);
      return result;
  }
  result->op = planner.Make<ChangeRows>(op.types, session, std::move(action), /*owns_session=*/false);
  return result;
}

}  // namespace

PhysicalOperator& LanceCatalog::PlanCreateTableAs(ClientContext& context, PhysicalPlanGenerator& planner,
                                                  duckdb::LogicalCreateTable& op, PhysicalOperator& plan) {
  auto& info = op.info->Base();
  auto target = MakeTarget(*this, TablePath(info.table), info.columns);
  LanceTransaction::Get(context, *this).CheckMayChange(target->path, /*appends=*/false);
  target->options.mode = info.on_conflict == duckdb::OnCreateConflict::REPLACE_ON_CONFLICT
                             ? WriteMode::kOverwrite
                             : WriteMode::kCreate;
  for (const auto& constraint : info.constraints) {
    if (constraint->type == duckdb::ConstraintType::NOT_NULL) {
      target->not_null.push_back(constraint->Cast<duckdb::NotNullConstraint>().index.index);
    }
  }
  return PlanWrite(context, planner, std::move(target), op.types, plan);
}

PhysicalOperator& LanceCatalog::PlanInsert(ClientContext& context, PhysicalPlanGenerator& planner,
                                           duckdb::LogicalInsert& op,
                                           duckdb::optional_ptr<PhysicalOperator> plan) {
  RefuseReturning(op.return_chunk);
  if (op.on_conflict_info.action_type != duckdb::OnConflictAction::THROW) {
    throw duckdb::NotImplementedException("ON CONFLICT of a Lance table, which has no keys: use MERGE INTO");
  }
  auto& table = op.table.Cast<LanceTable>();
  auto target = MakeTarget(*this, table.path(), table.GetColumns());
  LanceTransaction::Get(context, *this).CheckMayChange(target->path, /*appends=*/true);
  target->options.mode = WriteMode::kAppend;
  if (!op.column_index_map.empty()) plan = planner.ResolveDefaultsProjection(op, *plan);
  return PlanWrite(context, planner, std::move(target), op.types, *plan);
}

PhysicalOperator& LanceCatalog::PlanDelete(ClientContext&, PhysicalPlanGenerator& planner,
                                           duckdb::LogicalDelete& op, PhysicalOperator& plan) {
  RefuseReturning(op.return_chunk);
  RowAction action;
  action.kind = RowAction::Kind::kDelete;
  action.address = op.expressions[0]->Cast<duckdb::BoundReferenceExpression>().index;
  auto session = std::make_shared<ChangeSession>(op.table.Cast<LanceTable>());
  auto& result = planner.Make<ChangeRows>(op.types, std::move(session), std::move(action), true);
  result.children.push_back(plan);
  return result;
}

PhysicalOperator& LanceCatalog::PlanUpdate(ClientContext&, PhysicalPlanGenerator& planner,
                                           duckdb::LogicalUpdate& op, PhysicalOperator& plan) {
  RefuseReturning(op.return_chunk);
  auto action = UpdateAction(op.table, op.columns,
                             WithDefaults(std::move(op.expressions), op.columns, op.bound_defaults),
                             plan.types.size() - 1);
  auto session = std::make_shared<ChangeSession>(op.table.Cast<LanceTable>());
  auto& result = planner.Make<ChangeRows>(op.types, std::move(session), std::move(action), true);
  result.children.push_back(plan);
  return result;
}

PhysicalOperator& LanceCatalog::PlanMergeInto(ClientContext&, PhysicalPlanGenerator& planner,
                                              duckdb::LogicalMergeInto& op, PhysicalOperator& plan) {
  RefuseReturning(op.return_chunk);
  const auto session = std::make_shared<ChangeSession>(op.table.Cast<LanceTable>());
  MergeRows::Actions actions;
  for (auto& [condition, bound_actions] : op.actions) {
    auto& planned = actions[condition];
    for (auto& bound : bound_actions) planned.push_back(PlanAction(planner, op, *bound, session));
  }
  auto& result =
      planner.Make<MergeRows>(op.types, std::move(actions), op.row_id_start, op.source_marker, session);
  result.children.push_back(plan);
  return result;
}

}  // namespace lance::sql
