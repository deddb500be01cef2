#pragma once

#include <memory>

#include "lance/encoding/codec/chunk_encoder.h"

namespace lance::encoding {

/// Stores blocks of 1,024 values, each at the width of its widest value (InlineBitpacking). Null when that
/// saves nothing, or the values are not of 8, 16, 32 or 64 bits.
std::unique_ptr<ChunkEncoder> MakeBitpackEncoder(const LeafValues& values);

/// Bytes of InlineBitpacking of these values, or UINT64_MAX where MakeBitpackEncoder gives null.
uint64_t BitpackedBytes(const ChunkEncoder& encoder);

/// The most bytes of EncodePackedBlock.
uint64_t MaxPackedBlockBytes(unsigned word_bits, unsigned width, uint64_t count);

/// Writes values as a block of OutOfLineBitpacking at one width: full blocks, then a tail that is packed or
/// raw, whichever is shorter. Returns the bytes used; kCopySlack bytes behind may be overwritten.
uint64_t EncodePackedBlock(unsigned word_bits, unsigned width, const uint8_t* values, uint64_t count,
                           uint8_t* out);

}  // namespace lance::encoding
