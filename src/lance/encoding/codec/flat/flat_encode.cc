#include "lance/encoding/codec/flat/flat_encode.h"

#include <cstring>

#include "lance/base/checked_math.h"
#include "lance/encoding/write/leaf_values.h"
#include "lance/proto/page_encodings.pb.h"

namespace lance::encoding {
namespace {

class FlatEncoder final : public ChunkEncoder {
 public:
  FlatEncoder(const LeafValues& values, uint64_t chunk_values) : values_(values) {
    CutEvenly(values.size, chunk_values > 0 ? chunk_values : EvenChunkValues(values.bits));
  }

  uint64_t MaxBytes(const Chunk& chunk) const override { return CeilDiv(chunk.count * values_.bits, 8); }

  Status Encode(const Chunk& chunk, uint8_t* out, uint32_t* sizes) override {
    // Chunks of bits start at whole bytes: they are powers of two of at least 8 values.
    const uint64_t bytes = MaxBytes(chunk);
    std::memcpy(out, values_.data + chunk.first * values_.bits / 8, bytes);
    sizes[0] = static_cast<uint32_t>(bytes);
    return Status::OK();
  }

  void Describe(pb21::CompressiveEncoding* encoding) const override {
    encoding->mutable_flat()->set_bits_per_value(values_.bits);
  }

 private:
  const LeafValues& values_;
};

}  // namespace

std::unique_ptr<ChunkEncoder> MakeFlatEncoder(const LeafValues& values, uint64_t chunk_values) {
  return std::make_unique<FlatEncoder>(values, chunk_values);
}

}  // namespace lance::encoding
