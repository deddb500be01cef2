#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "lance/base/status.h"

namespace lance::simd {

/// How two vectors are compared. Smaller is nearer for all of them.
enum class Metric { kL2, kCosine, kDot, kHamming };  // L2 is squared; cosine is 1 - cos; dot is 1 - <a,b>

/// Element types of vectors.
enum class Element { kFloat16, kBFloat16, kFloat32, kFloat64, kUInt8 };

/// Distances of one query (dim values of `element`) to `rows` vectors, row-major at `vectors`; writes `rows`
/// floats. Dispatches on the CPU once per call. Rows with NaN give NaN. Thread-safe.
void Distances(Metric metric, Element element, const void* query, const void* vectors, size_t rows,
               size_t dim, float* out);

/// Distances of `num_queries` float32 queries to `rows` float32 vectors; out[q * rows + r]. One pass over the
/// vectors, blocked so that each is read from memory once. Thread-safe.
void BatchDistancesF32(Metric metric, const float* queries, size_t num_queries, const float* vectors,
                       size_t rows, size_t dim, float* out);

/// Squared L2 distances of many float32 queries, nearly twice as fast as BatchDistancesF32 but off by a
/// bounded error: for a search, which needs few distances exactly. Immutable, thread-safe.
class L2Estimator {
 public:
  /// Packs the queries once. Null when distances themselves are as fast: for few queries, without SIMD.
  static std::unique_ptr<const L2Estimator> Make(const float* queries, size_t num_queries, size_t dim);

  /// Writes out[q * rows + r], and |v|^2 of each row. What is not finite gives anything.
  void Estimate(const float* vectors, size_t rows, float* out, float* squared_norms) const;

  /// How far an estimate for a vector of this |v|^2, or of less, may be from Distances(); infinite when they
  /// say nothing (a norm that overflows, NaN).
  float ErrorBound(size_t query, float squared_norm) const;

 private:
  L2Estimator(std::shared_ptr<const void> packed, const float* norms, size_t dim)
      : packed_(std::move(packed)), norms_(norms), dim_(dim) {}
  std::shared_ptr<const void> packed_;
  const float* norms_;
  size_t dim_;
};

}  // namespace lance::simd
