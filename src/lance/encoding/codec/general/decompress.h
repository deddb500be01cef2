#pragma once

#include <cstdint>
#include <span>

#include "lance/base/status.h"

namespace lance::pb21 {
class BufferCompression;
}

namespace lance::encoding {

enum class Compressor : uint8_t { kLz4, kZstd };

/// Reads which general-purpose compressor a description names. \retval NotSupported  one that we do not have
Result<Compressor> ParseCompressor(const pb21::BufferCompression& compression);

/// A compressed buffer, looked at but not decompressed.
struct CompressedBuffer {
  Compressor compressor = Compressor::kLz4;
  std::span<const uint8_t> payload;
  uint64_t raw_bytes = 0;  ///< what decompression makes
};
/// Reads the header: u32 raw length before LZ4 blocks; u64 before zstd frames, which may also stand alone.
/// Refuses lengths that the payload cannot make. An empty buffer is empty.
Result<CompressedBuffer> ParseCompressed(Compressor compressor, std::span<const uint8_t> stored);

/// Decompresses to `out`, which has room for raw_bytes. Thread-safe; keeps a context a thread.
Status DecompressInto(const CompressedBuffer& buffer, uint8_t* out);

}  // namespace lance::encoding
