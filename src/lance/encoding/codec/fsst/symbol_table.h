#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "lance/base/status.h"

namespace lance::encoding {

/// The symbol table of one page of FSST strings. Immutable.
class SymbolTable {
 public:
  /// \retval Corruption  wrong size, magic, counts or lengths
  static Result<std::shared_ptr<const SymbolTable>> Parse(std::string_view stored);

  /// False: strings were stored as they are.
  bool compressed() const { return compressed_; }

  /// Decodes one string to `out`, which has room for 8 bytes for each stored byte and 8 more.
  /// Returns the end of the output, or null when the codes make no sense.
  uint8_t* Decode(std::span<const uint8_t> codes, uint8_t* out) const;

  /// What DecodeRun says of a place between an escape and its byte, where no string can end.
  static constexpr uint32_t kInsideEscape = UINT32_MAX;

  /// Decodes strings whose codes lie side by side, without looking at where one ends and the next begins:
  /// ends[i] becomes the bytes that the first i codes make, for i in [0, codes.size()]. `out` as for Decode;
  /// there must be less than 2^28 codes. Returns the bytes made, or none when the codes make no sense.
  std::optional<uint32_t> DecodeRun(std::span<const uint8_t> codes, uint8_t* out, uint32_t* ends) const;

 private:
  // True when each of eight codes has a symbol and none is an escape.
  bool AllPlain(uint64_t codes) const {
    constexpr uint64_t kHigh = 0x8080808080808080u;
    const uint64_t sums = (codes & ~kHigh) + plain_addend_;
    return (((sums & codes) | ((sums | codes) & plain_either_)) & kHigh) == 0;
  }

  bool compressed_ = false;
  // Byte-wise "code >= num_symbols" is a sum that reaches bit 7 and, from 128 symbols on, a code that has it.
  uint64_t plain_addend_ = 0;
  uint64_t plain_either_ = 0;
  std::array<uint64_t, 256> symbols_{};
  std::array<uint8_t, 256> lengths_{};
};

}  // namespace lance::encoding
