#pragma once

#include <cstdint>
#include <span>

#include "lance/base/status.h"

namespace lance::encoding {

/// The block form of strings, as dictionaries have it: width of the offsets, where the bytes start, offsets
/// from 0, bytes. Views into the payload.
struct StringBlock {
  const uint8_t* offsets = nullptr;
  unsigned offset_bytes = 4;
  std::span<const uint8_t> bytes;
  /// Offset `index` <= number of strings; not checked against `bytes`.
  uint64_t offset(uint64_t index) const;
};

/// Finds the parts of a block of `num_values` strings. Reads both the present header (u32 32, u32 start; or
/// u64 64, u64 start) and that of pre-releases (u8 width, count, start).
Result<StringBlock> ParseStringBlock(std::span<const uint8_t> payload, uint64_t num_values);

}  // namespace lance::encoding
