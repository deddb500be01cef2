#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "lance/base/status.h"
#include "lance/index/vector/build/node_distance.h"
#include "lance/index/vector/format/hnsw_metadata.h"
#include "lance/runtime/cancellation.h"

namespace lance::runtime {
class ThreadPool;
}

namespace lance::index {

/// The neighbours of a node on a level.
struct HnswLinks {
  std::span<const uint32_t> neighbors;
  std::span<const float> distances;
};

struct HnswBuildOptions {
  HnswParameters parameters;
  uint64_t seed = 42;
  runtime::ThreadPool* pool = nullptr;
  runtime::CancellationToken cancellation;
  Status Validate() const;
};

/// A finished graph over the nodes 0 to count - 1. Levels of nodes depend on the seed only; with several
/// threads the links depend on their timing.
class BuiltGraph {
 public:
  /// `distance` is used during the call only. Errors: InvalidArgument, Cancelled.
  static Result<std::unique_ptr<BuiltGraph>> Build(const NodeDistance& distance, uint32_t count,
                                                   const HnswBuildOptions& options);
  virtual ~BuiltGraph() = default;
  virtual HnswMetadata metadata() const = 0;
  /// The nodes of a level, ascending; all of them for level 0.
  virtual std::vector<uint32_t> NodesOf(uint32_t level) const = 0;
  virtual HnswLinks LinksOf(uint32_t node, uint32_t level) const = 0;
};

}  // namespace lance::index
