#pragma once

#include "lance/encoding/codec/chunk_codec.h"
#include "lance/encoding/codec/per_value_codec.h"

namespace lance::pb21 {
class FixedSizeList;
}

namespace lance::encoding {

/// Mini-block form: a bitmap for each list whose items may be null, then the items.
Result<std::unique_ptr<ChunkCodec>> MakeFixedSizeListCodec(const pb21::FixedSizeList& encoding,
                                                           const LeafShape& shape);
/// Full-zip form: each row is its bitmaps, each in whole bytes, then its items.
Result<std::unique_ptr<PerValueCodec>> MakeFixedSizeListPerValue(const pb21::FixedSizeList& encoding,
                                                                 const LeafShape& shape);

}  // namespace lance::encoding
