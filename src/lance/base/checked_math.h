#pragma once

#include <cstdint>
#include <optional>

#include "lance/base/status.h"

namespace lance {

/// Returns a + b, or Corruption naming `what` when it does not fit 64 bits.
inline Result<uint64_t> CheckedAdd(uint64_t a, uint64_t b, const char* what) {
  uint64_t out;
  if (__builtin_add_overflow(a, b, &out)) return Corruption("{} overflows: {} + {}", what, a, b);
  return out;
}

/// Returns a * b, or Corruption naming `what` when it does not fit 64 bits.
inline Result<uint64_t> CheckedMul(uint64_t a, uint64_t b, const char* what) {
  uint64_t out;
  if (__builtin_mul_overflow(a, b, &out)) return Corruption("{} overflows: {} * {}", what, a, b);
  return out;
}

/// True when [offset, offset + length) lies inside [0, size), without overflow.
inline bool RangeFits(uint64_t offset, uint64_t length, uint64_t size) {
  return offset <= size && length <= size - offset;
}

inline uint64_t CeilDiv(uint64_t a, uint64_t b) { return a / b + (a % b != 0); }

}  // namespace lance
