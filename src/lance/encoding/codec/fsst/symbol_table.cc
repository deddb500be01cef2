// FSST: Boncz, Neumann, Leis, "FSST: Fast Random Access String Compression", PVLDB 13(11), 2020. A code
// stands for a symbol of 1 to 8 bytes; every symbol is written as 8 bytes and only the end moves by its
// length.
#include "lance/encoding/codec/fsst/symbol_table.h"

#include <cstring>

#include "lance/base/span_reader.h"

namespace lance::encoding {
namespace {

constexpr size_t kStoredBytes = 8 + 256 * 8 + 256;
constexpr uint32_t kMagic = 0x46535354;  // high half of the header
constexpr uint8_t kEscape = 255;

// True when one of the eight bytes is 255: its complement has a zero byte.
inline bool HasEscape(uint64_t codes) {
  uint64_t flipped = ~codes;
  return ((flipped - 0x0101010101010101u) & ~flipped & 0x8080808080808080u) != 0;
}

}  // namespace

Result<std::shared_ptr<const SymbolTable>> SymbolTable::Parse(std::string_view stored) {
  LANCE_CHECK_BYTES(stored.size() == kStoredBytes, "FSST symbol table of {} bytes, it must have {}",
                    stored.size(), kStoredBytes);
  uint64_t header = LoadLE<uint64_t>(stored.data());
  LANCE_CHECK_BYTES(header >> 32 == kMagic, "FSST symbol table starts with {:#x}, not with its magic number",
                    header);
  auto table = std::make_shared<SymbolTable>();
  table->compressed_ = ((header >> 24) & 255) != 0;
  const size_t num_symbols = header & 255;
  const char* lengths = stored.data() + 8 + num_symbols * 8;
  for (size_t code = 0; code < num_symbols; ++code) {
    table->symbols_[code] = LoadLE<uint64_t>(stored.data() + 8 + code * 8);
    uint8_t length = static_cast<uint8_t>(lengths[code]);
    LANCE_CHECK_BYTES(length >= 1 && length <= 8, "FSST symbol {} has a length of {}", code, length);
    table->lengths_[code] = length;
  }
  return table;
}

uint8_t* SymbolTable::Decode(std::span<const uint8_t> codes, uint8_t* out) const {
  const uint8_t* in = codes.data();
  const uint8_t* const end = in + codes.size();
  unsigned unknown = 0;
  auto emit = [&](uint8_t code) {
    std::memcpy(out, &symbols_[code], 8);
    unsigned length = lengths_[code];
    unknown |= length - 1;  // wraps for a code without a symbol
    out += length;
  };
  auto emit_or_escape = [&]() {
    uint8_t code = *in++;
    if (code != kEscape) {
      emit(code);
    } else if (in == end) {
      unknown = ~0u;
    } else {
      *out++ = *in++;
    }
  };
  while (end - in >= 8) {
    uint64_t block = LoadLE<uint64_t>(in);
    if (HasEscape(block)) {
      for (int i = 0; i < 4; ++i) emit_or_escape();
      continue;
    }
    in += 8;
    for (int i = 0; i < 8; ++i, block >>= 8) emit(static_cast<uint8_t>(block));
  }
  while (in < end) emit_or_escape();
  return unknown > 7 ? nullptr : out;
}

}  // namespace lance::encoding
