// FSST: Boncz, Neumann, Leis, "FSST: Fast Random Access String Compression", PVLDB 13(11), 2020. A code
// stands for a symbol of 1 to 8 bytes; every symbol is written as 8 bytes and only the end moves by its
// length.
#include "lance/encoding/codec/fsst/symbol_table.h"

#include <algorithm>
#include <cstring>

#include "lance/base/span_reader.h"

namespace lance::encoding {
namespace {

constexpr size_t kStoredBytes = 8 + 256 * 8 + 256;
constexpr uint32_t kMagic = 0x46535354;  // high half of the header
constexpr uint8_t kEscape = 255;

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
  // Codes below `plain` have symbols; 255 is the escape, whatever the table says.
  const uint64_t plain = std::min<uint64_t>(num_symbols, kEscape);
  constexpr uint64_t kOnes = 0x0101010101010101u;
  table->plain_addend_ = kOnes * ((plain <= 128 ? 128 : 256) - plain);
  table->plain_either_ = plain <= 128 ? ~uint64_t{0} : 0;
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
    if (!AllPlain(block)) {
      for (int i = 0; i < 4; ++i) emit_or_escape();
      continue;
    }
    in += 8;
    for (int i = 0; i < 8; ++i, block >>= 8) emit(static_cast<uint8_t>(block));
  }
  while (in < end) emit_or_escape();
  return unknown > 7 ? nullptr : out;
}

// Strings are a dozen codes as a rule: loops that end with each of them spend their time on mispredicted
// branches, so the codes of all are one stream and the ends are looked up afterwards.
std::optional<uint32_t> SymbolTable::DecodeRun(std::span<const uint8_t> codes, uint8_t* out,
                                               uint32_t* ends) const {
  const uint8_t* const in = codes.data();
  const size_t count = codes.size();
  const uint64_t* const symbols = symbols_.data();
  const uint8_t* const lengths = lengths_.data();
  uint64_t at = 0;  // bytes made
  bool good = true;
  size_t next = 0;
  auto careful = [&]() {
    ends[next] = static_cast<uint32_t>(at);
    const uint8_t code = in[next++];
    if (code != kEscape) {
      std::memcpy(out + at, symbols + code, 8);
      good &= lengths[code] != 0;
      at += lengths[code];
    } else if (next == count) {
      good = false;
    } else {
      ends[next] = kInsideEscape;
      out[at++] = in[next++];
    }
  };
  while (count - next >= 8) {
    uint64_t block = LoadLE<uint64_t>(in + next);
    if (!AllPlain(block)) {
      for (int i = 0; i < 4; ++i) careful();
      continue;
    }
    for (int i = 0; i < 8; ++i, block >>= 8) {
      const auto code = static_cast<uint8_t>(block);
      ends[next + i] = static_cast<uint32_t>(at);
      std::memcpy(out + at, symbols + code, 8);
      at += lengths[code];
    }
    next += 8;
  }
  while (next < count) careful();
  ends[count] = static_cast<uint32_t>(at);
  if (!good) return std::nullopt;
  return static_cast<uint32_t>(at);
}

}  // namespace lance::encoding
