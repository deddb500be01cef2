#pragma once

#include <cstdint>

#include "lance/encoding/core/leaf_shape.h"
#include "lance/encoding/write/shred.h"

namespace lance::encoding {

/// Bytes that rows take before encoding, levels included.
uint64_t LeafBytes(const LeafShape& shape, const ShreddedLeaf& leaf);

}  // namespace lance::encoding
