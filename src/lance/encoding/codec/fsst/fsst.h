#pragma once

#include "lance/encoding/codec/chunk_codec.h"
#include "lance/encoding/codec/per_value_codec.h"

namespace lance::pb21 {
class Fsst;
}

namespace lance::encoding {

/// Strings of a mini-block chunk, each compressed with the symbol table of the page.
Result<std::unique_ptr<ChunkCodec>> MakeFsstCodec(const pb21::Fsst& encoding, const LeafShape& shape);
Result<std::unique_ptr<PerValueCodec>> MakeFsstPerValue(const pb21::Fsst& encoding, const LeafShape& shape);

}  // namespace lance::encoding
