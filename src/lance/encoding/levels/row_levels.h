#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lance/base/row_range.h"
#include "lance/base/status.h"
#include "lance/encoding/core/page.h"
#include "lance/encoding/levels/level_layout.h"

namespace lance::encoding {

/// All levels of a page kept in memory, with a sparse index from rows to levels. For pages that have levels
/// but no values to speak of (constant and all-null ones). Immutable after Make.
class RowLevels {
 public:
  /// \param rep, def  u16 levels, or null; the same number of each
  /// \retval Corruption  the levels do not make `num_rows` rows or exceed the layers
  static Result<RowLevels> Make(const LevelLayout& layout, BufferPtr rep, BufferPtr def, uint64_t num_levels,
                                uint64_t num_rows);

  /// Copies the levels of `rows` into `out` (as validity where that is all they are) and returns how many
  /// values they show.
  Result<uint64_t> Take(std::span<const RowRange> rows, DecodedPage* out) const;
  uint64_t memory_bytes() const;

 private:
  uint64_t FirstLevel(uint64_t row) const;

  LevelLayout layout_;
  BufferPtr rep_;
  BufferPtr def_;
  uint64_t num_levels_ = 0;
  uint64_t num_rows_ = 0;
  std::vector<uint64_t> marks_;  // first level of every kMarkRows-th row, only with lists
};

/// Turns u16 definition levels of `out` into validity when that is all that they say.
Status DefToValidity(const LevelLayout& layout, DecodedPage* out);

}  // namespace lance::encoding
