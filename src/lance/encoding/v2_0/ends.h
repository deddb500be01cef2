#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "lance/base/row_range.h"
#include "lance/base/status.h"

namespace arrow {
class ArrayData;
}

namespace lance::encoding {
class ArrayOutput;
}

namespace lance::encoding::v2_0 {

/// The ends of some strings or lists, as 2.0 stores them: end i (u64) is where value i stops among the bytes
/// or items of its page; there is no leading 0. A null's end has `null_adjustment` added to it.
///
///     values "ab" null "c", null_adjustment 4:   2  6  3
///
/// One thread at a time.
class Ends {
 public:
  /// The ends that must be read for `rows`: theirs and the one before each range, where there is one.
  static RowRanges RowsToRead(std::span<const RowRange> rows);

  /// Splits `data` (uint64, what RowsToRead named) by `rows`.
  /// Errors: Corruption when the ranges descend or ends are missing.
  static Result<Ends> Make(std::shared_ptr<arrow::ArrayData> data, std::span<const RowRange> rows,
                           uint64_t null_adjustment);

  /// The bytes or items of the rows, ascending and disjoint; empty when all rows are.
  RowRanges ValueRanges() const;

  /// Appends offsets and validity of all rows to an output of a binary type.
  /// Errors: Corruption when ends descend, NotSupported when 32-bit offsets do not suffice.
  Status AppendOffsets(ArrayOutput* out);

 private:
  struct Run {
    uint64_t first = 0, last = 0;  ///< where the values of the range begin and end
    const uint64_t* raw = nullptr;
    uint64_t rows = 0;
  };
  uint64_t Plain(uint64_t value) const { return value >= adjustment_ ? value - adjustment_ : value; }
  Result<const uint64_t*> Normalize(const Run& run, ArrayOutput* out);

  uint64_t adjustment_ = 0;
  std::vector<Run> runs_;
  std::vector<uint64_t> scratch_;
  std::shared_ptr<arrow::ArrayData> keep_alive_;
};

}  // namespace lance::encoding::v2_0
