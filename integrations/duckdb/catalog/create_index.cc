// CREATE INDEX [IF NOT EXISTS] name ON db.table USING ivf_pq (column) WITH (metric = 'cosine', ...): the
// index is built and committed when the statement runs.
#include "catalog/lance_catalog.h"
#include "catalog/lance_schema.h"
#include "catalog/lance_table.h"
#include "catalog/lance_transaction.h"
#include "duckdb/execution/physical_plan_generator.hpp"
#include "duckdb/parser/expression/columnref_expression.hpp"
#include "duckdb/parser/parsed_data/create_index_info.hpp"
#include "duckdb/parser/statement/create_statement.hpp"
#include "duckdb/planner/operator/logical_extension_operator.hpp"
#include "lance/scalar_index.h"
#include "lance/vector_index.h"

namespace lance::sql {

namespace {

using duckdb::ClientContext;
using duckdb::LogicalType;
using duckdb::Value;

struct IndexStatement {
  // Not the table itself: it ends with its transaction, and a prepared statement may run in a later one.
  LanceCatalog* catalog = nullptr;
  std::shared_ptr<Dataset> dataset;
  std::string table;
  std::string path;
  std::string name;
  std::string type;
  std::string column;
  duckdb::case_insensitive_map_t<Value> options;
  bool if_not_exists = false;
  bool replace = false;
};

uint64_t Count(const std::string& name, const Value& value) {
  const Value number = value.DefaultCastAs(LogicalType::UBIGINT);
  if (number.IsNull() || number.GetValue<uint64_t>() == 0) {
    throw duckdb::BinderException("option %s of CREATE INDEX must be a positive number, not %s", name,
                                  value.ToString());
  }
  return number.GetValue<uint64_t>();
}

VectorIndexOptions ToVectorOptions(const IndexStatement& statement) {
  VectorIndexOptions out;
  out.type = statement.type;
  out.name = statement.name;
  out.replace = statement.replace;
  for (const auto& [given, value] : statement.options) {
    const std::string name = duckdb::StringUtil::Lower(given);
    if (name == "metric" || name == "metric_type") {
      out.metric = duckdb::StringUtil::Lower(value.ToString());
    } else if (name == "train") {
      out.train = value.DefaultCastAs(LogicalType::BOOLEAN).GetValue<bool>();
    } else if (name == "num_partitions") {
      out.num_partitions = Count(name, value);
    } else if (name == "target_partition_size") {
      out.target_partition_size = Count(name, value);
    } else if (name == "num_sub_vectors") {
      out.num_sub_vectors = Count(name, value);
    } else if (name == "num_bits") {
      out.num_bits = static_cast<uint32_t>(Count(name, value));
    } else if (name == "sample_rate") {
      out.sample_rate = out.quantizer_sample_rate = Count(name, value);
    } else if (name == "max_iters") {
      out.max_iterations = out.quantizer_iterations = static_cast<int>(Count(name, value));
    } else if (name == "m") {
      out.hnsw_m = static_cast<uint32_t>(Count(name, value));
    } else if (name == "ef_construction") {
      out.hnsw_ef_construction = static_cast<uint32_t>(Count(name, value));
    } else {
      throw duckdb::BinderException(
          "CREATE INDEX ... USING %s has no option %s; it has metric, num_partitions, "
          "target_partition_size, num_sub_vectors, num_bits, sample_rate, max_iters, m, ef_construction "
          "and train",
          statement.type, name);
    }
  }
  return out;
}

ScalarIndexOptions ToScalarOptions(const IndexStatement& statement) {
  ScalarIndexOptions out;
  out.name = statement.name;
  out.replace = statement.replace;
  for (const auto& [given, value] : statement.options) {
    const std::string name = duckdb::StringUtil::Lower(given);
    if (name != "train") {
      throw duckdb::BinderException("CREATE INDEX ... USING btree has one option, train, and no %s", name);
    }
    out.train = value.DefaultCastAs(LogicalType::BOOLEAN).GetValue<bool>();
  }
  return out;
}

bool Exists(const Dataset& dataset, const std::string& name) {
  for (const IndexDescription& index : ValueOrThrow(DescribeIndices(dataset))) {
    if (index.name == name) return true;
  }
  return false;
}

void Create(ClientContext& context, const IndexStatement& statement) {
  LanceSchema::CheckAlone(context, "CREATE INDEX");
  const Dataset& dataset = *statement.dataset;
  if (statement.if_not_exists && Exists(dataset, statement.name)) return;
  const bool scalar = statement.type == "BTREE";
  if (scalar && !statement.replace && Exists(dataset, statement.name)) {
    throw duckdb::CatalogException("table \"%s\" has an index \"%s\" already", statement.table,
                                   statement.name);
  }
  ThrowIfFailed(scalar ? CreateScalarIndex(dataset, statement.column, ToScalarOptions(statement)).status()
                       : CreateVectorIndex(dataset, statement.column, ToVectorOptions(statement)).status());
  LanceTransaction::Get(context, *statement.catalog).Forget(statement.path);
}

/// Builds the index when it is asked for its only result, which is empty.
class CreateIndexRun final : public duckdb::PhysicalOperator {
 public:
  CreateIndexRun(duckdb::PhysicalPlan& plan, IndexStatement statement)
      : PhysicalOperator(plan, duckdb::PhysicalOperatorType::EXTENSION, {LogicalType::BIGINT}, 1),
        statement_(std::move(statement)) {}
  bool IsSource() const override { return true; }
  std::string GetName() const override { return "CREATE_LANCE_INDEX"; }

 protected:
  duckdb::SourceResultType GetDataInternal(duckdb::ExecutionContext& context, duckdb::DataChunk&,
                                           duckdb::OperatorSourceInput&) const override {
    Create(context.client, statement_);
    return duckdb::SourceResultType::FINISHED;
  }

 private:
  const IndexStatement statement_;
};

class CreateIndexPlan final : public duckdb::LogicalExtensionOperator {
 public:
  explicit CreateIndexPlan(IndexStatement statement) : statement_(std::move(statement)) {}
  duckdb::PhysicalOperator& CreatePlan(ClientContext&, duckdb::PhysicalPlanGenerator& planner) override {
    return planner.Make<CreateIndexRun>(statement_);
  }
  std::string GetExtensionName() const override { return "lance"; }
  bool SupportSerialization() const override { return false; }

 protected:
  void ResolveTypes() override { types = {LogicalType::BIGINT}; }

 private:
  const IndexStatement statement_;
};

}  // namespace

duckdb::unique_ptr<duckdb::LogicalOperator> LanceCatalog::BindCreateIndex(
    duckdb::Binder&, duckdb::CreateStatement& create, duckdb::TableCatalogEntry& entry,
    duckdb::unique_ptr<duckdb::LogicalOperator>) {
  auto& info = create.info->Cast<duckdb::CreateIndexInfo>();
  IndexStatement statement;
  const auto& table = entry.Cast<LanceTable>();
  statement.catalog = this;
  statement.dataset = table.dataset();
  statement.table = table.name;
  statement.path = table.path();
  if (!table.newest()) {
    throw duckdb::BinderException("an old version of a table cannot get an index");
  }
  if (info.constraint_type != duckdb::IndexConstraintType::NONE) {
    throw duckdb::NotImplementedException("UNIQUE and PRIMARY KEY indices of a Lance table");
  }
  const auto& expressions = info.parsed_expressions.empty() ? info.expressions : info.parsed_expressions;
  if (expressions.size() != 1 ||
      expressions[0]->GetExpressionClass() != duckdb::ExpressionClass::COLUMN_REF) {
    throw duckdb::NotImplementedException("an index of a Lance table over several columns or an expression");
  }
  statement.name = info.index_name;
  statement.type = duckdb::StringUtil::Upper(info.index_type);
  // What DuckDB makes without USING.
  if (statement.type.empty() || statement.type == "ART") statement.type = "BTREE";
  // The binder has put the table's name before the column's.
  auto names = expressions[0]->Cast<duckdb::ColumnRefExpression>().column_names;
  if (names.size() > 1 && duckdb::StringUtil::CIEquals(names[0], entry.name)) names.erase(names.begin());
  statement.column = duckdb::StringUtil::Join(names, ".");
  if (names.size() == 1 && table.ColumnExists(statement.column)) {
    statement.column = table.GetColumn(statement.column).Name();
  }
  statement.options = info.options;
  statement.if_not_exists = info.on_conflict == duckdb::OnCreateConflict::IGNORE_ON_CONFLICT;
  statement.replace = info.on_conflict == duckdb::OnCreateConflict::REPLACE_ON_CONFLICT;
  // Options are checked before anything runs.
  if (statement.type == "BTREE") {
    ToScalarOptions(statement);
  } else {
    ToVectorOptions(statement);
  }
  return duckdb::make_uniq<CreateIndexPlan>(std::move(statement));
}

}  // namespace lance::sql
