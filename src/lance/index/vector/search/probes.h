#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "lance/index/vector/search/scorer.h"

namespace lance::index {

/// A partition to search and how far its centroid is.
struct Probe {
  float distance = 0;
  uint32_t partition = 0;
  bool operator<(const Probe& other) const {
    return distance != other.distance ? distance < other.distance : partition < other.partition;
  }
};

/// How many partitions a query looks at.
struct ProbeBounds {
  size_t minimum = 1;
  std::optional<size_t> maximum;
};

/// Distances of queries to all centroids of a segment; of several queries in one pass over the centroids.
std::vector<std::vector<float>> CentroidDistances(const VectorSegment& segment,
                                                  std::span<const PreparedQuery* const> queries);
std::vector<float> CentroidDistances(const VectorSegment& segment, const PreparedQuery& query);

/// The partitions of a segment, nearest first as far as anyone has asked. One thread at a time.
class Probes {
 public:
  /// From the distances of all partitions' centroids.
  explicit Probes(std::vector<float> distances);
  size_t size() const { return distances_.size(); }
  /// The `index`-th nearest.
  const Probe& At(size_t index);
  /// How many are searched at first: the bounds, or without fixed ones as many as the gap between centroids
  /// suggests for the `k` asked for (the reference's rule and numbers).
  size_t Initial(const ProbeBounds& bounds, uint64_t k, simd::Metric metric);

 private:
  void Sort(size_t wanted);

  std::vector<float> distances_;  // of all partitions
  std::vector<Probe> sorted_;     // the nearest ones
};

}  // namespace lance::index
