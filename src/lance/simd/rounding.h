#pragma once

#include <algorithm>
#include <cstddef>

namespace lance::simd {

/// The step with which `count` tables, whose spans add up to `spans` and are at most `largest`, become bytes.
inline float StepFor(float largest, float spans, size_t count) {
  const float room = 65535.0f - static_cast<float>(std::min<size_t>(count, 60000));
  return std::max(largest / 255.0f, spans / room);
}
/// A little less than 1 / step: rounding must not lift an entry to the next byte.
inline float InverseOf(float step) { return step > 0 ? (1.0f / step) * (1.0f - 1e-6f) : 0.0f; }

}  // namespace lance::simd
