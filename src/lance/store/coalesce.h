#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lance/base/byte_range.h"

namespace lance::store {

/// One request that serves several ranges.
struct CoalescedRead {
  ByteRange range;
  size_t first = 0;  ///< index into the sorted order of the ranges served
  size_t count = 0;
};

/// The order in which ranges are served and the requests that serve them.
struct CoalescedPlan {
  std::vector<size_t> order;  ///< indices into `ranges`, by offset; empty when they were sorted already
  std::vector<CoalescedRead> reads;
  size_t IndexAt(size_t position) const { return order.empty() ? position : order[position]; }
};

/// Joins ranges whose gap is at most `distance` bytes into requests of at most `max_bytes` (a single larger
/// range stays whole). Ranges may overlap and come in any order.
CoalescedPlan Coalesce(std::span<const ByteRange> ranges, uint64_t distance, uint64_t max_bytes);

}  // namespace lance::store
