#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace lance::index {

/// Sign codes of a partition, `width` bytes a row, as files keep them: 32 rows at a time, each byte column as
/// 16 bytes of low and 16 of high nibbles of pairs of rows; the rest byte column after byte column.
std::vector<uint8_t> PackSignCodes(std::span<const uint8_t> codes, size_t count, size_t width);

/// Codes of `bits` (1 to 8) of one row, one a byte, as files keep them: 64 dimensions a block, the last one
/// filled up with zeros. Writes BlockedExBytes bytes.
void PackExCodes(std::span<const uint8_t> codes, uint32_t bits, uint8_t* out);

}  // namespace lance::index
