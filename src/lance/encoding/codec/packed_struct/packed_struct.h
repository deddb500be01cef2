#pragma once

#include "lance/encoding/codec/chunk_codec.h"
#include "lance/encoding/codec/per_value_codec.h"

namespace lance::pb21 {
class PackedStruct;
class VariablePackedStruct;
}  // namespace lance::pb21

namespace lance::encoding {

/// Rows of fields of one width, side by side. Mini-block and full-zip form.
Result<std::unique_ptr<ChunkCodec>> MakePackedStructCodec(const pb21::PackedStruct& encoding,
                                                          const LeafShape& shape, const PageFormat& format,
                                                          int depth);
Result<std::unique_ptr<PerValueCodec>> MakePackedStructPerValue(const pb21::PackedStruct& encoding,
                                                                const LeafShape& shape);
/// Rows with fields of varying length, each with its length before it and its own encoding (2.2).
Result<std::unique_ptr<PerValueCodec>> MakeVariablePackedStruct(const pb21::VariablePackedStruct& encoding,
                                                                const LeafShape& shape,
                                                                const PageFormat& format, int depth);

}  // namespace lance::encoding
