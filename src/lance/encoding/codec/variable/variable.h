#pragma once

#include "lance/base/span_reader.h"
#include "lance/encoding/codec/chunk_codec.h"
#include "lance/encoding/codec/per_value_codec.h"

namespace lance::pb21 {
class Variable;
}

namespace lance::encoding {

/// Checks a Variable description and returns the width of its offsets: 32 or 64 bits.
Result<unsigned> VariableOffsetBits(const pb21::Variable& encoding);

/// Offsets of a mini-block buffer of strings, checked once: `num_values` + 1 of them, not descending, inside
/// the buffer (they count from its first byte).
struct ChunkOffsets {
  const uint8_t* data = nullptr;
  unsigned bits = 32;
  uint64_t operator[](uint64_t index) const {
    return bits == 32 ? LoadLE<uint32_t>(data + index * 4) : LoadLE<uint64_t>(data + index * 8);
  }
};
Result<ChunkOffsets> ParseChunkOffsets(Bytes buffer, unsigned offset_bits, uint64_t num_values,
                                       std::span<const RowRange> ranges);

Result<std::unique_ptr<ChunkCodec>> MakeVariableCodec(const pb21::Variable& encoding, const LeafShape& shape);
Result<std::unique_ptr<PerValueCodec>> MakeVariablePerValue(const pb21::Variable& encoding,
                                                            const LeafShape& shape);

}  // namespace lance::encoding
