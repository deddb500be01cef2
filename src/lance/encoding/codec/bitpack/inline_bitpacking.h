#pragma once

#include "lance/encoding/codec/chunk_codec.h"

namespace lance::pb21 {
class InlineBitpacking;
}

namespace lance::encoding {

/// Checks an InlineBitpacking description and returns its word size: 8, 16, 32 or 64.
Result<unsigned> InlineBitpackingBits(const pb21::InlineBitpacking& encoding);

/// A packed block as stored: its width and its words.
struct PackedBlock {
  unsigned width = 0;
  const uint8_t* words = nullptr;
};
/// Checks a block of `num_values` <= 1024 values of `word_bits` and finds its parts.
Result<PackedBlock> ParseInlineBlock(Bytes bytes, unsigned word_bits, uint64_t num_values);

/// Blocks of up to 1,024 values, each with its width in its first word.
Result<std::unique_ptr<ChunkCodec>> MakeInlineBitpackingCodec(const pb21::InlineBitpacking& encoding,
                                                              const LeafShape& shape);

}  // namespace lance::encoding
