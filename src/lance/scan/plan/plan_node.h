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
  kTopK,       ///< the nearest of a search, all units together
  kRowOffset,  ///< gives what kRead gives
  kOther,      ///< not measured
};

/// A node of a plan as explain prints it; every plan is a chain. Names follow DataFusion and the reference.
struct PlanNode {
  std::string name;    ///< "LanceRead"
  std::string detail;  ///< after ": "; may be empty
  NodeRole role = NodeRole::kOther;
  std::shared_ptr<const PlanNode> input;
};

/// What a run did at a node. Thread-safe.
struct NodeMetrics {
  std::atomic<uint64_t> rows{0};
  std::atomic<uint64_t> batches{0};
  std::atomic<uint64_t> nanoseconds{0};
};

/// Indents inputs by two spaces, a line each.
std::string Explain(const PlanNode& root);

}  // namespace lance::scan
