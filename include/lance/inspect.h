#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <arrow/result.h>
#include <arrow/status.h>

#include "lance/error.h"
#include "lance/export.h"

namespace lance {

class Dataset;

struct IndexSummary {
  std::string name;
  std::string type;  ///< of the index details, such as "BTree", "IvfPq", "Inverted"
  std::vector<std::string> columns;
  uint64_t num_segments = 0;
};

/// What the manifest of one version says; only the index section is read beside it.
struct DatasetSummary {
  std::chrono::sys_time<std::chrono::nanoseconds> timestamp{};  ///< 1970 when the manifest has none
  std::string branch;                                           ///< empty: the main line
  std::string writer;                                           ///< library and version; empty: unknown
  uint64_t num_rows = 0;                                        ///< live
  uint64_t num_deleted_rows = 0;
  uint64_t num_fragments = 0;
  uint64_t num_data_files = 0;
  uint64_t num_deletion_files = 0;
  uint64_t data_bytes = 0;  ///< of the data files whose size the manifest knows
  uint64_t num_files_of_unknown_size = 0;
  bool stable_row_ids = false;
  std::vector<IndexSummary> indices;
};

LANCE_EXPORT arrow::Result<DatasetSummary> Summarize(const Dataset& dataset);

struct PageSummary {
  uint64_t first_row = 0;
  uint64_t num_rows = 0;
  uint64_t bytes = 0;    ///< of all its buffers
  std::string encoding;  ///< one line, such as "MiniBlock{...}"
};

struct ColumnSummary {
  int index = 0;
  std::string path;  ///< "a.b"; "column 3" when no field points at it
  std::string type;  ///< the Arrow type of the field; empty when unknown
  uint64_t bytes = 0;
  std::vector<PageSummary> pages;
};

struct FileSummary {
  std::string path;
  std::string version;  ///< "2.2"
  std::optional<uint64_t> fragment;
  uint64_t num_rows = 0;
  uint64_t size_bytes = 0;
  std::vector<ColumnSummary> columns;
  std::vector<uint64_t> global_buffer_bytes;
};

/// Describes one data file by itself, from its metadata alone: no page is read.
LANCE_EXPORT arrow::Result<FileSummary> DescribeFile(
    const std::string& uri, const std::map<std::string, std::string>& storage_options = {});

/// Calls `visit` for each data file of a dataset in the order of the manifest; stops at the first error.
LANCE_EXPORT arrow::Status DescribeDataFiles(const Dataset& dataset,
                                             const std::function<arrow::Status(const FileSummary&)>& visit);

struct VerifyProblem {
  ErrorKind kind = ErrorKind::kCorruption;
  std::string where;  ///< "fragment 3, data/x.lance, column a.b"
  std::string message;
};

struct VerifyReport {
  uint64_t num_fragments = 0;
  uint64_t num_data_files = 0;
  uint64_t num_columns = 0;  ///< top-level columns read, over all files
  uint64_t num_rows = 0;     ///< physical rows, over all fragments
  std::vector<VerifyProblem> problems;
};

struct VerifyOptions {
  /// Called between pieces of work with the rows of columns done and to do.
  std::function<void(uint64_t done, uint64_t total)> progress;
  /// Called for each problem as it is found.
  std::function<void(const VerifyProblem&)> on_problem;
  uint64_t rows_per_read = 65536;
};

/// Reads everything that a version refers to and checks every structure: manifest, data files (footer, column
/// metadata, every page of every column, decoded and validated), deletion files, row ids and versions, and
/// that they agree with each other. Goes on after a problem where it can. Memory: one piece of one column.
/// \return a report; it fails only when the dataset could not be looked at
LANCE_EXPORT arrow::Result<VerifyReport> Verify(const Dataset& dataset, const VerifyOptions& options = {});

}  // namespace lance
