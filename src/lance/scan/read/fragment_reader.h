#pragma once

#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "lance/base/row_range.h"
#include "lance/base/status.h"
#include "lance/scan/read/column_set.h"
#include "lance/table/snapshot.h"

namespace arrow {
class Array;
}
namespace lance::encoding {
class FieldReader;
}

namespace lance::scan {

struct IoCounters;

/// What all fragments of a scan share.
struct ReadContext {
  std::shared_ptr<const table::Snapshot> snapshot;
  ColumnSet columns;
  file::BlobHandling blobs = file::BlobHandling::kDescriptions;
  bool include_deleted = false;    ///< deleted rows get a null row id instead of being left out by the caller
  std::shared_ptr<IoCounters> io;  ///< may be null
  bool views = false;              ///< arrays are dropped at once: they may lie in the file's own pages
};

/// Reads columns of one fragment by physical row, wherever they are: a column may lie in any of the
/// fragment's files, members of a struct in several, columns that no file holds are null, and row ids, row
/// addresses and versions are made on the way. Thread-safe; opens files and columns on first use.
class FragmentReader {
 public:
  /// Reads the deletion vector; opens a data file only when the manifest does not say how many rows there
  /// are.
  static Result<std::shared_ptr<FragmentReader>> Open(std::shared_ptr<const ReadContext> context,
                                                      const table::Fragment& fragment);
  ~FragmentReader();

  const table::Fragment& fragment() const { return fragment_; }
  uint64_t physical_rows() const { return physical_rows_; }
  /// nullptr when nothing is deleted.
  const table::DeletionVector* deletions() const { return deletions_.get(); }
  uint64_t live_rows() const;
  /// Appends the physical rows of live positions.
  void AppendPhysical(RowRange live, RowRanges* out) const;

  /// Reads rows (physical, ascending, disjoint) of some of context.columns, given by index; one coalesced
  /// read per file. kRowOffset columns are counted from `first_row_offset`, the live position of the first
  /// row; kDistance and kQueryIndex are not readable here.
  Result<std::vector<std::shared_ptr<arrow::Array>>> Read(std::span<const int> columns,
                                                          std::span<const RowRange> rows,
                                                          uint64_t live_rows_before = 0);

  /// Stored bytes of a column over physical_rows(); 0 for made columns and those that no file holds.
  Result<uint64_t> StoredBytes(int column);
  /// Where pages of a column start (physical rows); empty for made columns.
  Result<std::vector<uint64_t>> PageStarts(int column);

 private:
  struct Part;  // the share of a column that one file holds
  struct OpenColumn;

  FragmentReader(std::shared_ptr<const ReadContext> context, const table::Fragment& fragment);
  Result<file::FileReader*> OpenFile(size_t index);
  Result<const OpenColumn*> GetColumn(int column);
  Result<std::unique_ptr<OpenColumn>> OpenStored(const Column& column);
  Result<std::shared_ptr<arrow::Array>> MakeVirtual(ColumnSource source, std::span<const RowRange> rows,
                                                    uint64_t live_rows_before) const;

  std::shared_ptr<const ReadContext> context_;
  const table::Fragment& fragment_;  // owned by the snapshot's manifest
  uint64_t physical_rows_ = 0;
  std::shared_ptr<const table::DeletionVector> deletions_;

  std::mutex mutex_;  // guards what follows; not held while reading rows
  std::vector<std::shared_ptr<file::FileReader>> files_;
  std::vector<std::unique_ptr<OpenColumn>> columns_;
};

}  // namespace lance::scan
