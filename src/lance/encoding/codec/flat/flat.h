#pragma once

#include "lance/encoding/codec/block_codec.h"
#include "lance/encoding/codec/chunk_codec.h"
#include "lance/encoding/codec/per_value_codec.h"

namespace lance::pb21 {
class Flat;
class FixedSizeList;
}  // namespace lance::pb21

namespace lance::encoding {

/// Checks a Flat description and returns its width in bits.
Result<uint64_t> FlatBits(const pb21::Flat& flat);

/// Values stored plain at `shape.bits` bits.
Result<std::unique_ptr<ChunkCodec>> MakeFlatCodec(const pb21::Flat& flat, const LeafShape& shape);
Result<std::unique_ptr<BlockCodec>> MakeFlatBlock(const pb21::Flat& flat, unsigned bits);
/// Values of whole bytes; booleans take a byte each.
Result<std::unique_ptr<PerValueCodec>> MakeFlatPerValue(const pb21::Flat& flat, const LeafShape& shape);

}  // namespace lance::encoding
