#include "limit_pushdown.h"

#include <limits>
#include <optional>

#include "duckdb/optimizer/optimizer_extension.hpp"
#include "duckdb/planner/operator/logical_limit.hpp"
#include "lance_scan.h"

namespace lance::sql {

namespace {

using duckdb::LogicalOperator;
using duckdb::LogicalOperatorType;

std::optional<uint64_t> WantedRows(const duckdb::LogicalLimit& limit) {
  if (limit.limit_val.Type() != duckdb::LimitNodeType::CONSTANT_VALUE) return std::nullopt;
  uint64_t offset = 0;
  if (limit.offset_val.Type() == duckdb::LimitNodeType::CONSTANT_VALUE) {
    offset = limit.offset_val.GetConstantValue();
  } else if (limit.offset_val.Type() != duckdb::LimitNodeType::UNSET) {
    return std::nullopt;
  }
  const uint64_t rows = limit.limit_val.GetConstantValue();
  constexpr auto kMax = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  if (rows > kMax || offset > kMax - rows) return std::nullopt;
  return rows + offset;
}

// Only projections may stand between: they keep every row and its order.
void PushInto(LogicalOperator& op, uint64_t rows) {
  if (op.type == LogicalOperatorType::LOGICAL_PROJECTION && op.children.size() == 1) {
    PushInto(*op.children[0], rows);
    return;
  }
  if (op.type != LogicalOperatorType::LOGICAL_GET) return;
  auto& get = op.Cast<duckdb::LogicalGet>();
  if (get.function.name != "lance_scan" || !get.bind_data || get.extra_info.sample_options) return;
  auto& data = get.bind_data->Cast<LanceBindData>();
  data.limit = std::min(rows, data.limit.value_or(rows));
}

void Optimize(duckdb::OptimizerExtensionInput&, duckdb::unique_ptr<LogicalOperator>& plan) {
  const auto visit = [](const auto& self, LogicalOperator& op) -> void {
    if (op.type == LogicalOperatorType::LOGICAL_LIMIT && !op.children.empty()) {
      if (const auto rows = WantedRows(op.Cast<duckdb::LogicalLimit>())) PushInto(*op.children[0], *rows);
    }
    for (auto& child : op.children) self(self, *child);
  };
  visit(visit, *plan);
}

}  // namespace

void RegisterLimitPushdown(duckdb::DBConfig* config) {
  duckdb::OptimizerExtension extension;
  extension.optimize_function = Optimize;
  duckdb::OptimizerExtension::Register(*config, std::move(extension));
}

}  // namespace lance::sql
