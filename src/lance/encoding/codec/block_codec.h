#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "lance/base/status.h"
#include "lance/encoding/core/buffers.h"
#include "lance/encoding/core/page.h"

namespace lance::pb21 {
class CompressiveEncoding;
}

namespace lance::encoding {

using Bytes = std::span<const uint8_t>;

/// Decodes a whole buffer of values of one width at once: repetition and definition levels, fixed-width
/// dictionaries. Immutable, thread-safe.
class BlockCodec {
 public:
  explicit BlockCodec(unsigned bits) : bits_(bits) {}
  virtual ~BlockCodec() = default;
  unsigned bits() const { return bits_; }

  /// Writes `num_values` values to `out`, which has room for them and kCopySlack bytes more.
  virtual Status Decode(Bytes payload, uint64_t num_values, uint8_t* out) const = 0;

  /// Writes one bit a value to `out`, set where the value is 0; `out` has room for whole words of 64 bits and
  /// kCopySlack bytes. Only for 16-bit values (levels).
  virtual Status DecodeZeroBits(Bytes payload, uint64_t num_values, ScratchBytes* scratch,
                                uint8_t* out) const;

  /// Returns how many values the payload itself says it has, if the encoding knows.
  virtual Result<std::optional<uint64_t>> CountValues(Bytes payload) const {
    return std::optional<uint64_t>();
  }

 private:
  unsigned bits_;
};

/// Makes the codec for `encoding`, whose values must have `bits` bits (8, 16, 32, 64 or any number of bytes).
/// \retval NotSupported  an encoding that a block of `format` may not have, by name
Result<std::unique_ptr<BlockCodec>> MakeBlockCodec(const pb21::CompressiveEncoding& encoding, unsigned bits,
                                                   const PageFormat& format, int depth = 0);

}  // namespace lance::encoding
