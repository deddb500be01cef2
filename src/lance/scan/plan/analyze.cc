#include "lance/scan/plan/analyze.h"

#include <fmt/format.h>

namespace lance::scan {
namespace {

std::string FormatTime(uint64_t nanoseconds) {
  const auto value = static_cast<double>(nanoseconds);
  if (nanoseconds < 1000) return fmt::format("{}ns", nanoseconds);
  if (nanoseconds < 1000000) return fmt::format("{:.2f}µs", value / 1e3);
  if (nanoseconds < 1000000000) return fmt::format("{:.2f}ms", value / 1e6);
  return fmt::format("{:.2f}s", value / 1e9);
}

std::string FormatFiltered(const FilteredSearch& filtered) {
  if (filtered.exact) return fmt::format(", filtered=all {} allowed rows compared exactly", filtered.allowed);
  const index::SearchCounts& counts = filtered.counts;
  return fmt::format(
      ", filtered={} rows allowed: {} partitions by their allowed rows, {} whole, {} graphs walked, "
      "{} of all to fill k",
      filtered.allowed, counts.selected, counts.partitions - counts.selected - counts.walked, counts.walked,
      counts.widened);
}

bool Reads(NodeRole role) {
  return role == NodeRole::kRead || role == NodeRole::kTakeForFilter || role == NodeRole::kTakeForSort ||
         role == NodeRole::kTakeLast;
}

std::string Metrics(const PlanNode& node, RunState& run) {
  if (node.role == NodeRole::kOther) return "";
  if (node.role == NodeRole::kRowOffset) {
    return fmt::format("output_rows={}", run.at(NodeRole::kRead).rows.load());
  }
  const NodeMetrics& metrics = run.at(node.role);
  std::string out = fmt::format("output_rows={}, elapsed_compute={}, output_batches={}", metrics.rows.load(),
                                FormatTime(metrics.nanoseconds.load()), metrics.batches.load());
  if (node.role == NodeRole::kAnn && run.filtered.has_value()) out += FormatFiltered(*run.filtered);
  if (node.role == NodeRole::kRead) {
    out += fmt::format(", ranges_scanned={}, rows_scanned={}", run.units.load(), run.rows_read.load());
  }
  if (Reads(node.role)) {
    const IoCounters& io = run.io_of(node.role);
    out += fmt::format(", bytes_read={}, iops={}, requests={}", io.bytes.load(), io.ranges.load(),
                       io.requests.load());
  }
  if (node.role == NodeRole::kRead) {
    out += fmt::format(", peak_units_ahead={}, peak_fragments_ahead={}, peak_bytes_ahead={}",
                       run.ahead.units.load(), run.ahead.fragments.load(), run.ahead.bytes.load());
  }
  return out;
}

}  // namespace

std::string Analyze(const PlanNode& root, RunState& run, std::chrono::nanoseconds elapsed) {
  const std::string time = FormatTime(static_cast<uint64_t>(elapsed.count()));
  std::string text = fmt::format("AnalyzeExec verbose=true, elapsed={}, metrics=[]\n", time);
  VisitNodes(root, [&](const PlanNode& node, int depth) {
    const std::string indent(2 * static_cast<size_t>(depth) + 2, ' ');
    text += fmt::format("{}{}: elapsed={}{}{}, metrics=[{}]\n", indent, node.name, time,
                        node.detail.empty() ? "" : ", ", node.detail, Metrics(node, run));
  });
  return text;
}

}  // namespace lance::scan
