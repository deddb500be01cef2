#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "lance/base/status.h"
#include "lance/encoding/core/column_source.h"

namespace lance::file {

struct ColumnMetadataContext {
  std::string where;  ///< "file x.lance, column 3", for errors
  uint64_t file_size = 0;
  bool require_alignment = false;  ///< 2.1 and later: page buffers start at multiples of 64
};

/// Parses a serialized ColumnMetadata and checks that every buffer lies inside the file and that row counts
/// do not overflow. Errors: Corruption, NotSupported for encodings stored elsewhere than in the message.
Result<std::unique_ptr<encoding::ColumnInfo>> ParseColumnMetadata(std::span<const uint8_t> bytes,
                                                                  const ColumnMetadataContext& context);

}  // namespace lance::file
