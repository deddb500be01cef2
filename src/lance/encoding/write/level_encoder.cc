#include "lance/encoding/write/level_encoder.h"

#include <cstring>

#include "lance/proto/page_encodings.pb.h"

namespace lance::encoding {
namespace {

class FlatLevels final : public LevelEncoder {
 public:
  uint64_t MaxBytes(uint64_t count) const override { return count * 2; }
  uint64_t Encode(std::span<const uint16_t> levels, uint8_t* out) override {
    std::memcpy(out, levels.data(), levels.size_bytes());
    return levels.size_bytes();
  }
  void Describe(pb21::CompressiveEncoding* encoding) const override {
    encoding->mutable_flat()->set_bits_per_value(16);
  }
};

}  // namespace

std::unique_ptr<LevelEncoder> MakeLevelEncoder(std::span<const uint16_t> /*levels*/, uint16_t /*max_level*/,
                                               const PageFormat& /*format*/) {
  return std::make_unique<FlatLevels>();
}

}  // namespace lance::encoding
