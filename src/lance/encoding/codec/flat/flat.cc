#include "lance/encoding/codec/flat/flat.h"

#include "lance/base/checked_math.h"
#include "lance/proto/page_encodings.pb.h"

namespace lance::encoding {
namespace {

class FlatCodec : public ChunkCodec {
 public:
  explicit FlatCodec(uint64_t bits) : bits_(bits) {}

  Status Decode(const ChunkValues& chunk, std::span<const RowRange> ranges, ValueSink* sink) const override {
    ARROW_ASSIGN_OR_RAISE(uint64_t total, CheckedMul(bits_, chunk.num_values, "bits of a Flat chunk"));
    Bytes values = chunk.buffers[0];
    LANCE_CHECK_BYTES(values.size() >= CeilDiv(total, 8), "Flat chunk of {} values of {} bits has {} bytes",
                      chunk.num_values, bits_, values.size());
    return sink->fixed.AppendRanges(values.data(), ranges);
  }

 private:
  uint64_t bits_;
};

class FlatBlock : public BlockCodec {
 public:
  using BlockCodec::BlockCodec;

  Status Decode(Bytes payload, uint64_t num_values, uint8_t* out) const override {
    ARROW_ASSIGN_OR_RAISE(uint64_t total, CheckedMul(bits(), num_values, "bits of a Flat block"));
    LANCE_CHECK_BYTES(payload.size() >= CeilDiv(total, 8), "Flat block of {} values of {} bits has {} bytes",
                      num_values, bits(), payload.size());
    if (total != 0) std::memcpy(out, payload.data(), CeilDiv(total, 8));
    return Status::OK();
  }
};

class FlatPerValue : public PerValueCodec {
 public:
  explicit FlatPerValue(uint64_t width) : width_(width) {}

  Status Decode(std::span<const Bytes> values, ValueSink* sink) const override {
    ARROW_ASSIGN_OR_RAISE(uint8_t * to, sink->fixed.Append(values.size()));
    for (Bytes value : values) {
      if (value.data() != nullptr) {
        std::memcpy(to, value.data(), width_);
      } else {
        std::memset(to, 0, width_);
      }
      to += width_;
    }
    return Status::OK();
  }
  uint64_t stored_bytes() const override { return width_; }
  bool is_plain() const override { return true; }

 private:
  uint64_t width_;
};

class ByteBooleans : public PerValueCodec {
 public:
  Status Decode(std::span<const Bytes> values, ValueSink* sink) const override {
    uint8_t bit = 0;
    const RowRange one{0, 1};
    for (Bytes value : values) {
      bit = value.data() != nullptr && value[0] != 0;
      ARROW_RETURN_NOT_OK(sink->fixed.AppendRanges(&bit, {&one, 1}));
    }
    return Status::OK();
  }
  uint64_t stored_bytes() const override { return 1; }
};

}  // namespace

Result<uint64_t> FlatBits(const pb21::Flat& flat) {
  if (flat.has_data()) return NotSupported("Flat encoding with compressed data (Flat.data)");
  LANCE_CHECK_BYTES(flat.bits_per_value() > 0, "Flat encoding of 0 bits a value");
  return flat.bits_per_value();
}

Result<std::unique_ptr<ChunkCodec>> MakeFlatCodec(const pb21::Flat& flat, const LeafShape& shape) {
  ARROW_ASSIGN_OR_RAISE(uint64_t bits, FlatBits(flat));
  LANCE_CHECK_BYTES(shape.kind == LeafKind::kFixed && shape.bits == bits,
                    "Flat encoding of {} bits a value does not fit the column type", bits);
  return std::make_unique<FlatCodec>(bits);
}

Result<std::unique_ptr<BlockCodec>> MakeFlatBlock(const pb21::Flat& flat, unsigned bits) {
  ARROW_ASSIGN_OR_RAISE(uint64_t stored, FlatBits(flat));
  LANCE_CHECK_BYTES(stored == bits, "Flat block of {}-bit values where {} bits are needed", stored, bits);
  return std::make_unique<FlatBlock>(bits);
}

Result<std::unique_ptr<PerValueCodec>> MakeFlatPerValue(const pb21::Flat& flat, const LeafShape& shape) {
  ARROW_ASSIGN_OR_RAISE(uint64_t bits, FlatBits(flat));
  if (shape.kind == LeafKind::kFixed && shape.bits == 1 && bits == 8) return std::make_unique<ByteBooleans>();
  LANCE_CHECK_BYTES(shape.kind == LeafKind::kFixed && shape.bits == bits && bits % 8 == 0,
                    "full-zip values of {} bits do not fit the column type", bits);
  return std::make_unique<FlatPerValue>(bits / 8);
}

}  // namespace lance::encoding
