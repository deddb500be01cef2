#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <arrow/result.h>
#include <arrow/status.h>

namespace arrow {
class RecordBatch;
class RecordBatchReader;
class Schema;
namespace io {
class OutputStream;
}
}  // namespace arrow

namespace lance::cli {

enum class OutputFormat { kTable, kCsv, kTsv, kJsonLines, kJson, kArrowFile, kArrowStream, kParquet };

/// Where rows go and how they look.
struct OutputOptions {
  std::optional<OutputFormat>
      format;              ///< default: by the file's extension, else table on a terminal, CSV otherwise
  std::string path;        ///< empty: stdout
  int64_t max_rows = 100;  ///< rows a table shows; 0: all. Other formats always write all
  int max_width = 0;       ///< columns of a table; 0: the terminal's
  bool header = true;      ///< of CSV
};

/// Receives rows and writes them somewhere in one format. One thread at a time.
class RowSink {
 public:
  virtual ~RowSink() = default;
  virtual arrow::Status Write(const arrow::RecordBatch& batch) = 0;
  /// Ends the output (footers, closing lines). Without it the output is not complete.
  virtual arrow::Status Close() = 0;
  /// True when more rows would change nothing, so that the caller may stop.
  virtual bool full() const { return false; }
};

/// The formats by the names users give: "table", "csv", ...; none when there is no such name.
std::optional<OutputFormat> ParseFormat(const std::string& name);
/// All names, for help and errors.
const std::vector<std::string>& FormatNames();
/// Resolves the default by file extension and terminal.
OutputFormat ChooseFormat(const OutputOptions& options);

/// Makes a sink that writes to `stream`.
arrow::Result<std::unique_ptr<RowSink>> MakeSink(OutputFormat format, const OutputOptions& options,
                                                 std::shared_ptr<arrow::io::OutputStream> stream,
                                                 const std::shared_ptr<arrow::Schema>& schema);

/// Writes all rows of `reader` as `options` say, with progress on stderr for long work. Returns the rows
/// written. A file is written under a temporary name and renamed when complete.
arrow::Result<int64_t> WriteRows(arrow::RecordBatchReader* reader, const OutputOptions& options,
                                 uint64_t expected_rows = 0);

}  // namespace lance::cli
