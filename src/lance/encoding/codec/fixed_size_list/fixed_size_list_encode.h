#pragma once

#include <memory>
#include <vector>

#include "lance/encoding/codec/chunk_encoder.h"

namespace lance::encoding {

struct LeafShape;

/// Stores lists of fixed size: a bitmap for each level whose items have nulls, then the items.
std::unique_ptr<ChunkEncoder> MakeFixedSizeListEncoder(const LeafShape& shape, const LeafValues& values);

/// Describes such values, whether in chunks or one by one.
void DescribeFixedSizeList(const LeafShape& shape, const LeafValues& values,
                           pb21::CompressiveEncoding* encoding);

/// Lays the lists out one by one for full-zip pages: bitmaps, each padded to bytes, then items. `bits` of a
/// row are whole bytes. Returns the rows, `row_bytes` each.
std::vector<uint8_t> ZipFixedSizeLists(const LeafShape& shape, const LeafValues& values, uint64_t* row_bytes);

}  // namespace lance::encoding
