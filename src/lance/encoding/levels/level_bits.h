#pragma once

#include <cstdint>
#include <span>

#include "lance/base/row_range.h"

namespace lance::encoding {

/// Writes one bit a level, set where the level is 0, in whole bytes (the last padded with zeros).
void ZeroBits(const uint16_t* levels, uint64_t count, uint8_t* out);

/// Writes one bit a level, set where the level is at most `limit`, in whole bytes (the last padded with
/// zeros).
void AtMostBits(const uint16_t* levels, uint64_t count, uint16_t limit, uint8_t* out);

/// Returns at how many places a repetition is not 0 while the definition is at most `limit`.
uint64_t CountStarts(const uint16_t* rep, const uint16_t* def, uint64_t count, uint16_t limit);

/// Returns how many levels are at most `limit`.
uint64_t CountAtMost(const uint16_t* levels, uint64_t count, uint16_t limit);

/// Returns how many levels equal `level`.
uint64_t CountEqual(const uint16_t* levels, uint64_t count, uint16_t level);

/// Where a row lies among the levels and the values of its chunk.
struct RowPlace {
  uint64_t level = 0;
  uint64_t value = 0;
};

/// Writes to `out[2 * i]` and `out[2 * i + 1]` where the first row of `rows[i]` (ascending, disjoint) begins
/// and where the last one ends. Rows begin at level 0 and where a repetition equals `starts_row`; levels
/// whose definition is at most `visible` have a value (all of them when `def` is null).
void FindRows(const uint16_t* rep, const uint16_t* def, uint64_t count, uint16_t starts_row, uint16_t visible,
              std::span<const RowRange> rows, RowPlace* out);

/// Returns the highest level, 0 when there is none.
uint16_t MaxLevel(const uint16_t* levels, uint64_t count);

}  // namespace lance::encoding
