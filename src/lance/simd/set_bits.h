#pragma once

#include <cstddef>
#include <cstdint>

namespace lance::simd {

/// How many entries past the last one ListSetBits may overwrite.
inline constexpr size_t kSetBitsSlack = 64;

/// Writes the positions of the ones among the first `count` bits (LSB first, from the first bit of `bits` on)
/// to `out`, ascending, and returns how many there are. `out` has room for them and kSetBitsSlack more.
/// `bits` has whole bytes; what follows bit `count` in the last one does not matter. Thread-safe; about as
/// fast for half of the bits as for few.
size_t ListSetBits(const uint8_t* bits, size_t count, uint32_t* out);

}  // namespace lance::simd
