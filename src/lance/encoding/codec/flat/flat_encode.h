#pragma once

#include <memory>

#include "lance/encoding/codec/chunk_encoder.h"

namespace lance::encoding {

/// Stores values of one width (whole bytes or single bits) as they are.
std::unique_ptr<ChunkEncoder> MakeFlatEncoder(const LeafValues& values);

}  // namespace lance::encoding
