#pragma once

#include <cstddef>
#include <cstdint>

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

}  // namespace lance::simd
