#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "lance/base/row_range.h"
#include "lance/base/status.h"
#include "lance/encoding/core/leaf_shape.h"
#include "lance/encoding/core/page.h"
#include "lance/encoding/core/value_sink.h"

namespace lance::pb21 {
class CompressiveEncoding;
}

namespace lance::encoding {

using Bytes = std::span<const uint8_t>;  // as in block_codec.h

/// The value part of one mini-block chunk.
struct ChunkValues {
  uint64_t num_values = 0;
  std::span<const Bytes> buffers;
};

/// Decodes the values of mini-block chunks under one description. Immutable, thread-safe.
class ChunkCodec {
 public:
  virtual ~ChunkCodec() = default;
  /// Appends values `ranges` (ascending, inside [0, num_values)) of `chunk` to `sink`. Codecs with direct
  /// access touch only those values; others decode the chunk once and gather.
  virtual Status Decode(const ChunkValues& chunk, std::span<const RowRange> ranges,
                        ValueSink* sink) const = 0;
  /// Buffers that each chunk has.
  virtual size_t num_buffers() const { return 1; }
  /// Which fixed-size lists carry validity for their items, outermost first; empty: none.
  virtual std::vector<bool> item_validity() const { return {}; }
  virtual uint64_t memory_bytes() const { return 64; }
};

/// True when `ranges` ask for all of [0, num_values).
inline bool IsWhole(std::span<const RowRange> ranges, uint64_t num_values) {
  return ranges.size() == 1 && ranges[0].start == 0 && ranges[0].length == num_values;
}

/// Makes the codec for `encoding`, whose values must have `shape`. `depth` counts wrappers.
/// \retval NotSupported  an encoding that a mini-block page of `format` may not have, by name
/// \retval Corruption    the description contradicts itself or the type
Result<std::unique_ptr<ChunkCodec>> MakeChunkCodec(const pb21::CompressiveEncoding& encoding,
                                                   const LeafShape& shape, const PageFormat& format,
                                                   int depth = 0);

}  // namespace lance::encoding
