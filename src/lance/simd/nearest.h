#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "lance/simd/distance.h"

namespace lance::simd {

/// Finds the nearest of a fixed set of float32 points: what assignment to centroids and encoding by codebooks
/// do. The distance matrix is never stored: a tile of products stays in registers and leaves only the best.
/// Immutable, thread-safe.
class NearestPoint {
 public:
  /// Packs `count` points (> 0) of `dim` floats. `metric` is kL2 or kDot. `penalty`, if given, is added to
  /// the distance of each point before they are compared.
  static std::unique_ptr<const NearestPoint> Make(Metric metric, const float* points, size_t count,
                                                  size_t dim, const float* penalty = nullptr);

  /// Writes the number of the nearest point of each row, the lowest of equal ones; rows are `stride` floats
  /// apart. `distances`, if not null, gets squared L2 distances or 1 - <row, point>, with the penalty. L2
  /// is taken as |row|^2 - 2<row, point> + |point|^2 and loses what that cancels. Rows that are not finite
  /// get any point.
  void Find(const float* rows, size_t num_rows, size_t stride, uint32_t* ids, float* distances) const;

  size_t count() const { return count_; }

 private:
  NearestPoint(Metric metric, size_t count, size_t dim, std::shared_ptr<const void> packed)
      : metric_(metric), count_(count), dim_(dim), packed_(std::move(packed)) {}
  Metric metric_;
  size_t count_;
  size_t dim_;
  std::shared_ptr<const void> packed_;
};

}  // namespace lance::simd
