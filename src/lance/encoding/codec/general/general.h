#pragma once

#include "lance/encoding/codec/block_codec.h"
#include "lance/encoding/codec/chunk_codec.h"
#include "lance/encoding/codec/per_value_codec.h"

namespace lance::pb21 {
class General;
}

namespace lance::encoding {

/// LZ4 or zstd around something else: the first buffer of each chunk, each value, or a whole block.
Result<std::unique_ptr<ChunkCodec>> MakeGeneralCodec(const pb21::General& encoding, const LeafShape& shape,
                                                     const PageFormat& format, int depth);
Result<std::unique_ptr<PerValueCodec>> MakeGeneralPerValue(const pb21::General& encoding,
                                                           const LeafShape& shape);
Result<std::unique_ptr<BlockCodec>> MakeGeneralBlock(const pb21::General& encoding, unsigned bits,
                                                     const PageFormat& format, int depth);

}  // namespace lance::encoding
