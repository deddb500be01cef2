#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "lance/base/status.h"
#include "lance/file/file_reader.h"

namespace lance::file {

/// Stored bytes and pages of one encoding (the text of PageDescription::encoding).
struct EncodingUse {
  uint64_t pages = 0;
  uint64_t bytes = 0;
};

/// What a verification saw of one column.
struct ColumnUse {
  int column = 0;
  std::string name;  ///< path of the field, such as "a.item.b"; empty when no field uses the column
  uint64_t pages = 0;
  uint64_t bytes = 0;
  std::map<std::string, EncodingUse> encodings;
};

struct VerifyReport {
  uint64_t rows = 0;
  uint64_t pages = 0;
  std::vector<ColumnUse> columns;
  uint64_t global_buffer_bytes = 0;
  uint64_t metadata_bytes = 0;
  /// Everything found wrong, each naming file, column and page. Empty: the file is sound.
  std::vector<std::string> errors;
};

struct VerifyOptions {
  uint64_t rows_per_read = 1 << 20;  ///< bounds the memory that verification takes
};

/// Reads every row of every field, decodes it and checks the arrays that come out (offsets, validity,
/// lengths, UTF-8), checks that buffers do not overlap, and counts what is stored. Never fails for what it
/// finds in the file: that is in the report. Reads the whole file once.
VerifyReport Verify(FileReader* file, const VerifyOptions& options = {});

}  // namespace lance::file
