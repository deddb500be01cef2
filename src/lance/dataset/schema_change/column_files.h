#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "lance/base/status.h"
#include "lance/dataset/write/fragment_writer.h"
#include "lance/schema/schema.h"
#include "lance/table/snapshot.h"

namespace arrow {
class RecordBatch;
class RecordBatchReader;
}  // namespace arrow

namespace lance::dataset {

/// Writes the values of some columns for one fragment that exists: one data file with a row for each physical
/// row. The caller gives live rows; deleted ones get nulls, or copies of a neighbour where nulls are
/// forbidden. Destroying it unfinished removes the file. One thread at a time.
class ColumnFileWriter {
 public:
  /// `schema`: the columns with the table's field ids. Of `options` count the file's and the first folder.
  static Result<std::unique_ptr<ColumnFileWriter>> Make(const table::Snapshot& snapshot,
                                                        const table::Fragment& fragment,
                                                        const schema::Schema& schema,
                                                        const FragmentWriterOptions& options);
  virtual ~ColumnFileWriter() = default;
  /// Appends live rows. Columns are found by name, also inside structs.
  virtual Status Write(const std::shared_ptr<arrow::RecordBatch>& live_rows) = 0;
  /// Live rows that are still to come.
  virtual uint64_t rows_left() const = 0;
  /// Errors: InvalidArgument when rows are missing.
  virtual Result<table::DataFile> Finish() = 0;
};

/// The fragments with ids given by position that got new files, for RemoveColumnFiles and commits.
struct NewColumnFiles {
  std::vector<table::Fragment>
      fragments;  ///< all of the table's, in order, each with its new file at the end
  std::shared_ptr<store::Unsynced> unsynced;  ///< the files, if they are to be durable: for the commit
};

/// Writes the columns of `values`, one row for each live row of the table in scan order, a file a fragment.
/// On failure nothing is left behind.
/// Errors: InvalidArgument "Stream ended before producing values for all rows in dataset", "Stream produced
/// more values than expected for dataset".
Result<NewColumnFiles> WriteColumnFiles(const table::Snapshot& snapshot, arrow::RecordBatchReader& values,
                                        const schema::Schema& schema, const FragmentWriterOptions& options);

/// Removes the last file of each fragment, best effort: for a commit that certainly did not happen.
void RemoveColumnFiles(const FragmentWriterOptions& options, const NewColumnFiles& files);

}  // namespace lance::dataset
