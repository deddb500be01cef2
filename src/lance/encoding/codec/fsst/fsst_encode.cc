#include "lance/encoding/codec/fsst/fsst_encode.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "lance/encoding/codec/fsst/symbol_trainer.h"
#include "lance/encoding/codec/variable/variable_encode.h"
#include "lance/encoding/core/buffers.h"
#include "lance/proto/page_encodings.pb.h"

namespace lance::encoding {
namespace {

constexpr uint64_t kSampleBytes = 32 << 10;
constexpr uint64_t kSmallestSample = 12 << 10;
constexpr uint64_t kSampledShare = 8;  // of small pages: training takes time that writing them does not
constexpr uint64_t kPieceBytes = 512;

// Takes pieces of strings from all over the page.
SymbolTrainer Train(const LeafValues& values) {
  std::string sample;
  std::vector<uint64_t> ends;
  const uint64_t sample_bytes = std::clamp(values.data_bytes / kSampledShare, kSmallestSample, kSampleBytes);
  const uint64_t mean = std::max<uint64_t>(1, values.data_bytes / values.size);
  const uint64_t wanted = std::max<uint64_t>(1, sample_bytes / std::min(mean, kPieceBytes));
  const uint64_t step = std::max<uint64_t>(1, values.size / wanted);
  for (uint64_t i = 0; i < values.size && sample.size() < sample_bytes; i += step) {
    const uint64_t length = values.length(i);
    // Long strings in the middle, too, not only where they start.
    const uint64_t skip = length > kPieceBytes ? i * 7919 % (length - kPieceBytes) : 0;
    sample.append(reinterpret_cast<const char*>(values.data + values.start(i) + skip),
                  std::min(length, kPieceBytes));
    ends.push_back(sample.size());
  }
  return SymbolTrainer(sample, ends);
}

class FsstEncoder final : public ChunkEncoder {
 public:
  FsstEncoder(FsstStrings strings, uint64_t chunk_bytes) : strings_(std::move(strings)) {
    codes_ = MakeVariableEncoder(strings_.codes, chunk_bytes);
    chunks_ = codes_->chunks();
  }
  uint64_t MaxBytes(const Chunk& chunk) const override { return codes_->MaxBytes(chunk); }
  Status Encode(const Chunk& chunk, uint8_t* out, uint32_t* sizes) override {
    return codes_->Encode(chunk, out, sizes);
  }
  void Describe(pb21::CompressiveEncoding* encoding) const override { DescribeFsst(strings_, encoding); }

 private:
  FsstStrings strings_;
  std::unique_ptr<ChunkEncoder> codes_;
};

}  // namespace

Result<std::optional<FsstStrings>> CompressStrings(const LeafValues& values) {
  if (values.data_bytes > UINT32_MAX / 2) return std::nullopt;  // one string may take twice its bytes
  const SymbolTrainer trainer = Train(values);
  FsstStrings out;
  out.table = trainer.Serialize();
  ARROW_ASSIGN_OR_RAISE(auto bytes, AllocateOutput(2 * values.data_bytes + 8));
  std::vector<uint32_t> lengths(values.size);
  const uint64_t end = trainer.EncodeAll(values, bytes->mutable_data(), lengths.data());
  if (end + out.table.size() >= values.data_bytes) return std::nullopt;
  if (end > INT32_MAX) return std::nullopt;
  const unsigned width = values.offset_bytes();
  ARROW_ASSIGN_OR_RAISE(auto ends, AllocateOutput((values.size + 1) * width));
  uint64_t so_far = 0;
  std::memcpy(ends->mutable_data(), &so_far, width);
  for (uint64_t i = 0; i < values.size; ++i) {
    so_far += lengths[i];
    out.codes.max_length = std::max<uint64_t>(out.codes.max_length, lengths[i]);
    std::memcpy(ends->mutable_data() + (i + 1) * width, &so_far, width);
  }
  out.codes.kind = LeafKind::kVariable;
  out.codes.size = values.size;
  out.codes.data = bytes->data();
  out.codes.data_bytes = end;
  if (width == 4) {
    out.codes.offsets32 = reinterpret_cast<const int32_t*>(ends->data());
  } else {
    out.codes.offsets64 = reinterpret_cast<const int64_t*>(ends->data());
  }
  out.codes.owners = {std::move(bytes), std::move(ends)};
  return out;
}

void DescribeFsst(const FsstStrings& strings, pb21::CompressiveEncoding* encoding) {
  pb21::Fsst* fsst = encoding->mutable_fsst();
  fsst->set_symbol_table(strings.table);
  fsst->mutable_values()->mutable_variable()->mutable_offsets()->mutable_flat()->set_bits_per_value(
      strings.codes.offset_bytes() * 8);
}

std::unique_ptr<ChunkEncoder> MakeFsstEncoder(FsstStrings strings, uint64_t chunk_bytes) {
  return std::make_unique<FsstEncoder>(std::move(strings), chunk_bytes);
}

}  // namespace lance::encoding
