#include "lance/encoding/codec/bitpack/bitpack_encode.h"

#include <cstring>

#include "lance/encoding/codec/bitpack/fastlanes.h"
#include "lance/encoding/write/leaf_values.h"
#include "lance/proto/page_encodings.pb.h"

namespace lance::encoding {
namespace {

class BitpackEncoder final : public ChunkEncoder {
 public:
  explicit BitpackEncoder(const LeafValues& values)
      : values_(values), bits_(static_cast<unsigned>(values.bits)) {
    CutEvenly(values.size, kFastLanesValues);
    widths_.reserve(chunks_.size());
    for (const Chunk& chunk : chunks_) {
      widths_.push_back(WidestValue(bits_, values.data + chunk.first * (bits_ / 8), chunk.count));
      total_ += bits_ / 8 + FastLanesBytes(widths_.back());
    }
  }

  uint64_t total_bytes() const { return total_; }

  uint64_t MaxBytes(const Chunk& chunk) const override {
    return bits_ / 8 + FastLanesBytes(widths_[chunk.first / kFastLanesValues]);
  }

  Status Encode(const Chunk& chunk, uint8_t* out, uint32_t* sizes) override {
    const unsigned width = widths_[chunk.first / kFastLanesValues];
    const uint64_t word = width;
    std::memcpy(out, &word, bits_ / 8);
    const uint8_t* from = values_.data + chunk.first * (bits_ / 8);
    if (chunk.count < kFastLanesValues) {
      std::memset(last_, 0, sizeof(last_));
      std::memcpy(last_, from, chunk.count * (bits_ / 8));
      from = last_;
    }
    FastLanesPack(bits_, width, from, out + bits_ / 8);
    sizes[0] = static_cast<uint32_t>(MaxBytes(chunk));
    return Status::OK();
  }

  void Describe(pb21::CompressiveEncoding* encoding) const override {
    encoding->mutable_inline_bitpacking()->set_uncompressed_bits_per_value(bits_);
  }

 private:
  const LeafValues& values_;
  unsigned bits_;
  std::vector<unsigned> widths_;  // of each chunk
  uint64_t total_ = 0;
  alignas(64) uint8_t last_[kFastLanesValues * 8];  // the last chunk, padded with zeros
};

}  // namespace

std::unique_ptr<ChunkEncoder> MakeBitpackEncoder(const LeafValues& values) {
  if (values.bits != 8 && values.bits != 16 && values.bits != 32 && values.bits != 64) return nullptr;
  auto encoder = std::make_unique<BitpackEncoder>(values);
  if (encoder->total_bytes() >= values.size * values.bits / 8) return nullptr;
  return encoder;
}

uint64_t BitpackedBytes(const ChunkEncoder& encoder) {
  return static_cast<const BitpackEncoder&>(encoder).total_bytes();
}

uint64_t MaxPackedBlockBytes(unsigned word_bits, unsigned width, uint64_t count) {
  const uint64_t tail = count % kFastLanesValues;
  const uint64_t packed = FastLanesBytes(width);
  return count / kFastLanesValues * packed + std::max(tail * (word_bits / 8), tail == 0 ? 0 : packed);
}

uint64_t EncodePackedBlock(unsigned word_bits, unsigned width, const uint8_t* values, uint64_t count,
                           uint8_t* out) {
  const uint64_t bytes_each = word_bits / 8;
  uint8_t* at = out;
  uint64_t done = 0;
  for (; done + kFastLanesValues <= count; done += kFastLanesValues) {
    FastLanesPack(word_bits, width, values + done * bytes_each, at);
    at += FastLanesBytes(width);
  }
  const uint64_t tail = count - done;
  if (tail == 0) return static_cast<uint64_t>(at - out);
  // The reader tells the two forms apart by the length, and takes raw words when it fits both.
  if (width * (kFastLanesValues - tail) < (word_bits - width) * tail) {
    alignas(64) uint8_t padded[kFastLanesValues * 8];
    std::memset(padded, 0, kFastLanesValues * bytes_each);
    std::memcpy(padded, values + done * bytes_each, tail * bytes_each);
    FastLanesPack(word_bits, width, padded, at);
    at += FastLanesBytes(width);
  } else {
    std::memcpy(at, values + done * bytes_each, tail * bytes_each);
    at += tail * bytes_each;
  }
  return static_cast<uint64_t>(at - out);
}

}  // namespace lance::encoding
