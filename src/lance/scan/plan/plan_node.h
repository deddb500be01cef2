#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace lance::scan {

/// The work of a scan that a node of its plan stands for.
enum class NodeRole {
  kRead,
  kKnn,
  kTakeForFilter,
  kPostFilter,
  kTakeForSort,
  kSort,
  kLimit,
  kTakeLast,
  kProject,
  kTopK,        ///< the nearest of a search, all units together
  kAnn,         ///< the search through an index
  kAnnProbe,    ///< partitions that it looks at
  kAllowed,     ///< rows that a filter lets an index find
  kIndexQuery,  ///< the search of scalar indices for a filter
  kRowOffset,   ///< gives what kRead gives
  kOther,       ///< not measured
};

/// A node of a plan as explain prints it; every plan is a chain, but for what a search merges. Names follow
/// DataFusion and the reference.
struct PlanNode {
  std::string name;    ///< "LanceRead"
  std::string detail;  ///< after ": "; may be empty
  NodeRole role = NodeRole::kOther;
  std::shared_ptr<const PlanNode> input;
  std::vector<std::shared_ptr<const PlanNode>> more_inputs;
};

/// Calls `visit(node, depth)` for a node and everything below it, inputs in order.
template <typename Visit>
void VisitNodes(const PlanNode& node, const Visit& visit, int depth = 0) {
  visit(node, depth);
  if (node.input != nullptr) VisitNodes(*node.input, visit, depth + 1);
  for (const auto& input : node.more_inputs) VisitNodes(*input, visit, depth + 1);
}

/// What a run did at a node. Thread-safe.
struct NodeMetrics {
  std::atomic<uint64_t> rows{0};
  std::atomic<uint64_t> batches{0};
  std::atomic<uint64_t> nanoseconds{0};
};

/// Indents inputs by two spaces, a line each.
std::string Explain(const PlanNode& root);

}  // namespace lance::scan
