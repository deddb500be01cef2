#include "nearest_pushdown.h"

#include <limits>
#include <map>
#include <optional>

#include "duckdb/optimizer/optimizer_extension.hpp"
#include "duckdb/planner/expression/bound_cast_expression.hpp"
#include "duckdb/planner/expression/bound_columnref_expression.hpp"
#include "duckdb/planner/expression/bound_constant_expression.hpp"
#include "duckdb/planner/expression/bound_function_expression.hpp"
#include "duckdb/planner/operator/logical_projection.hpp"
#include "duckdb/planner/operator/logical_top_n.hpp"
#include "lance_scan.h"

namespace lance::sql {

namespace {

using duckdb::Expression;
using duckdb::ExpressionClass;
using duckdb::LogicalOperator;
using duckdb::LogicalOperatorType;
using duckdb::Value;

constexpr const char* kModes[] = {"off", "exact", "on"};

// Functions that grow with one of Lance's distances, so that they order rows alike.
const char* MetricOf(const std::string& function) {
  static const std::map<std::string, const char*> kMetrics = {
      {"array_distance", "l2"},
      {"list_distance", "l2"},
      {"<->", "l2"},
      {"array_cosine_distance", "cosine"},
      {"list_cosine_distance", "cosine"},
      {"<=>", "cosine"},
      {"array_negative_inner_product", "dot"},
      {"array_negative_dot_product", "dot"},
      {"list_negative_inner_product", "dot"},
      {"list_negative_dot_product", "dot"},
  };
  const auto found = kMetrics.find(function);
  return found == kMetrics.end() ? nullptr : found->second;
}

void CheckMode(duckdb::ClientContext&, duckdb::SetScope, Value& value) {
  const std::string given = duckdb::StringUtil::Lower(value.ToString());
  for (const char* mode : kModes) {
    if (given == mode) {
      value = Value(given);
      return;
    }
  }
  throw duckdb::InvalidInputException("lance_ann is 'off', 'exact' or 'on', not '%s'", value.ToString());
}

void CheckCount(duckdb::ClientContext&, duckdb::SetScope, Value& value) {
  if (!value.IsNull() && value.GetValue<int64_t>() < 1) {
    throw duckdb::InvalidInputException("a positive number or NULL is wanted, not %s", value.ToString());
  }
}

std::optional<int64_t> CountSetting(const duckdb::ClientContext& context, const char* name) {
  Value value;
  if (!context.TryGetCurrentSetting(name, value) || value.IsNull()) return std::nullopt;
  return value.GetValue<int64_t>();
}

// The column that an expression is. An array as a list, which the operators take, is the same vector.
const duckdb::BoundColumnRefExpression* Reference(const Expression& expression) {
  if (expression.GetExpressionClass() == ExpressionClass::BOUND_CAST) {
    const Expression& from = *expression.Cast<duckdb::BoundCastExpression>().child;
    const bool to_list = from.return_type.id() == duckdb::LogicalTypeId::ARRAY &&
                         expression.return_type.id() == duckdb::LogicalTypeId::LIST &&
                         duckdb::ArrayType::GetChildType(from.return_type) ==
                             duckdb::ListType::GetChildType(expression.return_type);
    return to_list ? Reference(from) : nullptr;
  }
  if (expression.GetExpressionClass() != ExpressionClass::BOUND_COLUMN_REF) return nullptr;
  return &expression.Cast<duckdb::BoundColumnRefExpression>();
}

// What a node below a TOP N computes for an expression; null when it is no projection of that table.
const Expression* Computed(const LogicalOperator& op, const Expression& expression) {
  const auto* reference = Reference(expression);
  if (reference == nullptr) return &expression;
  if (op.type != LogicalOperatorType::LOGICAL_PROJECTION) return &expression;
  const auto& projection = op.Cast<duckdb::LogicalProjection>();
  if (projection.table_index != reference->binding.table_index) return nullptr;
  return op.expressions[reference->binding.column_index].get();
}

struct DistanceCall {
  const char* metric;
  const duckdb::BoundColumnRefExpression* column;
  const Value* query;
};

std::optional<DistanceCall> AsDistance(const Expression& expression) {
  if (expression.GetExpressionClass() != ExpressionClass::BOUND_FUNCTION) return std::nullopt;
  const auto& call = expression.Cast<duckdb::BoundFunctionExpression>();
  const char* metric = MetricOf(call.function.name);
  if (metric == nullptr || call.children.size() != 2) return std::nullopt;
  for (size_t i = 0; i < 2; ++i) {
    const auto* column = Reference(*call.children[i]);
    const Expression& other = *call.children[1 - i];
    if (column == nullptr || other.GetExpressionClass() != ExpressionClass::BOUND_CONSTANT) continue;
    const Value& query = other.Cast<duckdb::BoundConstantExpression>().value;
    if (query.IsNull()) return std::nullopt;
    return DistanceCall{metric, column, &query};
  }
  return std::nullopt;
}

// The scan, where it gives all rows that pass the conditions and nothing else happens to them.
LanceBindData* PlainScan(LogicalOperator& op) {
  if (op.type != LogicalOperatorType::LOGICAL_GET) return nullptr;
  auto& get = op.Cast<duckdb::LogicalGet>();
  if (get.function.name != "lance_scan" || !get.bind_data || get.extra_info.sample_options) return nullptr;
  auto& data = get.bind_data->Cast<LanceBindData>();
  if (data.options.nearest || data.limit) return nullptr;
  return &data;
}

void Rewrite(const duckdb::ClientContext& context, bool use_index, duckdb::LogicalTopN& top) {
  if (top.orders.size() != 1 || top.orders[0].type != duckdb::OrderType::ASCENDING ||
      top.orders[0].null_order != duckdb::OrderByNullType::NULLS_LAST) {
    return;
  }
  constexpr auto kMost = static_cast<uint64_t>(std::numeric_limits<int32_t>::max());
  if (top.limit == 0 || top.limit > kMost || top.offset > kMost) return;
  // Projections keep every row.
  const Expression* wanted = top.orders[0].expression.get();
  LogicalOperator* op = top.children[0].get();
  std::optional<DistanceCall> call = AsDistance(*wanted);
  while (op->type == LogicalOperatorType::LOGICAL_PROJECTION && op->children.size() == 1) {
    wanted = Computed(*op, call ? *call->column : *wanted);
    if (wanted == nullptr) return;
    if (call) {
      call->column = Reference(*wanted);
      if (call->column == nullptr) return;
    } else {
      call = AsDistance(*wanted);
    }
    op = op->children[0].get();
  }
  LanceBindData* data = call ? PlainScan(*op) : nullptr;
  if (data == nullptr) return;
  auto& get = op->Cast<duckdb::LogicalGet>();
  if (get.table_index != call->column->binding.table_index || !get.table_filters.filters.empty()) return;
  const auto& ids = get.GetColumnIds();
  if (call->column->binding.column_index >= ids.size()) return;
  const auto id = ids[call->column->binding.column_index].GetPrimaryIndex();
  if (id >= data->column_names.size()) return;
  NearestQuery nearest;
  nearest.column = data->column_names[id];
  nearest.query = MakeSearchQuery(*call->query, *data->dataset->schema(), nearest.column);
  if (nearest.query == nullptr) return;
  nearest.k = static_cast<int64_t>(top.limit + top.offset);
  nearest.metric = call->metric;
  nearest.use_index = use_index;
  nearest.minimum_nprobes = nearest.maximum_nprobes = CountSetting(context, "lance_nprobes");
  nearest.refine_factor = CountSetting(context, "lance_refine_factor");
  nearest.ef = CountSetting(context, "lance_ef");
  data->options.nearest = std::move(nearest);
  data->options.prefilter = true;
}

void Optimize(duckdb::OptimizerExtensionInput& input, duckdb::unique_ptr<LogicalOperator>& plan) {
  Value mode;
  if (!input.context.TryGetCurrentSetting("lance_ann", mode) || mode.ToString() == "off") return;
  const bool use_index = mode.ToString() == "on";
  const auto visit = [&](const auto& self, LogicalOperator& op) -> void {
    if (op.type == LogicalOperatorType::LOGICAL_TOP_N) {
      Rewrite(input.context, use_index, op.Cast<duckdb::LogicalTopN>());
    }
    for (auto& child : op.children) self(self, *child);
  };
  visit(visit, *plan);
}

}  // namespace

void RegisterNearestPushdown(duckdb::DBConfig* config) {
  using duckdb::LogicalType;
  config->AddExtensionOption("lance_ann",
                             "ORDER BY array_distance(...) LIMIT k over Lance tables: 'off', 'exact' (Lance "
                             "finds the rows), 'on' (through an index where there is one)",
                             LogicalType::VARCHAR, Value("off"), CheckMode);
  for (const auto& [name, what] : {std::pair("lance_nprobes", "partitions that a search looks at"),
                                   std::pair("lance_refine_factor", "times k rows to compare exactly"),
                                   std::pair("lance_ef", "candidates of a walk over a graph")}) {
    config->AddExtensionOption(name, what, LogicalType::BIGINT, Value(LogicalType::BIGINT), CheckCount);
  }
  duckdb::OptimizerExtension extension;
  extension.optimize_function = Optimize;
  duckdb::OptimizerExtension::Register(*config, std::move(extension));
}

}  // namespace lance::sql
