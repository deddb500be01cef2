#pragma once

#include <compare>
#include <cstdint>

namespace lance {

/// Where a row lies: fragment id in the high 32 bits, offset inside the fragment in the low 32 bits.
struct RowAddress {
  uint64_t value = 0;
  static RowAddress Of(uint64_t fragment_id, uint64_t offset) { return {(fragment_id << 32) | offset}; }
  uint32_t fragment_id() const { return static_cast<uint32_t>(value >> 32); }
  uint32_t offset() const { return static_cast<uint32_t>(value); }
  auto operator<=>(const RowAddress&) const = default;
};

}  // namespace lance
