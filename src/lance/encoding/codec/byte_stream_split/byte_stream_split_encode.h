#pragma once

#include <memory>

#include "lance/encoding/codec/chunk_encoder.h"

namespace lance::encoding {

/// Stores the first bytes of all values of a chunk, then their second bytes and so on; values of 32 or 64
/// bits. Worth it below a general compressor. `chunk_values`: a power of two; 0: the reference's number.
std::unique_ptr<ChunkEncoder> MakeByteStreamSplitEncoder(const LeafValues& values, uint64_t chunk_values = 0);

/// Bits of entropy of a byte of these values (32 or 64 bits each), averaged over its places in a value.
double MeanByteEntropy(const LeafValues& values);

}  // namespace lance::encoding
