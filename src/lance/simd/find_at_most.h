#pragma once

#include <cstddef>

namespace lance::simd {

/// The first of `count` values that is at most `limit`, or `count` when there is none; NaN never is. What a
/// search for the nearest asks of most distances: once some are kept, few others come below the farthest of
/// them. Thread-safe; some 16 values a cycle.
size_t FindAtMost(const float* values, size_t count, float limit);

}  // namespace lance::simd
