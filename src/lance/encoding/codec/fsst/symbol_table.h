#pragma once

#include <array>
#include <cstdint>
#include <memory>
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

 private:
  bool compressed_ = false;
  std::array<uint64_t, 256> symbols_{};
  std::array<uint8_t, 256> lengths_{};
};

}  // namespace lance::encoding
