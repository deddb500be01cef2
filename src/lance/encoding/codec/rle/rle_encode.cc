#include "lance/encoding/codec/rle/rle_encode.h"

#include <cstring>

#include "lance/encoding/write/leaf_values.h"
#include "lance/proto/page_encodings.pb.h"

namespace lance::encoding {
namespace {

constexpr uint64_t kMaxRun = 255;

template <typename T>
uint64_t CountRunsOf(const uint8_t* bytes, uint64_t count) {
  const T* values = reinterpret_cast<const T*>(bytes);
  uint64_t runs = 0;
  for (uint64_t i = 0; i < count;) {
    uint64_t end = i + 1;
    while (end < count && values[end] == values[i]) ++end;
    runs += (end - i + kMaxRun - 1) / kMaxRun;
    i = end;
  }
  return runs;
}

// Writes run values at `values_out` and run lengths at `lengths_out`; returns the runs.
template <typename T>
uint64_t WriteRunsOf(const uint8_t* bytes, uint64_t count, uint8_t* values_out, uint8_t* lengths_out) {
  const T* values = reinterpret_cast<const T*>(bytes);
  uint64_t runs = 0;
  for (uint64_t i = 0; i < count;) {
    uint64_t end = i + 1;
    while (end < count && end - i < kMaxRun && values[end] == values[i]) ++end;
    std::memcpy(values_out + runs * sizeof(T), &values[i], sizeof(T));
    lengths_out[runs++] = static_cast<uint8_t>(end - i);
    i = end;
  }
  return runs;
}

uint64_t WriteRuns(unsigned bits, const uint8_t* values, uint64_t count, uint8_t* values_out,
                   uint8_t* lengths_out) {
  switch (bits) {
    case 8:
      return WriteRunsOf<uint8_t>(values, count, values_out, lengths_out);
    case 16:
      return WriteRunsOf<uint16_t>(values, count, values_out, lengths_out);
    case 32:
      return WriteRunsOf<uint32_t>(values, count, values_out, lengths_out);
    default:
      return WriteRunsOf<uint64_t>(values, count, values_out, lengths_out);
  }
}

class RleEncoder final : public ChunkEncoder {
 public:
  explicit RleEncoder(const LeafValues& values) : values_(values), bits_(static_cast<unsigned>(values.bits)) {
    CutEvenly(values.size, kMaxChunkValues);
    runs_.reserve(chunks_.size());
    for (const Chunk& chunk : chunks_) {
      runs_.push_back(CountRuns(bits_, values.data + chunk.first * (bits_ / 8), chunk.count));
      total_ += runs_.back() * (bits_ / 8 + 1);
    }
  }

  uint64_t total_bytes() const { return total_; }
  size_t num_buffers() const override { return 2; }

  uint64_t MaxBytes(const Chunk& chunk) const override {
    const uint64_t runs = runs_[chunk.first / kMaxChunkValues];
    return AlignChunk(runs * (bits_ / 8)) + runs;
  }

  Status Encode(const Chunk& chunk, uint8_t* out, uint32_t* sizes) override {
    const uint64_t runs = runs_[chunk.first / kMaxChunkValues];
    WriteRuns(bits_, values_.data + chunk.first * (bits_ / 8), chunk.count, out,
              out + AlignChunk(runs * (bits_ / 8)));
    sizes[0] = static_cast<uint32_t>(runs * (bits_ / 8));
    sizes[1] = static_cast<uint32_t>(runs);
    return Status::OK();
  }

  void Describe(pb21::CompressiveEncoding* encoding) const override {
    encoding->mutable_rle()->mutable_values()->mutable_flat()->set_bits_per_value(bits_);
    encoding->mutable_rle()->mutable_run_lengths()->mutable_flat()->set_bits_per_value(8);
  }

 private:
  const LeafValues& values_;
  unsigned bits_;
  std::vector<uint64_t> runs_;
  uint64_t total_ = 0;
};

}  // namespace

uint64_t CountRuns(unsigned bits, const uint8_t* values, uint64_t count) {
  switch (bits) {
    case 8:
      return CountRunsOf<uint8_t>(values, count);
    case 16:
      return CountRunsOf<uint16_t>(values, count);
    case 32:
      return CountRunsOf<uint32_t>(values, count);
    default:
      return CountRunsOf<uint64_t>(values, count);
  }
}

uint64_t EncodeRleBlock(unsigned bits, const uint8_t* values, uint64_t count, uint8_t* out) {
  const uint64_t runs = CountRuns(bits, values, count);
  const uint64_t bytes = runs * (bits / 8);
  std::memcpy(out, &bytes, 8);
  WriteRuns(bits, values, count, out + 8, out + 8 + bytes);
  return 8 + bytes + runs;
}

std::unique_ptr<ChunkEncoder> MakeRleEncoder(const LeafValues& values, uint64_t limit) {
  if (values.bits != 8 && values.bits != 16 && values.bits != 32 && values.bits != 64) return nullptr;
  // A look at some of the values spares most columns the rest.
  const uint64_t sample = std::min<uint64_t>(values.size, kMaxChunkValues * 4);
  const auto bits = static_cast<unsigned>(values.bits);
  const uint64_t sampled = CountRuns(bits, values.data, sample) * (values.bits / 8 + 1);
  if (sample < values.size && sampled * values.size > 2 * limit * sample) return nullptr;
  auto encoder = std::make_unique<RleEncoder>(values);
  if (encoder->total_bytes() >= limit) return nullptr;
  return encoder;
}

}  // namespace lance::encoding
