#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "lance/base/status.h"
#include "lance/encoding/codec/chunk_encoder.h"

namespace lance::encoding {

enum class Scheme : uint8_t { kLz4, kZstd };

/// A general compressor and its level; none: the library's own.
struct Compression {
  Scheme scheme = Scheme::kLz4;
  std::optional<int> level;
  bool operator==(const Compression&) const = default;
};

/// Appends `bytes` compressed, behind their length (u32 for lz4, u64 for zstd). Errors: Internal.
Status AppendCompressed(const Compression& compression, const uint8_t* bytes, uint64_t size,
                        std::vector<uint8_t>* out);

/// Describes what `compression` was laid around; returns where the inner encoding goes.
pb21::CompressiveEncoding* DescribeGeneral(const Compression& compression,
                                           pb21::CompressiveEncoding* encoding);

/// Compresses the first buffer of each chunk of `inner`. Returns `inner` itself where that saves nothing.
Result<std::unique_ptr<ChunkEncoder>> WrapGeneral(std::unique_ptr<ChunkEncoder> inner,
                                                  const Compression& compression);

/// The share of its bytes that some chunks of `inner`, spread over the page, keep when they are compressed.
Result<double> SampleCompression(ChunkEncoder* inner, const Compression& compression);

}  // namespace lance::encoding
