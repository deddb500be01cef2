#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "lance/base/row_range.h"
#include "lance/base/status.h"

namespace lance::table {

/// Reads a 32-bit Roaring bitmap in the portable form as its maximal runs of set bits, ascending. Memory is
/// at most a small multiple of `bytes`, however many bits its run containers claim. Errors: Corruption when
/// the header, a container's order, a length or an offset is wrong.
Result<RowRanges> ParseRoaring(std::span<const uint8_t> bytes);

/// Writes a 32-bit Roaring bitmap in the portable form; ends of `ranges` must not be above 2^32. With `runs`,
/// containers that are smaller as runs are written so; without, as arrays and bitmaps only.
std::string SerializeRoaring(const RowRanges& ranges, bool runs);

}  // namespace lance::table
