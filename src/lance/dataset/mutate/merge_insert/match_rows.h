#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "lance/dataset/mutate/merge_insert/merge_source.h"
#include "lance/mutate.h"
#include "lance/table/snapshot.h"

namespace lance::dataset {

/// Which rows a merge touches.
struct MatchedRows {
  // Parallel: a row of the target and the source row that has its key, by target.
  std::vector<uint64_t> addresses;
  std::vector<uint32_t> source_rows;
  std::vector<uint64_t> deleted;   ///< rows of the target to delete because the source has none for them
  std::vector<uint32_t> inserted;  ///< rows of the source that match nothing, ascending
};

/// Scans the key columns of the table once and looks each row up in the source; where an index on the key is
/// the shorter way, looks the source's keys up in it and scans what it does not cover (indexed_rows.h). Pairs
/// that the condition of an update excludes are left out. Errors: InvalidArgument (a condition that does not
/// bind, "Ambiguous merge inserts ...", a match that must not be).
Result<MatchedRows> MatchRows(const std::shared_ptr<const table::Snapshot>& snapshot,
                              const MergeSource& source, const MergeInsertOptions& options);

}  // namespace lance::dataset
