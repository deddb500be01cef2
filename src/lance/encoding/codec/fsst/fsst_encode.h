#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "lance/encoding/codec/chunk_encoder.h"
#include "lance/encoding/write/leaf_values.h"

namespace lance::encoding {

/// Strings in codes, and the table that expands them.
struct FsstStrings {
  LeafValues codes;   ///< kVariable, offsets as wide as the strings'
  std::string table;  ///< as it is stored, 2312 bytes
};

/// Trains a table on the strings and writes them in it. Nothing when codes and table are no shorter.
Result<std::optional<FsstStrings>> CompressStrings(const LeafValues& values);

/// Describes codes in a Variable encoding.
void DescribeFsst(const FsstStrings& strings, pb21::CompressiveEncoding* encoding);

/// Stores codes in chunks.
std::unique_ptr<ChunkEncoder> MakeFsstEncoder(FsstStrings strings, uint64_t chunk_bytes);

}  // namespace lance::encoding
