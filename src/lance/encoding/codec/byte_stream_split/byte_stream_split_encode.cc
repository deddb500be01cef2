#include "lance/encoding/codec/byte_stream_split/byte_stream_split_encode.h"

#include <cmath>

#include "lance/encoding/write/leaf_values.h"
#include "lance/proto/page_encodings.pb.h"

namespace lance::encoding {
namespace {

constexpr uint64_t kChunkBytes = 4096;

class ByteStreamSplitEncoder final : public ChunkEncoder {
 public:
  ByteStreamSplitEncoder(const LeafValues& values, uint64_t chunk_values)
      : values_(values), width_(values.bits / 8) {
    CutEvenly(values.size, chunk_values > 0 ? chunk_values : kChunkBytes / width_);
  }

  uint64_t MaxBytes(const Chunk& chunk) const override { return chunk.count * width_; }

  Status Encode(const Chunk& chunk, uint8_t* out, uint32_t* sizes) override {
    const uint8_t* from = values_.data + chunk.first * width_;
    for (uint64_t byte = 0; byte < width_; ++byte) {
      for (uint64_t i = 0; i < chunk.count; ++i) *out++ = from[i * width_ + byte];
    }
    sizes[0] = static_cast<uint32_t>(chunk.count * width_);
    return Status::OK();
  }

  void Describe(pb21::CompressiveEncoding* encoding) const override {
    encoding->mutable_byte_stream_split()->mutable_values()->mutable_flat()->set_bits_per_value(values_.bits);
  }

 private:
  const LeafValues& values_;
  uint64_t width_;
};

}  // namespace

std::unique_ptr<ChunkEncoder> MakeByteStreamSplitEncoder(const LeafValues& values, uint64_t chunk_values) {
  return std::make_unique<ByteStreamSplitEncoder>(values, chunk_values);
}

double MeanByteEntropy(const LeafValues& values) {
  const uint64_t width = values.bits / 8;
  const uint64_t step = std::max<uint64_t>(1, values.size / 65536);
  double total = 0;
  for (uint64_t byte = 0; byte < width; ++byte) {
    uint64_t counts[256] = {};
    uint64_t seen = 0;
    for (uint64_t i = 0; i < values.size; i += step, ++seen) ++counts[values.data[i * width + byte]];
    for (uint64_t count : counts) {
      if (count == 0) continue;
      const double share = static_cast<double>(count) / static_cast<double>(seen);
      total -= share * std::log2(share);
    }
  }
  return total / static_cast<double>(width);
}

}  // namespace lance::encoding
