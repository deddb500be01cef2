#include "lance/encoding/write/level_encoder.h"

#include <bit>
#include <cstring>

#include "lance/encoding/codec/bitpack/bitpack_encode.h"
#include "lance/encoding/codec/rle/rle_encode.h"
#include "lance/proto/page_encodings.pb.h"

namespace lance::encoding {
namespace {

constexpr unsigned kLevelBits = 16;

const uint8_t* AsBytes(std::span<const uint16_t> levels) {
  return reinterpret_cast<const uint8_t*>(levels.data());
}

class PackedLevels final : public LevelEncoder {
 public:
  explicit PackedLevels(unsigned width) : width_(width) {}
  uint64_t MaxBytes(uint64_t count) const override { return MaxPackedBlockBytes(kLevelBits, width_, count); }
  uint64_t Encode(std::span<const uint16_t> levels, uint8_t* out) override {
    return EncodePackedBlock(kLevelBits, width_, AsBytes(levels), levels.size(), out);
  }
  void Describe(pb21::CompressiveEncoding* encoding) const override {
    pb21::OutOfLineBitpacking* packed = encoding->mutable_out_of_line_bitpacking();
    packed->set_uncompressed_bits_per_value(kLevelBits);
    packed->mutable_values()->mutable_flat()->set_bits_per_value(width_);
  }

 private:
  unsigned width_;
};

class RunLevels final : public LevelEncoder {
 public:
  uint64_t MaxBytes(uint64_t count) const override { return 8 + count * 3; }
  uint64_t Encode(std::span<const uint16_t> levels, uint8_t* out) override {
    return EncodeRleBlock(kLevelBits, AsBytes(levels), levels.size(), out);
  }
  void Describe(pb21::CompressiveEncoding* encoding) const override {
    encoding->mutable_rle()->mutable_values()->mutable_flat()->set_bits_per_value(kLevelBits);
    encoding->mutable_rle()->mutable_run_lengths()->mutable_flat()->set_bits_per_value(8);
  }
};

}  // namespace

std::unique_ptr<LevelEncoder> MakeLevelEncoder(std::span<const uint16_t> levels, uint16_t max_level,
                                               const PageFormat& format) {
  const auto width =
      static_cast<unsigned>(std::max<unsigned>(1, static_cast<unsigned>(std::bit_width(max_level))));
  if (format.minor >= 2) {
    // Each chunk of 4,096 levels or fewer costs 8 bytes more as runs.
    const uint64_t packed = levels.size() * width / 8;
    const uint64_t sample = std::min<uint64_t>(levels.size(), 1 << 14);
    const uint64_t sampled = CountRuns(kLevelBits, AsBytes(levels), sample) * 3;
    if (sampled * levels.size() < 2 * packed * sample) {
      const uint64_t runs = CountRuns(kLevelBits, AsBytes(levels), levels.size());
      if (runs * 3 + levels.size() / 1024 * 11 + 8 < packed) return std::make_unique<RunLevels>();
    }
  }
  return std::make_unique<PackedLevels>(width);
}

}  // namespace lance::encoding
