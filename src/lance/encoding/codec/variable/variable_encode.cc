#include "lance/encoding/codec/variable/variable_encode.h"

#include <cstring>

#include "lance/base/checked_math.h"
#include "lance/encoding/write/leaf_values.h"
#include "lance/proto/page_encodings.pb.h"

namespace lance::encoding {
namespace {

constexpr uint8_t kPadByte = 0x48;

// Offsets start behind themselves: they count from the start of the chunk's buffer.
template <typename From, typename To>
uint8_t* WriteOffsets(const From* from, uint64_t count, uint64_t first, uint8_t* out) {
  auto* to = reinterpret_cast<To*>(out);
  const auto shift = static_cast<From>(first) - from[0];
  for (uint64_t i = 0; i <= count; ++i) to[i] = static_cast<To>(from[i] + shift);
  return out + (count + 1) * sizeof(To);
}

class VariableEncoder final : public ChunkEncoder {
 public:
  VariableEncoder(const LeafValues& values, uint64_t target) : values_(values) {
    chunks_ = CutStrings(values, target);
  }

  uint64_t MaxBytes(const Chunk& chunk) const override {
    return Bytes(chunk) + (chunk.count + 1) * values_.offset_bytes() + values_.offset_bytes();
  }

  Status Encode(const Chunk& chunk, uint8_t* out, uint32_t* sizes) override {
    const uint64_t width = values_.offset_bytes();
    const uint64_t bytes = Bytes(chunk);
    const uint64_t head = (chunk.count + 1) * width;
    const uint64_t total = CeilDiv(head + bytes, width) * width;
    if (total > UINT32_MAX) return ResourceExhausted("{} bytes of strings in one chunk", total);
    uint8_t* at =
        width == 4 ? WriteOffsets<int32_t, uint32_t>(values_.offsets32 + chunk.first, chunk.count, head, out)
                   : WriteOffsets<int64_t, uint64_t>(values_.offsets64 + chunk.first, chunk.count, head, out);
    if (bytes > 0) std::memcpy(at, values_.data + values_.start(chunk.first), bytes);
    std::memset(at + bytes, kPadByte, total - head - bytes);
    sizes[0] = static_cast<uint32_t>(total);
    return Status::OK();
  }

  void Describe(pb21::CompressiveEncoding* encoding) const override {
    encoding->mutable_variable()->mutable_offsets()->mutable_flat()->set_bits_per_value(
        values_.offset_bytes() * 8);
  }

 private:
  uint64_t Bytes(const Chunk& chunk) const {
    return values_.start(chunk.first + chunk.count) - values_.start(chunk.first);
  }

  const LeafValues& values_;
};

template <typename Number>
void AppendNumber(Number number, std::vector<uint8_t>* out) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(&number);
  out->insert(out->end(), bytes, bytes + sizeof(number));
}

template <typename Number>
void AppendBlock(const LeafValues& values, std::vector<uint8_t>* out) {
  AppendNumber<Number>(sizeof(Number) * 8, out);
  AppendNumber<Number>(static_cast<Number>((values.size + 3) * sizeof(Number)), out);
  for (uint64_t i = 0; i <= values.size; ++i) {
    AppendNumber<Number>(static_cast<Number>(values.size == 0 ? 0 : values.start(i) - values.start(0)), out);
  }
  if (values.data_bytes > 0) {
    const uint8_t* from = values.data + values.start(0);
    out->insert(out->end(), from, from + values.data_bytes);
  }
}

}  // namespace

std::vector<ChunkEncoder::Chunk> CutStrings(const LeafValues& values, uint64_t target) {
  const uint64_t width = values.offset_bytes();
  std::vector<ChunkEncoder::Chunk> chunks;
  uint64_t first = 0;
  auto size = [&](uint64_t count) {
    return values.start(first + count) - values.start(first) + (count + 1) * width;
  };
  while (first < values.size) {
    const uint64_t rest = values.size - first;
    uint64_t count = std::min<uint64_t>(2, rest);
    while (count < rest) {
      // The last chunk may have any count, so what is left may go in whole.
      const uint64_t next = std::min(count * 2, rest);
      if (next > kMaxChunkValues || size(next) > target) break;
      count = next;
    }
    chunks.push_back({first, count});
    first += count;
  }
  return chunks;
}

std::unique_ptr<ChunkEncoder> MakeVariableEncoder(const LeafValues& values, uint64_t target) {
  return std::make_unique<VariableEncoder>(values, target);
}

std::vector<uint8_t> EncodeStringBlock(const LeafValues& values) {
  std::vector<uint8_t> out;
  out.reserve((values.size + 3) * values.offset_bytes() + values.data_bytes + 16);
  if (values.offset_bytes() == 4) {
    AppendBlock<uint32_t>(values, &out);
  } else {
    AppendBlock<uint64_t>(values, &out);
  }
  return out;
}

}  // namespace lance::encoding
