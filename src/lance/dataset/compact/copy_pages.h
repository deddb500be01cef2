#pragma once

#include <vector>

#include "lance/base/status.h"
#include "lance/dataset/write/fragment_writer.h"
#include "lance/maintenance.h"
#include "lance/table/snapshot.h"

namespace lance::dataset {

/// Whether fragments can be compacted by copying the pages of their files: each has one file, of the version
/// to write, all with the same columns, which are the table's and no blobs; none has deleted rows. Opens the
/// files.
Result<bool> CanCopyPages(const table::Snapshot& snapshot,
                          const std::vector<const table::Fragment*>& fragments, const file::Version& version);

/// Writes fragments of the same rows in the same order. A file ends with the source file that brings it to
/// the rows or bytes that `options` ask for. On failure nothing is left behind.
Result<std::vector<table::Fragment>> CopyPages(const table::Snapshot& snapshot,
                                               const std::vector<const table::Fragment*>& fragments,
                                               const FragmentWriterOptions& writing,
                                               const CompactionOptions& options);

}  // namespace lance::dataset
