#pragma once

#include <cstdint>

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

/// Returns the highest level, 0 when there is none.
uint16_t MaxLevel(const uint16_t* levels, uint64_t count);

}  // namespace lance::encoding
