#pragma once

#include <arrow/datum.h>

#include "lance/base/status.h"
#include "lance/expr/logical.h"

namespace lance::expr {

/// left `op` right, for op one of the comparisons. Both sides have one type, but that one side may be a
/// dictionary array when the other is a scalar of its value type. Numbers, strings and temporals run in own
/// loops; floats follow the total order (NaN equals itself and is above everything, -0.0 is below 0.0).
/// \return a boolean array of `rows`, or a boolean scalar when both sides are scalars
Result<arrow::Datum> Compare(Op op, const arrow::Datum& left, const arrow::Datum& right, int64_t rows);

/// Monotonic integer image of a float in total order.
inline int16_t OrderKey(uint16_t half_bits) {
  auto bits = static_cast<int16_t>(half_bits);
  return static_cast<int16_t>(bits ^ static_cast<int16_t>(static_cast<uint16_t>(bits >> 15) >> 1));
}
inline int32_t OrderKey(float value) {
  int32_t bits;
  __builtin_memcpy(&bits, &value, 4);
  return bits ^ static_cast<int32_t>(static_cast<uint32_t>(bits >> 31) >> 1);
}
inline int64_t OrderKey(double value) {
  int64_t bits;
  __builtin_memcpy(&bits, &value, 8);
  return bits ^ static_cast<int64_t>(static_cast<uint64_t>(bits >> 63) >> 1);
}

}  // namespace lance::expr
