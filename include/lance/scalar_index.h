#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <arrow/result.h>

#include "lance/export.h"
#include "lance/vector_index.h"
#include "lance/write.h"

namespace lance {

class Dataset;

/// A scalar index to build: it finds rows by the value of a column. Defaults are those of the reference.
struct LANCE_EXPORT ScalarIndexOptions {
  std::string type = "BTREE";       ///< the only one so far
  std::optional<std::string> name;  ///< default <column>_idx
  bool replace = true;              ///< takes the place of an index of that name; else AlreadyExists
  bool train = true;                ///< false: an index over no rows; OptimizeIndices adds them later
  /// Rows a page of a BTREE. Larger: fewer pages to keep in memory; smaller: cheaper look-ups.
  uint64_t page_rows = 4096;

  std::optional<std::vector<uint64_t>> fragments;  ///< ids; default: all. For BuildScalarIndexSegment
  std::optional<std::string> uuid;                 ///< of the segment
  /// Rows held in memory while they are sorted; more goes to a temporary file. 0: a quarter of the memory
  /// that the process may use (LANCE_MEMORY_LIMIT), at most 1 GiB.
  uint64_t memory_budget_bytes = 0;
  /// Called on the building thread with the stages "load_data" and "train"; a failure ends the build.
  std::function<arrow::Status(const IndexBuildProgress&)> progress;
  CommitSettings commit;
};

/// Builds a scalar index over `column`, which has numbers, booleans, dates, times, decimals, strings or
/// bytes, and commits it. Nulls are indexed too. Filters, counts, vector searches with a filter and merges by
/// key use it from then on. Sorts externally: memory_budget_bytes and what a file writer holds back. Errors:
/// InvalidArgument, NotSupported (names the type), AlreadyExists, CommitConflict.
LANCE_EXPORT arrow::Result<std::shared_ptr<Dataset>> CreateScalarIndex(
    const Dataset& dataset, const std::string& column, const ScalarIndexOptions& options = {});

/// The same without a commit: for builds that are distributed over fragments.
LANCE_EXPORT arrow::Result<IndexSegment> BuildScalarIndexSegment(const Dataset& dataset,
                                                                 const std::string& column,
                                                                 const ScalarIndexOptions& options = {});

}  // namespace lance
