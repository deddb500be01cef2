#pragma once

#include <cstddef>
#include <cstdint>

namespace lance::simd {

// The value that at least `k` of `count` values do not exceed and that is the smallest such: the k-th
// smallest. `k` must be between 1 and `count`. By bisection of the values' bits, so that the time depends on
// `count` only: about count / 64 cycles a bit. Thread-safe.

uint16_t KthSmallest(const uint16_t* values, size_t count, size_t k);
/// -0 is below 0; NaN is beyond the infinity of its sign.
float KthSmallest(const float* values, size_t count, size_t k);

}  // namespace lance::simd
