#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace lance {

/// Rows [start, start + length) of a page, file or fragment.
struct RowRange {
  uint64_t start = 0;
  uint64_t length = 0;
  uint64_t end() const { return start + length; }
  bool operator==(const RowRange&) const = default;
};

/// A selection of rows: ranges with length > 0, ascending, disjoint (touching allowed).
using RowRanges = std::vector<RowRange>;

inline uint64_t CountRows(std::span<const RowRange> ranges) {
  uint64_t total = 0;
  for (const RowRange& range : ranges) total += range.length;
  return total;
}

/// Appends `range`, joining it to the last one when they touch. `range` must not start before the last one
/// ends.
inline void AppendRange(RowRanges* ranges, RowRange range) {
  if (range.length == 0) return;
  if (!ranges->empty() && ranges->back().end() == range.start) {
    ranges->back().length += range.length;
  } else {
    ranges->push_back(range);
  }
}

}  // namespace lance
