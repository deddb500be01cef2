#include "lance/encoding/codec/bitpack/bitpacking_block.h"

#include "lance/base/checked_math.h"
#include "lance/encoding/codec/bitpack/fastlanes.h"
#include "lance/encoding/codec/bitpack/inline_bitpacking.h"
#include "lance/encoding/codec/flat/flat.h"
#include "lance/encoding/levels/level_bits.h"
#include "lance/proto/page_encodings.pb.h"

namespace lance::encoding {
namespace {

// Unpacks a block that is not full: by way of a block of its own, so that nothing is written past the end.
void UnpackPart(unsigned bits, unsigned width, const uint8_t* words, uint64_t count, uint8_t* out) {
  alignas(64) uint8_t block[kFastLanesValues * 8];
  FastLanesUnpack(bits, width, words, block);
  std::memcpy(out, block, count * bits / 8);
}

class InlineBlock : public BlockCodec {
 public:
  using BlockCodec::BlockCodec;

  Status Decode(Bytes payload, uint64_t num_values, uint8_t* out) const override {
    if (num_values == 0) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(PackedBlock block, ParseInlineBlock(payload, bits(), num_values));
    UnpackPart(bits(), block.width, block.words, num_values, out);
    return Status::OK();
  }
};

class OutOfLineBlock : public BlockCodec {
 public:
  OutOfLineBlock(unsigned bits, unsigned width) : BlockCodec(bits), width_(width) {}

  Status Decode(Bytes payload, uint64_t num_values, uint8_t* out) const override {
    ARROW_ASSIGN_OR_RAISE(Parts parts, Split(payload, num_values));
    const uint8_t* in = payload.data();
    if (width_ == 0) {
      // Nothing but zeros, which take no bytes.
      const uint64_t zeros = parts.full * kFastLanesValues + (parts.raw_tail ? 0 : parts.tail);
      std::memset(out, 0, zeros * bits() / 8);
      if (parts.raw_tail) std::memcpy(out + zeros * bits() / 8, in, parts.tail * bits() / 8);
      return Status::OK();
    }
    for (uint64_t i = 0; i < parts.full; ++i) {
      FastLanesUnpack(bits(), width_, in, out);
      in += FastLanesBytes(width_);
      out += kFastLanesValues * bits() / 8;
    }
    if (parts.raw_tail) {
      std::memcpy(out, in, parts.tail * bits() / 8);
    } else if (parts.tail > 0) {
      UnpackPart(bits(), width_, in, parts.tail, out);
    }
    return Status::OK();
  }

  Status DecodeZeroBits(Bytes payload, uint64_t num_values, ScratchBytes* scratch,
                        uint8_t* out) const override {
    if (bits() != 16 || width_ != 1) return BlockCodec::DecodeZeroBits(payload, num_values, scratch, out);
    ARROW_ASSIGN_OR_RAISE(Parts parts, Split(payload, num_values));
    const uint8_t* in = payload.data();
    for (uint64_t i = 0; i < parts.full; ++i, in += FastLanesBytes(1), out += kFastLanesValues / 8) {
      FastLanesZeroBits16(in, out);
    }
    if (parts.raw_tail) {
      ARROW_ASSIGN_OR_RAISE(uint8_t * levels, scratch->Get(parts.tail * 2));
      std::memcpy(levels, in, parts.tail * 2);
      ZeroBits(reinterpret_cast<const uint16_t*>(levels), parts.tail, out);
    } else if (parts.tail > 0) {
      alignas(64) uint8_t block[kFastLanesValues / 8];
      FastLanesZeroBits16(in, block);
      std::memcpy(out, block, CeilDiv(parts.tail, 8));
    }
    return Status::OK();
  }

 private:
  struct Parts {
    uint64_t full = 0;  // full blocks
    uint64_t tail = 0;  // values behind them
    bool raw_tail = false;
  };

  Result<Parts> Split(Bytes payload, uint64_t num_values) const {
    Parts parts{num_values / kFastLanesValues, num_values % kFastLanesValues};
    ARROW_ASSIGN_OR_RAISE(uint64_t packed, CheckedMul(parts.full, FastLanesBytes(width_), "packed bytes"));
    uint64_t raw = parts.tail * bits() / 8;
    parts.raw_tail = parts.tail > 0 && payload.size() == packed + raw;
    uint64_t needed = parts.tail == 0 || parts.raw_tail ? payload.size() : packed + FastLanesBytes(width_);
    LANCE_CHECK_BYTES(packed <= payload.size() && payload.size() == needed,
                      "OutOfLineBitpacking of {} {}-bit values at width {} has {} bytes, neither {} nor {}",
                      num_values, bits(), width_, payload.size(), packed + raw,
                      packed + FastLanesBytes(width_));
    return parts;
  }

  unsigned width_;
};

}  // namespace

Result<std::unique_ptr<BlockCodec>> MakeInlineBitpackingBlock(const pb21::InlineBitpacking& encoding,
                                                              unsigned bits) {
  ARROW_ASSIGN_OR_RAISE(unsigned stored, InlineBitpackingBits(encoding));
  LANCE_CHECK_BYTES(stored == bits, "InlineBitpacking block of {}-bit values where {} bits are needed",
                    stored, bits);
  return std::make_unique<InlineBlock>(bits);
}

Result<std::unique_ptr<BlockCodec>> MakeOutOfLineBitpackingBlock(const pb21::OutOfLineBitpacking& encoding,
                                                                 unsigned bits) {
  uint64_t stored = encoding.uncompressed_bits_per_value();
  LANCE_CHECK_BYTES(stored == 8 || stored == 16 || stored == 32 || stored == 64,
                    "OutOfLineBitpacking of {}-bit values: 8, 16, 32 and 64 exist", stored);
  LANCE_CHECK_BYTES(stored == bits, "OutOfLineBitpacking of {}-bit values where {} bits are needed", stored,
                    bits);
  LANCE_CHECK_BYTES(encoding.has_values(), "OutOfLineBitpacking without an encoding of its values");
  if (!encoding.values().has_flat()) return NotSupported("OutOfLineBitpacking with values other than Flat");
  uint64_t width = 0;  // legal here alone: every value is zero
  if (encoding.values().flat().bits_per_value() != 0 || encoding.values().flat().has_data()) {
    ARROW_ASSIGN_OR_RAISE(width, FlatBits(encoding.values().flat()));
  }
  LANCE_CHECK_BYTES(width <= bits, "OutOfLineBitpacking width {} is above the {} bits of a value", width,
                    bits);
  return std::make_unique<OutOfLineBlock>(bits, static_cast<unsigned>(width));
}

}  // namespace lance::encoding
