#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "lance/base/status.h"
#include "lance/encoding/core/page.h"

namespace lance::pb21 {
class CompressiveEncoding;
}

namespace lance::encoding {

/// Writes runs of levels as blocks, all of one page in the same encoding. One thread at a time.
class LevelEncoder {
 public:
  virtual ~LevelEncoder() = default;
  virtual uint64_t MaxBytes(uint64_t count) const = 0;
  /// Writes `levels` at `out` and returns the bytes used. kCopySlack bytes behind may be overwritten.
  virtual uint64_t Encode(std::span<const uint16_t> levels, uint8_t* out) = 0;
  virtual void Describe(pb21::CompressiveEncoding* encoding) const = 0;
};

/// Picks the encoding of the levels of a page.
std::unique_ptr<LevelEncoder> MakeLevelEncoder(std::span<const uint16_t> levels, uint16_t max_level,
                                               const PageFormat& format);

}  // namespace lance::encoding
