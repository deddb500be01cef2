#pragma once

#include <memory>
#include <string>
#include <vector>

#include <arrow/result.h>

#include "lance/scanner.h"

namespace CLI {
class App;
}
namespace lance {
class Dataset;
}

namespace lance::cli {

/// What to scan and how, as `lance scan` takes it.
struct ScanArguments {
  std::vector<std::string> columns;
  std::string filter;
  int64_t limit = -1;
  int64_t offset = 0;
  std::vector<std::string> order_by;
  bool with_row_id = false;
  bool with_row_address = false;
  std::vector<uint64_t> fragments;
  bool unordered = false;
  bool blob_bytes = false;
  int64_t batch_rows = 0;

  std::string nearest;
  std::string query;
  int64_t query_row = -1;
  int64_t k = 10;
  std::string metric;
  bool prefilter = false;
  bool no_index = false;
  int64_t nprobes = 0;
  int64_t refine_factor = 0;
  int64_t ef = 0;
  std::string distance_range;

  void AddTo(CLI::App& verb);
  /// Turns the arguments into options; reads a query vector from `dataset` when it is given by row.
  arrow::Result<ScanOptions> Resolve(const Dataset& dataset) const;
};

/// Reads lists such as "a, b.c, total = price * 2" into options->columns; nothing given leaves it unset.
arrow::Status ParseColumns(const std::vector<std::string>& lists, ScanOptions* options);

/// Reads "price desc nulls first, id" into an ordering.
arrow::Result<std::vector<ColumnOrdering>> ParseOrdering(const std::vector<std::string>& lists);

/// Reads "[1, 2.5, -3e2]" (brackets may be missing) as float64 values.
arrow::Result<std::vector<double>> ParseVector(const std::string& text);

/// Makes the query of a search in `column` of `schema` from its values, in the element type of the column.
arrow::Result<std::shared_ptr<arrow::Array>> MakeQueryVector(const arrow::Schema& schema,
                                                             const std::string& column,
                                                             const std::vector<double>& values);

}  // namespace lance::cli
