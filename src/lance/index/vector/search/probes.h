#pragma once

#include <cstdint>
#include <optional>
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

/// The partitions of a segment, nearest first as far as anyone has asked. One thread at a time.
class Probes {
 public:
  Probes(const VectorSegment& segment, const PreparedQuery& query);
  size_t size() const { return probes_.size(); }
  /// The `index`-th nearest.
  const Probe& At(size_t index);
  /// How many are searched at first: the bounds, or without fixed ones as many as the gap between centroids
  /// suggests for the `k` asked for (the reference's rule and numbers).
  size_t Initial(const ProbeBounds& bounds, uint64_t k, simd::Metric metric);

 private:
  std::vector<Probe> probes_;
  size_t sorted_ = 0;
};

}  // namespace lance::index
