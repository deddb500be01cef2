#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "lance/base/status.h"

namespace lance::pb21 {
class CompressiveEncoding;
}

namespace lance::encoding {

struct LeafValues;

/// The most values of a mini-block chunk that the reference writes.
inline constexpr uint64_t kMaxChunkValues = 4096;
/// Bytes of values a chunk of one width stays below.
inline constexpr uint64_t kMaxChunkBytes = 8186;
/// Chunks and the buffers in them start at multiples of this.
inline constexpr uint64_t kChunkAlignment = 8;

/// Turns the values of a page into the value buffers of mini-block chunks. Immutable after it was made but
/// for scratch memory: one thread at a time. The values it was made for must outlive it.
class ChunkEncoder {
 public:
  struct Chunk {
    uint64_t first = 0;
    uint64_t count = 0;  ///< a power of two above 1, in the last chunk any
  };

  virtual ~ChunkEncoder() = default;
  const std::vector<Chunk>& chunks() const { return chunks_; }
  virtual size_t num_buffers() const { return 1; }
  /// At least the bytes that Encode writes for any chunk, padding included.
  virtual uint64_t MaxBytes(const Chunk& chunk) const = 0;
  /// Writes the buffers of one chunk at `out` (8-byte aligned), each but the last padded to 8 bytes, and
  /// their sizes without padding. kCopySlack bytes behind MaxBytes may be overwritten.
  virtual Status Encode(const Chunk& chunk, uint8_t* out, uint32_t* sizes) = 0;
  /// Describes the values; called after all chunks.
  virtual void Describe(pb21::CompressiveEncoding* encoding) const = 0;

 protected:
  /// Cuts `count` values into chunks of `step` values.
  void CutEvenly(uint64_t count, uint64_t step);
  std::vector<Chunk> chunks_;
};

inline uint64_t AlignChunk(uint64_t bytes) {
  return (bytes + kChunkAlignment - 1) / kChunkAlignment * kChunkAlignment;
}

/// The largest power of two of values of `bits` bits in a chunk; at least 2.
uint64_t EvenChunkValues(uint64_t bits, uint64_t max_values = kMaxChunkValues);

}  // namespace lance::encoding
