#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "lance/base/checked_math.h"
#include "lance/base/row_range.h"
#include "lance/base/status.h"
#include "lance/encoding/core/column_source.h"

namespace lance::encoding::v2_0 {

/// The row numbers at which the pages of a column start. Pages without rows, which some old releases wrote,
/// are left out.
class PageIndex {
 public:
  static Result<PageIndex> Make(const ColumnInfo& column);

  size_t num_pages() const { return pages_.size(); }
  /// Index of the page in ColumnInfo::pages.
  size_t page(size_t i) const { return pages_[i]; }
  const std::vector<uint64_t>& starts() const { return starts_; }  ///< one more than pages
  uint64_t num_rows() const { return starts_.back(); }

  /// Calls visit(i, rows relative to page i) for every page that `rows` touch.
  /// Errors: Corruption when the column has fewer rows; whatever `visit` returns.
  template <typename Visit>
  Status ForEach(std::span<const RowRange> rows, Visit visit) const {
    RowRanges in_page;
    size_t page = 0;
    auto flush = [&]() -> Status {
      if (in_page.empty()) return Status::OK();
      Status status = visit(page, std::span<const RowRange>(in_page));
      in_page.clear();
      return status;
    };
    for (RowRange range : rows) {
      LANCE_CHECK_BYTES(range.start <= range.end() && range.end() <= num_rows(),
                        "rows {}..{} of a column that has {}", range.start, range.end(), num_rows());
      while (range.length != 0) {
        if (range.start >= starts_[page + 1]) {
          ARROW_RETURN_NOT_OK(flush());
          page = static_cast<size_t>(std::upper_bound(starts_.begin(), starts_.end(), range.start) -
                                     starts_.begin()) -
                 1;
        }
        const uint64_t count = std::min(range.length, starts_[page + 1] - range.start);
        AppendRange(&in_page, {range.start - starts_[page], count});
        range.start += count;
        range.length -= count;
      }
    }
    return flush();
  }

 private:
  std::vector<size_t> pages_;
  std::vector<uint64_t> starts_{0};
};

/// Bytes of all page buffers of a column.
uint64_t StoredBytesOf(const ColumnInfo& column);

}  // namespace lance::encoding::v2_0
