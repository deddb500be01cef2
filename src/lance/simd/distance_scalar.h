#pragma once

#include "lance/simd/distance.h"

namespace lance::simd::scalar {

// The definition of each distance, in plain loops: what every other version is tested against, and what runs
// where LANCE_SIMD_LEVEL=scalar says so. Sums are taken in another order than the vector kernels take them:
// results differ by rounding, at most about dim * 2^-24 of the sum of the magnitudes of the terms.
void Distances(Metric metric, Element element, const void* query, const void* vectors, size_t rows,
               size_t dim, float* out);
void BatchDistancesF32(Metric metric, const float* queries, size_t num_queries, const float* vectors,
                       size_t rows, size_t dim, float* out);

}  // namespace lance::simd::scalar
