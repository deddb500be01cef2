#pragma once

#include <memory>

#include "lance/base/status.h"
#include "lance/dataset/mutate/merge_insert/match_rows.h"
#include "lance/dataset/mutate/merge_insert/merge_source.h"
#include "lance/mutate.h"
#include "lance/table/operation.h"
#include "lance/table/snapshot.h"

namespace lance::dataset {

/// Checks that replacing columns of rows that stay where they are can do what a merge asks for: it updates
/// matched rows and nothing else, from a source with some of the columns besides the keys, none of them a
/// blob. Errors: InvalidArgument says everything that is in the way.
Status CheckRewriteColumns(const schema::Schema& table, const MergeSource& source,
                           const MergeInsertOptions& options);

/// Writes a file with the columns of the source (but the keys) for each fragment that has matched rows.
/// Reads and writes these columns of whole fragments, and no others. Errors: as of reading and writing;
/// nothing is left behind.
Result<table::operation::Update> RewriteColumns(const std::shared_ptr<const table::Snapshot>& snapshot,
                                                const MergeSource& source, const MatchedRows& matched,
                                                MergeInsertStats* stats);

/// Removes what RewriteColumns wrote, best effort.
void UndoRewriteColumns(const table::Snapshot& snapshot, const table::operation::Update& update);

}  // namespace lance::dataset
