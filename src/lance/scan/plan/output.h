#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lance/base/status.h"
#include "lance/file/file_reader.h"
#include "lance/scan/plan/projection.h"
#include "lance/scanner.h"
#include "lance/schema/schema.h"

namespace lance::scan {

/// How files are asked for what a scan asks for.
file::BlobHandling HandlingOf(BlobMode blobs);

/// Where a column that somebody names is found in the inner batches.
struct ColumnPath {
  std::string top_level;                ///< column of the inner batches, stored or made
  std::vector<std::string> members;     ///< path inside it
  std::shared_ptr<arrow::Field> field;  ///< type and metadata; nullable when a struct on the way is
  std::string path;                     ///< as ColumnSetBuilder::Add takes it
};

/// Resolves "a", "a.b" or a made column. `search`: `_distance` and `query_index` exist.
/// Errors: InvalidArgument "No field named ...".
Result<ColumnPath> ResolveColumn(const schema::Schema& table, file::BlobHandling blobs, bool search,
                                 const std::string& name);

/// The result's columns and the paths that they need.
struct Output {
  std::vector<OutputColumn> columns;
  std::vector<std::string> paths;
};

/// Settles the result's columns from `options`. `batch_search`: `query_index` comes first.
Result<Output> MakeOutput(const schema::Schema& table, const ScanOptions& options, file::BlobHandling blobs,
                          bool batch_search);

}  // namespace lance::scan
