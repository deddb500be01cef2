#pragma once

#include <cstdint>
#include <memory>

#include "lance/encoding/codec/chunk_encoder.h"

namespace lance::encoding {

/// Stores values of one width (whole bytes or single bits) as they are. `chunk_values`: a power of two; 0: as
/// many as chunks should hold.
std::unique_ptr<ChunkEncoder> MakeFlatEncoder(const LeafValues& values, uint64_t chunk_values = 0);

}  // namespace lance::encoding
