#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>

#include "lance/index/scalar/scalar_segment.h"
#include "lance/index/vector/search/search.h"
#include "lance/runtime/cancellation.h"
#include "lance/scan/plan/plan_node.h"
#include "lance/scan/read/io_counters.h"

namespace lance::scan {

/// The most that was read ahead of the consumer at once. Written under the lock of the stream.
struct ReadAheadPeaks {
  std::atomic<uint64_t> units{0};
  std::atomic<uint64_t> fragments{0};  ///< that these units lie in
  std::atomic<uint64_t> bytes{0};      ///< decoded and waiting for the consumer
};

/// How an index search under a filter went.
struct FilteredSearch {
  uint64_t allowed = 0;  ///< rows
  bool exact = false;    ///< all of them were compared by the table's vectors
  index::SearchCounts counts;
};

/// What one run of a plan counts. Thread-safe.
struct RunState {
  std::array<NodeMetrics, 20> nodes;  ///< by NodeRole
  std::array<IoCounters, 20> io;      ///< what each node reads, by NodeRole
  index::ScalarSearchCounts indices;  ///< searches of scalar indices
  ReadAheadPeaks ahead;
  std::optional<FilteredSearch> filtered;  ///< written by the one stream that searches the index
  runtime::CancellationToken cancel;
  std::atomic<uint64_t> units{0};
  std::atomic<uint64_t> rows_read{0};

  NodeMetrics& at(NodeRole role) { return nodes[static_cast<size_t>(role)]; }
  IoCounters& io_of(NodeRole role) { return io[static_cast<size_t>(role)]; }
};

/// Adds the time until its end to a node.
class NodeTimer {
 public:
  explicit NodeTimer(NodeMetrics& node) : node_(node), start_(std::chrono::steady_clock::now()) {}
  ~NodeTimer() {
    node_.nanoseconds.fetch_add(
        std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - start_)
            .count(),
        std::memory_order_relaxed);
  }
  NodeTimer(const NodeTimer&) = delete;
  NodeTimer& operator=(const NodeTimer&) = delete;

 private:
  NodeMetrics& node_;
  std::chrono::steady_clock::time_point start_;
};

}  // namespace lance::scan
