#pragma once

#include <cstddef>
#include <cstdint>

namespace lance::simd {

// Distances from one vector to vectors picked by number out of a matrix, as walks of graphs need them. Rows
// are dim values long; the next ones are fetched ahead. Thread-safe.

/// Squared L2.
void GatherL2(const float* query, const float* rows, size_t dim, const uint32_t* ids, size_t count,
              float* out);
/// Inner products.
void GatherDot(const float* query, const float* rows, size_t dim, const uint32_t* ids, size_t count,
               float* out);
/// Sums of squared differences of bytes, exact for dim below 33,000.
void GatherL2(const uint8_t* query, const uint8_t* rows, size_t dim, const uint32_t* ids, size_t count,
              uint32_t* out);
/// Inner products of bytes, exact for dim below 33,000.
void GatherDot(const uint8_t* query, const uint8_t* rows, size_t dim, const uint32_t* ids, size_t count,
               uint32_t* out);
/// Different bits.
void GatherHamming(const uint8_t* query, const uint8_t* rows, size_t dim, const uint32_t* ids, size_t count,
                   uint32_t* out);

}  // namespace lance::simd
