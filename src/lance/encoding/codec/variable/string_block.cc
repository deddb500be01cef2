#include "lance/encoding/codec/variable/string_block.h"

#include "lance/base/span_reader.h"

namespace lance::encoding {

uint64_t StringBlock::offset(uint64_t index) const {
  return offset_bytes == 4 ? LoadLE<uint32_t>(offsets + index * 4) : LoadLE<uint64_t>(offsets + index * 8);
}

Result<StringBlock> ParseStringBlock(std::span<const uint8_t> payload, uint64_t num_values) {
  LANCE_CHECK_BYTES(payload.size() >= 4, "block of strings of {} bytes has no header", payload.size());
  // In the old header bytes 1 to 3 are the low bytes of the count, which are not all zero below 16 M strings.
  const bool old = payload[1] != 0 || payload[2] != 0 || payload[3] != 0;
  const unsigned bits = payload[0];
  LANCE_CHECK_BYTES(bits == 32 || bits == 64, "block of strings with offsets of {} bits", bits);
  StringBlock block;
  block.offset_bytes = bits / 8;
  SpanReader reader(payload);
  uint64_t header = block.offset_bytes + (old ? 1 : 0);
  ARROW_RETURN_NOT_OK(reader.Skip(header, "header of a block of strings"));
  uint64_t start = 0;
  if (bits == 32) {
    ARROW_ASSIGN_OR_RAISE(start, reader.ReadLE<uint32_t>("start of the bytes of strings"));
  } else {
    ARROW_ASSIGN_OR_RAISE(start, reader.ReadLE<uint64_t>("start of the bytes of strings"));
  }
  LANCE_CHECK_BYTES(start >= reader.position() && start <= payload.size(),
                    "bytes of a block of strings start at {} of {}", start, payload.size());
  uint64_t room = start - reader.position();
  LANCE_CHECK_BYTES(room % block.offset_bytes == 0 && num_values < room / block.offset_bytes &&
                        num_values + 1 == room / block.offset_bytes,
                    "block of {} strings has {} bytes of offsets", num_values, room);
  block.offsets = payload.data() + reader.position();
  block.bytes = payload.subspan(start);
  LANCE_CHECK_BYTES(block.offset(0) == 0, "offsets of a block of strings start at {}", block.offset(0));
  return block;
}

}  // namespace lance::encoding
