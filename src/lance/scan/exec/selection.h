#pragma once

#include <memory>
#include <span>
#include <vector>

#include "lance/base/row_range.h"
#include "lance/base/status.h"

namespace arrow {
class Array;
class BooleanArray;
}  // namespace arrow

namespace lance::scan {

/// Rows that passed a filter.
struct Selection {
  std::shared_ptr<arrow::BooleanArray> mask;  ///< true where the row passed; no nulls
  int64_t count = 0;
  /// Positions of the rows that passed, made by the first SelectValues. So one thread at a time.
  mutable std::vector<uint32_t> positions;
  bool all() const;
  /// Runs of rows that passed.
  int64_t CountRuns() const;
};

/// Reads the outcome of a filter: a null is not true. A scalar-like single value is not accepted: there is
/// one entry per row.
Result<Selection> MakeSelection(const std::shared_ptr<arrow::Array>& outcome);

/// The physical rows that are selected; `rows` are those that the mask speaks of, in order.
RowRanges SelectRows(const Selection& selection, std::span<const RowRange> rows);

/// The addresses of the selected rows, when the mask speaks of rows that follow each other from the address
/// `first` on.
Result<std::shared_ptr<arrow::Array>> SelectAddresses(const Selection& selection, uint64_t first);

/// The selected entries of an array of any type.
Result<std::shared_ptr<arrow::Array>> SelectValues(const Selection& selection,
                                                   const std::shared_ptr<arrow::Array>& array);

}  // namespace lance::scan
