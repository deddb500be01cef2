#pragma once

#include <optional>
#include <vector>

#include "lance/dataset/mutate/merge_insert/merge_source.h"
#include "lance/index/scalar/scalar_segment.h"
#include "lance/mutate.h"
#include "lance/table/fragment_set.h"
#include "lance/table/snapshot.h"

namespace lance::dataset {

/// Rows of the target that an index on the key finds for the keys of the source.
struct IndexedRows {
  /// Address of a live row and the first source row that has its key; by address.
  std::vector<index::KeyMatch> matches;
  table::FragmentSet covered;  ///< fragments that these are all matches of
};

/// Looks all keys of the source up in the index on the key column. None when the merge may not use an index
/// (`use_index`, or rows without a match count too), has several keys, there is no index, or its pages that
/// would be read hold so much of the table that a scan is cheaper. Reads each page once, some at a time.
Result<std::optional<IndexedRows>> FindIndexedRows(const table::Snapshot& snapshot, const MergeSource& source,
                                                   const MergeInsertOptions& options);

}  // namespace lance::dataset
