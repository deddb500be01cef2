#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace lance::encoding {

/// A table of symbols to write strings with, trained on a sample of them.
class SymbolTrainer {
 public:
  /// Trains on `sample`: pieces of strings behind each other, `ends` says where each ends.
  SymbolTrainer(const std::string& sample, const std::vector<uint64_t>& ends);

  /// Writes one string in codes at `out`, which has room for 2 * size + 8 bytes. Returns the end. Up to 8
  /// bytes behind the string are read when `readable_behind` says so.
  uint8_t* Encode(const uint8_t* bytes, uint64_t size, bool readable_behind, uint8_t* out) const;

  /// The table as files have it.
  std::string Serialize() const;

 private:
  struct Symbol {
    uint64_t bytes = 0;
    uint64_t mask = 0;
    uint16_t code = 0;  ///< 256 + number; below 256: the byte itself, not in the table
    uint16_t length = 0;
  };
  static constexpr unsigned kHashSlots = 4096;

  static unsigned Hash(uint64_t word) {
    return static_cast<unsigned>(((word & 0xffffff) * 2971215073u) >> 15) % kHashSlots;
  }
  const Symbol& Find(uint64_t word, uint64_t remaining) const;
  void SetSymbols(std::vector<Symbol> symbols);
  std::vector<Symbol> Candidates(const std::string& sample, const std::vector<uint64_t>& ends) const;

  std::vector<Symbol> symbols_;  ///< of the table, at most 255
  std::vector<Symbol> all_;      ///< by code: bytes, then symbols_
  std::vector<Symbol> hash_;     ///< symbols of 3 bytes and more, one a slot
  std::vector<uint16_t> two_;    ///< by the first two bytes: code of the longest symbol of 1 or 2 bytes
  std::vector<uint16_t> one_;    ///< by the first byte
};

}  // namespace lance::encoding
