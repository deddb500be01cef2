#pragma once

#include <cstdint>
#include <memory>

#include "lance/encoding/codec/chunk_encoder.h"

namespace lance::encoding {

/// Stores structs of members of whole bytes as rows of their members side by side.
Result<std::unique_ptr<ChunkEncoder>> MakePackedStructEncoder(const LeafValues& values);

/// Joins the members of each row for full-zip pages: members of one width as they are, the others behind
/// their length. The rows are the values of `rows`, of varying length; `encoding` says how they are made.
Status ZipPackedStructs(const LeafValues& values, LeafValues* rows, pb21::CompressiveEncoding* encoding);

}  // namespace lance::encoding
