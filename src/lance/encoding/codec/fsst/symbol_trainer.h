#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace lance::encoding {

struct LeafValues;

/// A table of symbols to write strings with, trained on a sample of them.
class SymbolTrainer {
 public:
  /// Trains on `sample`: pieces of strings behind each other, `ends` says where each ends.
  SymbolTrainer(const std::string& sample, const std::vector<uint64_t>& ends);

  /// Writes strings in codes, one behind the other, at `out`, which has room for twice their bytes and 8
  /// more. Sets `lengths` (one a string) to the bytes of each and returns those of all. Four strings are
  /// written at a time: where a symbol starts is known only when the one before it was found, so one string
  /// alone leaves the processor waiting.
  uint64_t EncodeAll(const LeafValues& strings, uint8_t* out, uint32_t* lengths) const;

  /// The table as files have it.
  std::string Serialize() const;

 private:
  struct Symbol {
    uint64_t bytes = 0;
    uint64_t mask = 0;
    uint16_t code = 0;  ///< 256 + number; below 256: the byte itself, not in the table
    uint16_t length = 0;
  };
  /// A symbol of 3 bytes and more, where the hash of its first 3 bytes leads.
  struct Slot {
    uint64_t bytes = 0;
    uint64_t mask = 0;
    uint16_t code = 0;
    uint16_t length = 0;  ///< 0: empty; `bytes` are then such that no word of this slot equals them
  };
  static constexpr unsigned kHashSlots = 2048;
  struct Lane;
  void FinishString(Lane* lane, const uint8_t* readable_end) const;
  static constexpr unsigned kLengthShift = 12;  ///< in two_: code, and above it the length

  static unsigned Hash(uint64_t word) {
    return static_cast<unsigned>(((word & 0xffffff) * 2971215073u) >> 15) % kHashSlots;
  }
  /// Code and length of the longest symbol at the start of `word`; those of `remaining` bytes at most.
  std::pair<unsigned, unsigned> Find(uint64_t word, uint64_t remaining) const;
  /// How often codes, and pairs of them, were met in a sample.
  struct Counts;
  void SetSymbols(std::vector<Symbol> symbols);
  void Count(const std::string& sample, const std::vector<uint64_t>& ends, unsigned eighths,
             Counts* counts) const;
  std::vector<Symbol> Candidates(Counts* counts, unsigned eighths) const;

  std::vector<Symbol> symbols_;  ///< of the table, at most 255
  std::vector<Symbol> all_;      ///< by code: bytes, then symbols_
  std::vector<Slot> hash_;
  std::vector<uint16_t> two_;  ///< by the first two bytes: the longest symbol of 1 or 2 bytes
  std::vector<uint16_t> one_;  ///< by the first byte: code of the symbol of 1 byte
};

}  // namespace lance::encoding
