#pragma once

#include <cstddef>
#include <cstdint>

namespace lance::simd {

/// Rotates `values` (dim floats, dim a multiple of 8) by the fast random rotation of RaBitQ indexes: four
/// rounds of sign flips (`signs`: 4 * dim / 8 bytes, lowest bit first), a Walsh-Hadamard transform of the
/// largest power of two, alternately from the front and from the back, and, where that is not all, a mixing
/// of both halves. Lengths are kept. Thread-safe.
void RotateFast(float* values, size_t dim, const uint8_t* signs);

/// The scale t for which codes floor(t * |v|), cut off at max_code, with 1/2 added, point best in the
/// direction of `magnitudes` (dim values, the length of the vector 1): the best of about forty between
/// `low` and `high`.
float BestCodeScale(const float* magnitudes, size_t dim, float low, float high, int max_code);

}  // namespace lance::simd
