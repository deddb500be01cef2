#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lance/base/status.h"
#include "lance/schema/schema.h"
#include "lance/table/manifest.h"
#include "lance/table/snapshot.h"

namespace arrow {
class RecordBatchReader;
}

// Changes to one fragment without a commit: for writers that spread the work over processes and commit what
// all of them made in one operation. Files are written; nothing refers to them yet. All are thread-safe.
namespace lance::dataset {

struct WidenedFragment {
  table::Fragment fragment;  ///< with one more file
  schema::Schema schema;     ///< the table's, with the new fields after its largest id
};

/// Adds the columns of `values`, a row for each live row of the fragment in order.
/// Errors: InvalidArgument for a column that exists, or too few or too many rows.
Result<WidenedFragment> AddFragmentColumns(const table::Snapshot& snapshot, uint64_t fragment_id,
                                           arrow::RecordBatchReader& values);

struct ReplacedColumns {
  table::Fragment fragment;
  std::vector<int32_t> fields;  ///< ids that the new file has instead of older ones
};

/// Gives columns that exist new values, a row for each live row of the fragment in order.
Result<ReplacedColumns> ReplaceFragmentColumns(const table::Snapshot& snapshot, uint64_t fragment_id,
                                               arrow::RecordBatchReader& values);

/// Deletes rows by physical offset; those deleted already do not matter. None: nothing is left of it.
/// Errors: InvalidArgument for an offset past the end.
Result<std::optional<table::Fragment>> DeleteFragmentRows(const table::Snapshot& snapshot,
                                                          uint64_t fragment_id,
                                                          std::vector<uint64_t> offsets);

struct DescribedFile {
  table::DataFile file;
  uint64_t num_rows = 0;
};

/// Describes a file of the data folder (of the table, or of a base): its columns by the fields of their
/// names. The size of a file in a base is left unknown. Errors: NotFound, InvalidArgument for a column that
/// the table does not have.
Result<DescribedFile> DescribeDataFile(const table::Snapshot& snapshot, const std::string& path,
                                       std::optional<uint32_t> base_id);

}  // namespace lance::dataset
