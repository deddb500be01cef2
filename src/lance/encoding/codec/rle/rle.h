#pragma once

#include "lance/encoding/codec/block_codec.h"
#include "lance/encoding/codec/chunk_codec.h"

namespace lance::pb21 {
class Rle;
}

namespace lance::encoding {

/// Checks a description (values Flat of 8 to 64 bits, run lengths of one byte) and returns the bits of a
/// value.
Result<unsigned> RleBits(const pb21::Rle& encoding);

/// Mini-block form: buffer 0 has the run values, buffer 1 the run lengths.
Result<std::unique_ptr<ChunkCodec>> MakeRleCodec(const pb21::Rle& encoding, const LeafShape& shape);
/// Block form: u64 bytes of values, values, lengths.
Result<std::unique_ptr<BlockCodec>> MakeRleBlock(const pb21::Rle& encoding, unsigned bits);

}  // namespace lance::encoding
