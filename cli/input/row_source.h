#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <arrow/result.h>
#include <arrow/type_fwd.h>

namespace lance::cli {

enum class InputFormat { kCsv, kTsv, kJsonLines, kArrowFile, kArrowStream, kParquet };

/// How files of rows are read.
struct InputOptions {
  std::optional<InputFormat> format;                              ///< default: by each file's extension
  std::map<std::string, std::shared_ptr<arrow::DataType>> types;  ///< of columns, instead of what is found
  std::vector<std::string> columns;                               ///< only these, in this order; empty: all
  char delimiter = 0;                                             ///< of CSV; 0: by format
  bool header = true;                                             ///< the first line of CSV names the columns
  std::vector<std::string> null_values;                           ///< of CSV, beside the empty field
  /// What the rows are to be written to: values take its types, where that loses nothing, and columns that it
  /// lacks are an error.
  std::shared_ptr<arrow::Schema> target;
};

/// The formats by the names users give: "csv", "parquet", ...; none when there is no such name.
std::optional<InputFormat> ParseInputFormat(const std::string& name);
const std::vector<std::string>& InputFormatNames();

/// Rows of several files, one after the other.
struct RowSource {
  std::shared_ptr<arrow::RecordBatchReader> reader;
  uint64_t expected_rows = 0;  ///< 0: not known without reading
};

/// Opens files (or "-", stdin) as one stream. The first file decides the columns and, where neither `types`
/// nor `target` do, their types; the others must have the same columns. Files are opened when it is their
/// turn, but all are looked for now. Errors name the file and the column.
arrow::Result<RowSource> OpenRows(const std::vector<std::string>& paths, const InputOptions& options);

}  // namespace lance::cli
