#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include <arrow/result.h>
#include <arrow/status.h>

#include "lance/dataset.h"
#include "lance/export.h"
#include "lance/mutate.h"

namespace arrow {
class RecordBatch;
}

namespace lance {

/// Collects changes of single rows, and commits them as one new version: for engines that find the rows to
/// change themselves, by a scan with addresses of the same version.
///
///     ARROW_ASSIGN_OR_RAISE(auto changes, RowChanges::Make(dataset));
///     ARROW_RETURN_NOT_OK(changes->Update(addresses, *new_values).status());
///     ARROW_ASSIGN_OR_RAISE(dataset, changes->Commit());
///
/// New values are written as they come: memory holds a batch of them, and a bit for each row of the fragments
/// that are touched. Destroying it before Commit removes what was written. One thread at a time.
class LANCE_EXPORT RowChanges {
 public:
  static arrow::Result<std::unique_ptr<RowChanges>> Make(std::shared_ptr<Dataset> dataset,
                                                         const MutateOptions& options = {});
  virtual ~RowChanges() = default;

  // Rows that were deleted or updated here before are left out: the first change counts. Both return how many
  // rows were not. Errors: InvalidArgument for an address of no row, or of a deleted one.
  virtual arrow::Result<uint64_t> Delete(std::span<const uint64_t> addresses) = 0;
  /// Sets the columns of `values`, which has a row for each address; other columns stay. The row moves to a
  /// new fragment, and keeps its id where ids are stable. Errors also: InvalidArgument when names or types
  /// are not those of the table.
  virtual arrow::Result<uint64_t> Update(std::span<const uint64_t> addresses,
                                         const arrow::RecordBatch& values) = 0;
  /// Adds rows; all calls with the same schema. Nullable columns may be missing.
  virtual arrow::Status Insert(const arrow::RecordBatch& rows) = 0;

  virtual bool empty() const = 0;
  /// Commits once; without any change returns the dataset as it is. There is no retry from a fresh read,
  /// since only the caller can find the rows anew. Errors: CommitConflict when others changed the same rows.
  virtual arrow::Result<std::shared_ptr<Dataset>> Commit() = 0;
};

}  // namespace lance
