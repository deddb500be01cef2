#pragma once

#include <cstdint>

namespace lance::encoding {

/// Values of one FastLanes block.
inline constexpr uint64_t kFastLanesValues = 1024;

/// Bytes of a block packed at `width` bits a value (128 bytes a bit, whatever the word size).
inline constexpr uint64_t FastLanesBytes(unsigned width) { return 128 * static_cast<uint64_t>(width); }

/// Unpacks one block of 1,024 values of `word_bits` (8, 16, 32, 64) stored at `width` <= word_bits bits each.
/// `in` holds FastLanesBytes(width) bytes at any alignment, `out` takes 128 * word_bits bytes. See README.md.
void FastLanesUnpack(unsigned word_bits, unsigned width, const uint8_t* in, uint8_t* out);

/// Packs 1,024 values of `word_bits` at `width` bits each: the inverse of FastLanesUnpack. Bits above `width`
/// must be zero. `out` takes FastLanesBytes(width) bytes at any alignment.
void FastLanesPack(unsigned word_bits, unsigned width, const uint8_t* in, uint8_t* out);

/// The bits that the widest of `count` values of `word_bits` needs.
unsigned WidestValue(unsigned word_bits, const uint8_t* in, uint64_t count);

/// Returns value `index` (< 1024) of a block without unpacking the others.
uint64_t FastLanesGet(unsigned word_bits, unsigned width, const uint8_t* in, unsigned index);

/// Writes, for a block of 16-bit words at width 1, the 1,024 bits in value order (128 bytes), inverted: a set
/// bit where the value is 0. Turns definition levels of a nullable leaf into validity.
void FastLanesZeroBits16(const uint8_t* in, uint8_t* out);

}  // namespace lance::encoding
