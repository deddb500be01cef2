#pragma once

#include "lance/encoding/codec/chunk_codec.h"

namespace lance::pb21 {
class ByteStreamSplit;
}

namespace lance::encoding {

/// Values of 32 or 64 bits, all their first bytes, then all their second bytes, and so on.
Result<std::unique_ptr<ChunkCodec>> MakeByteStreamSplitCodec(const pb21::ByteStreamSplit& encoding,
                                                             const LeafShape& shape);

}  // namespace lance::encoding
