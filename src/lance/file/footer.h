#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lance/base/byte_range.h"
#include "lance/base/status.h"
#include "lance/file/file_reader.h"

namespace lance::file {

inline constexpr uint64_t kFooterBytes = 40;
inline constexpr uint64_t kVersionBytes = 8;  ///< u16 major, u16 minor, "LANC": ends files of all versions

/// The last 40 bytes of a 2.x file:
///
///     u64 column metadata | u64 column offset table | u64 global buffer offset table
///     u32 global buffers  | u32 columns             | u16 major | u16 minor | "LANC"
struct Footer {
  ByteRange column_metadata;  ///< all columns' metadata, one behind the other
  ByteRange column_table;     ///< (u64 position, u64 length) a column
  ByteRange global_table;     ///< the same a global buffer
  uint32_t num_columns = 0;
  uint32_t num_global_buffers = 0;
};

/// The version numbers as stored: (0, 0..2) for 0.1, (0, 3) or (2, 0) for 2.0.
struct StoredVersion {
  uint16_t major = 0;
  uint16_t minor = 0;
};

/// Reads the version off the last bytes of a file. Errors: Corruption when the magic is missing.
Result<StoredVersion> ParseVersion(std::span<const uint8_t> tail);

/// Names the version that was stored. Errors: NotSupported for those that we cannot read.
Result<Version> NameVersion(StoredVersion stored);

/// Parses and checks the footer of a 2.x file; `tail` are its last bytes, at least 40.
Result<Footer> ParseFooter(std::span<const uint8_t> tail, uint64_t file_size);

/// Parses an offset table. Every range must end inside [0, end).
Result<std::vector<ByteRange>> ParseOffsetTable(std::span<const uint8_t> table, uint64_t end,
                                                const char* what);

}  // namespace lance::file
