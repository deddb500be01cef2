#pragma once

#include <cstddef>
#include <cstdint>

namespace lance::simd {

enum class Comparison { kEq, kLt, kLe };

/// Compares each of `count` values with `bound` (value on the left) and writes one bit each, LSB first; the
/// last byte is filled up with zeros. Floats are compared in their total order: -NaN, -inf .. -0, +0 .. inf,
/// NaN; by bits, so that a NaN equals itself. Thread-safe; as fast as memory is read.
void CompareWith(Comparison how, const int32_t* values, size_t count, int32_t bound, uint8_t* out);
void CompareWith(Comparison how, const int64_t* values, size_t count, int64_t bound, uint8_t* out);
void CompareWith(Comparison how, const float* values, size_t count, float bound, uint8_t* out);
void CompareWith(Comparison how, const double* values, size_t count, double bound, uint8_t* out);

}  // namespace lance::simd
