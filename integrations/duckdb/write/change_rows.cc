#include "write/change_rows.h"

#include <atomic>

#include <arrow/api.h>

#include "catalog/lance_transaction.h"
#include "dataset_arguments.h"
#include "duckdb/execution/expression_executor.hpp"

namespace lance::sql {

namespace {

using duckdb::idx_t;
using duckdb::make_uniq;

// Row changes that wait for COMMIT.
class PendingRowChanges final : public PendingChange {
 public:
  PendingRowChanges(std::string table, std::unique_ptr<RowChanges> changes)
      : PendingChange(std::move(table), /*appends=*/false), changes_(std::move(changes)) {}
  arrow::Status Commit() override { return changes_->Commit().status(); }

 private:
  const std::unique_ptr<RowChanges> changes_;
};

struct GlobalState : public duckdb::GlobalSinkState {
  std::atomic<uint64_t> count{0};
  std::unique_ptr<ArrowRows> rows;  // of what is set; nullptr for deletes
};

struct LocalState : public duckdb::LocalSinkState {
  std::unique_ptr<duckdb::ExpressionExecutor> executor;
  duckdb::DataChunk values;
};

duckdb::vector<duckdb::LogicalType> ValueTypes(const RowAction& action) {
  duckdb::vector<duckdb::LogicalType> types;
  for (const auto& value : action.values) types.push_back(value->return_type);
  return types;
}

std::vector<uint64_t> Addresses(duckdb::DataChunk& chunk, idx_t column) {
  duckdb::UnifiedVectorFormat format;
  chunk.data[column].ToUnifiedFormat(chunk.size(), format);
  const auto* values = duckdb::UnifiedVectorFormat::GetData<uint64_t>(format);
  std::vector<uint64_t> out(chunk.size());
  for (idx_t i = 0; i < out.size(); ++i) {
    const idx_t row = format.sel->get_index(i);
    if (!format.validity.RowIsValid(row)) throw duckdb::InternalException("a row to change has no address");
    out[i] = values[row];
  }
  return out;
}

}  // namespace

void ChangeSession::Begin(duckdb::ClientContext& context) {
  if (!table_.newest()) throw duckdb::BinderException("a version that AT (...) names cannot be changed");
  LanceTransaction::Get(context, table_.catalog).CheckMayChange(table_.path(), /*appends=*/false);
  std::lock_guard lock(mutex_);
  changes_ = ValueOrThrow(RowChanges::Make(table_.dataset()));
}

uint64_t ChangeSession::Delete(const std::vector<uint64_t>& addresses) {
  std::lock_guard lock(mutex_);
  return ValueOrThrow(changes_->Delete(addresses));
}

uint64_t ChangeSession::Update(const std::vector<uint64_t>& addresses, const arrow::RecordBatch& values) {
  std::lock_guard lock(mutex_);
  return ValueOrThrow(changes_->Update(addresses, values));
}

uint64_t ChangeSession::Insert(const arrow::RecordBatch& rows) {
  std::lock_guard lock(mutex_);
  ThrowIfFailed(changes_->Insert(rows));
  return static_cast<uint64_t>(rows.num_rows());
}

void ChangeSession::Finish(duckdb::ClientContext& context) {
  std::unique_ptr<RowChanges> changes;
  {
    std::lock_guard lock(mutex_);
    changes = std::move(changes_);
  }
  if (changes->empty()) return;
  if (context.transaction.IsAutoCommit()) {
    ThrowIfFailed(changes->Commit().status());
    return;
  }
  LanceTransaction::Get(context, table_.catalog)
      .Hold(std::make_shared<PendingRowChanges>(table_.path(), std::move(changes)));
}

ChangeRows::ChangeRows(duckdb::PhysicalPlan& plan, duckdb::vector<duckdb::LogicalType> types,
                       std::shared_ptr<ChangeSession> session, RowAction action, bool owns_session)
    : PhysicalOperator(plan, duckdb::PhysicalOperatorType::EXTENSION, std::move(types), 1),
      session_(std::move(session)),
      action_(std::move(action)),
      owns_session_(owns_session) {}

std::string ChangeRows::GetName() const {
  switch (action_.kind) {
    case RowAction::Kind::kDelete:
      return "LANCE_DELETE";
    case RowAction::Kind::kUpdate:
      return "LANCE_UPDATE";
    default:
      return "LANCE_INSERT";
  }
}

duckdb::InsertionOrderPreservingMap<std::string> ChangeRows::ParamsToString() const {
  duckdb::InsertionOrderPreservingMap<std::string> result;
  result["Dataset"] = session_->table().path();
  if (action_.kind == RowAction::Kind::kUpdate)
    result["Columns"] = duckdb::StringUtil::Join(action_.names, ", ");
  return result;
}

duckdb::unique_ptr<duckdb::GlobalSinkState> ChangeRows::GetGlobalSinkState(
    duckdb::ClientContext& context) const {
  if (owns_session_) session_->Begin(context);
  auto state = make_uniq<GlobalState>();
  if (action_.kind != RowAction::Kind::kDelete) {
    const auto types = action_.values.empty() ? session_->table().GetTypes() : ValueTypes(action_);
    state->rows = std::make_unique<ArrowRows>(context, types, action_.names);
    state->rows->FitTo(*session_->table().dataset()->schema());
  }
  return state;
}

duckdb::unique_ptr<duckdb::LocalSinkState> ChangeRows::GetLocalSinkState(
    duckdb::ExecutionContext& context) const {
  auto state = make_uniq<LocalState>();
  if (!action_.values.empty()) {
    state->executor = std::make_unique<duckdb::ExpressionExecutor>(context.client, action_.values);
    state->values.Initialize(context.client, ValueTypes(action_));
  }
  return state;
}

duckdb::SinkResultType ChangeRows::Sink(duckdb::ExecutionContext&, duckdb::DataChunk& chunk,
                                        duckdb::OperatorSinkInput& input) const {
  auto& global = input.global_state.Cast<GlobalState>();
  auto& local = input.local_state.Cast<LocalState>();
  if (chunk.size() == 0) return duckdb::SinkResultType::NEED_MORE_INPUT;
  std::vector<uint64_t> addresses;
  if (action_.kind != RowAction::Kind::kInsert) addresses = Addresses(chunk, action_.address);
  uint64_t changed = 0;
  if (action_.kind == RowAction::Kind::kDelete) {
    changed = session_->Delete(addresses);
  } else {
    duckdb::DataChunk* values = &chunk;
    if (local.executor != nullptr) {
      local.values.Reset();
      local.executor->Execute(chunk, local.values);
      values = &local.values;
    }
    ArrowRows::Builder builder(*global.rows);
    builder.Append(*values);
    const auto batch = builder.Finish();
    changed = action_.kind == RowAction::Kind::kUpdate ? session_->Update(addresses, *batch)
                                                       : session_->Insert(*batch);
  }
  if (action_.repeats_fail && changed != chunk.size()) {
    throw duckdb::InvalidInputException(
        "MERGE INTO changes a row of the table twice: more than one row of the source matches it");
  }
  global.count += changed;
  return duckdb::SinkResultType::NEED_MORE_INPUT;
}

duckdb::SinkFinalizeType ChangeRows::Finalize(duckdb::Pipeline&, duckdb::Event&,
                                              duckdb::ClientContext& context,
                                              duckdb::OperatorSinkFinalizeInput&) const {
  if (owns_session_) session_->Finish(context);
  return duckdb::SinkFinalizeType::READY;
}

duckdb::SourceResultType ChangeRows::GetDataInternal(duckdb::ExecutionContext&, duckdb::DataChunk& chunk,
                                                     duckdb::OperatorSourceInput&) const {
  chunk.SetCardinality(1);
  chunk.SetValue(0, 0, duckdb::Value::BIGINT(static_cast<int64_t>(sink_state->Cast<GlobalState>().count)));
  return duckdb::SourceResultType::FINISHED;
}

}  // namespace lance::sql
