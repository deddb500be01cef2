#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "lance/base/status.h"
#include "lance/index/vector/format/hnsw_metadata.h"

namespace arrow {
class RecordBatch;
}

namespace lance::index {

/// Neighbours of the nodes of one level.
struct HnswLevel {
  std::vector<uint32_t> nodes;    ///< ascending; empty on level 0, which has all
  std::vector<uint32_t> offsets;  ///< one more than nodes
  std::vector<uint32_t> neighbors;

  /// Neighbours of the node in place `position`.
  std::span<const uint32_t> At(size_t position) const {
    return {neighbors.data() + offsets[position], neighbors.data() + offsets[position + 1]};
  }
  /// Start loading what At needs: where the neighbours lie, or if that is known the neighbours.
  void PrefetchPlace(size_t position) const { __builtin_prefetch(offsets.data() + position); }
  void PrefetchNeighbors(size_t position) const {
    constexpr size_t kLine = 64 / sizeof(uint32_t);
    for (size_t at = offsets[position]; at < offsets[position + 1]; at += kLine) {
      __builtin_prefetch(neighbors.data() + at);
    }
  }
};

/// The graph of one partition; nodes are its rows. Immutable and thread-safe.
class HnswGraph {
 public:
  /// Reads the rows of index.idx that belong to a partition of `num_rows` vectors. Errors: Corruption when a
  /// node or neighbour is no row, or level 0 is not all of them.
  static Result<std::unique_ptr<const HnswGraph>> Make(const HnswMetadata& metadata,
                                                       const arrow::RecordBatch& rows, uint64_t num_rows);

  size_t num_rows() const { return num_rows_; }
  uint64_t memory_bytes() const;

  struct Found {
    float distance;
    uint32_t node;
    bool operator<(const Found& other) const {
      return distance != other.distance ? distance < other.distance : node < other.node;
    }
  };
  /// Distances of some nodes to the query.
  using Distance = std::function<void(std::span<const uint32_t> nodes, float* out)>;
  /// Whether a node may be a result; empty: all.
  using Accept = std::function<bool(uint32_t node, float distance)>;

  /// The nearest nodes that a walk with `ef` candidates meets, nearest first, at most `ef` (Malkov and
  /// Yashunin, "Efficient and robust approximate nearest neighbor search using hierarchical navigable small
  /// world graphs", 2018, algorithms 2 and 5). Nodes that are not accepted are walked over. None when more
  /// than about `most_distances` distances would be needed.
  std::optional<std::vector<Found>> Search(const Distance& distance, size_t ef, const Accept& accept,
                                           size_t most_distances = SIZE_MAX) const;

 private:
  HnswGraph() = default;
  Found Descend(const Distance& distance, Found entry) const;

  size_t num_rows_ = 0;
  uint32_t entry_point_ = 0;
  std::vector<HnswLevel> levels_;  // from level 0
};

}  // namespace lance::index
