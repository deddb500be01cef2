#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "lance/base/row_range.h"
#include "lance/base/status.h"
#include "lance/scan/read/fragment_reader.h"
#include "lance/table/fragment_set.h"
#include "lance/table/row_id_set.h"

namespace lance::scan {

/// A piece of a scan that one thread does at once: some rows of one fragment.
struct Unit {
  std::shared_ptr<FragmentReader> fragment;
  RowRanges rows;                 ///< physical; live ones unless deleted rows are wanted
  uint64_t live_rows_before = 0;  ///< live rows of the table in fragments before this one
  bool passed = false;            ///< all rows are known to pass the filter
};

/// Rows that an index found.
struct FoundRows {
  table::FragmentSet covered;          ///< fragments that it spoke for; of others all rows count
  std::map<uint64_t, RowRanges> rows;  ///< physical, deleted ones too, by fragment
  bool passed = false;                 ///< they pass the filter
};

/// How a scan is cut into units.
struct UnitOptions {
  uint64_t unit_rows = 8192;  ///< rows a unit (in the end, see first_unit_rows)
  uint64_t first_unit_rows =
      0;              ///< > 0: units start with this size and double, for scans that may stop early
  uint64_t skip = 0;  ///< live rows left out at the start
  std::optional<uint64_t> limit;                 ///< rows after those
  std::shared_ptr<const table::RowIdMask> mask;  ///< rows that may be given; nullptr: all
  std::shared_ptr<const FoundRows> found;        ///< rows that count; nullptr: all
};

/// Cuts fragments into units, in order, one fragment at a time, so that a scan which stops early opens no
/// more than it needs. Not thread-safe.
class UnitPlanner {
 public:
  UnitPlanner(std::shared_ptr<const ReadContext> context, std::vector<const table::Fragment*> fragments,
              UnitOptions options);
  /// The next unit; none at the end.
  Result<std::optional<Unit>> Next();
  /// The reader of the first fragment that has rows to give, kept for Next; nullptr when there is none.
  Result<std::shared_ptr<FragmentReader>> PeekFragment();
  /// Whether Next goes on to another fragment, or to the end.
  bool BetweenFragments() const { return current_ == nullptr || current_position_ == current_end_; }
  void set_unit_rows(uint64_t rows) { options_.unit_rows = rows; }

 private:
  Status OpenNextFragment();
  Result<uint64_t> RowsOf(const FragmentReader& reader);
  void AppendRows(RowRange positions, RowRanges* out);

  std::shared_ptr<const ReadContext> context_;
  std::vector<const table::Fragment*> fragments_;
  UnitOptions options_;
  bool needs_offsets_ = false;  // a row-offset column is read
  size_t next_fragment_ = 0;
  std::shared_ptr<FragmentReader> current_;
  uint64_t current_position_ =
      0;  // next row inside current_ (live, or physical when deleted rows are wanted)
  uint64_t current_end_ = 0;
  uint64_t live_rows_before_ = 0;  // of current_
  bool is_masked_ = false;         // masked_ has the rows of current_ to give
  bool passed_ = false;            // of current_
  RowRanges masked_;
  size_t masked_range_ = 0;     // where the last unit ended in them
  uint64_t masked_before_ = 0;  // rows in the ranges before
  uint64_t grown_rows_ = 0;
};

/// Bytes that a row of `columns` takes in memory, from types and, for columns of variable width, from what
/// the fragment stores.
Result<uint64_t> EstimateRowBytes(FragmentReader& fragment, const ColumnSet& set,
                                  std::span<const int> columns);

}  // namespace lance::scan
