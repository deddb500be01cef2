#pragma once

#include <cstdint>
#include <memory>

#include "lance/encoding/codec/chunk_encoder.h"

namespace lance::encoding {

/// Stores runs of equal values of 8, 16, 32 or 64 bits. Null when runs take `limit` bytes or more.
std::unique_ptr<ChunkEncoder> MakeRleEncoder(const LeafValues& values, uint64_t limit);

/// Runs of `count` values, longer ones cut at 255.
uint64_t CountRuns(unsigned bits, const uint8_t* values, uint64_t count);

/// Writes values as a block of runs: u64 bytes of run values, run values, run lengths. Returns the bytes
/// used, 8 + runs * (bits / 8 + 1).
uint64_t EncodeRleBlock(unsigned bits, const uint8_t* values, uint64_t count, uint8_t* out);

}  // namespace lance::encoding
