#pragma once

#include <cstddef>
#include <cstdint>

/// Steps of a fast random rotation, in place. To the last bit the same on all processors. Each dispatches on
/// the CPU once per call. Thread-safe.
namespace lance::simd {

/// Negates the values whose bit is set: bit i % 8 of byte i / 8 is of value i.
void FlipSigns(const uint8_t* signs, float* values, size_t count);

/// low[i], high[i] = low[i] + high[i], low[i] - high[i].
void AddAndSubtract(float* low, float* high, size_t count);

/// The Walsh-Hadamard transform of a power of two of values, times `scale`.
void HadamardTransform(float* values, size_t size, float scale);

}  // namespace lance::simd
