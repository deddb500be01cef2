#pragma once

#include <memory>
#include <vector>

#include "lance/encoding/codec/chunk_encoder.h"

namespace lance::encoding {

/// Bytes that a chunk of strings and their offsets aims at.
inline constexpr uint64_t kStringChunkBytes = 4096;

/// Cuts strings into chunks of about `target` bytes.
std::vector<ChunkEncoder::Chunk> CutStrings(const LeafValues& values, uint64_t target);

/// Stores strings as offsets and bytes.
std::unique_ptr<ChunkEncoder> MakeVariableEncoder(const LeafValues& values,
                                                  uint64_t target = kStringChunkBytes);

/// Writes strings as a block, the form of dictionaries: u32 32, u32 start of the bytes, offsets from 0,
/// bytes; or the same of 64 bits.
std::vector<uint8_t> EncodeStringBlock(const LeafValues& values);

}  // namespace lance::encoding
