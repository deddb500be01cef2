#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>

#include "lance/index/vector/search/neighbors.h"
#include "lance/simd/find_at_most.h"
#include "lance/simd/select.h"

namespace lance::index {

/// Offers the rows whose lower bound is at most `most` and no more than the limit, but not those at most
/// `seen`. A few at a time, so that their codes, which lie anywhere, are loaded together: `prefetch` gets
/// their numbers before `distance` is asked for each.
template <class Prefetch, class Distance>
void OfferBetween(std::span<const float> bounds, std::span<const uint64_t> row_ids, float seen, float most,
                  const Prefetch& prefetch, const Distance& distance, Neighbors* out) {
  constexpr size_t kTogether = 16;
  uint32_t near[kTogether];
  const size_t rows = bounds.size();
  for (size_t r = 0; r < rows;) {
    const float limit = std::min(most, out->limit());
    size_t count = 0;
    while (count < kTogether) {
      r += simd::FindAtMost(bounds.data() + r, rows - r, limit);
      if (r >= rows) break;
      if (!(bounds[r] <= seen)) near[count++] = static_cast<uint32_t>(r);
      ++r;
    }
    prefetch(std::span<const uint32_t>(near, count));
    for (size_t i = 0; i < count; ++i) {
      if (bounds[near[i]] <= out->limit()) out->Offer(distance(near[i]), row_ids[near[i]]);
    }
  }
}

/// Offers all rows that may be near enough by their lower bounds. While there is no limit the most likely
/// ones come first: they make one.
template <class Prefetch, class Distance>
void OfferBounded(std::span<const float> bounds, std::span<const uint64_t> row_ids, const Prefetch& prefetch,
                  const Distance& distance, Neighbors* out) {
  float seen = NAN;
  if (!out->full() && bounds.size() > out->missing()) {
    seen = simd::KthSmallest(bounds.data(), bounds.size(), out->missing());
    OfferBetween(bounds, row_ids, NAN, seen, prefetch, distance, out);
  }
  OfferBetween(bounds, row_ids, seen, INFINITY, prefetch, distance, out);
}

}  // namespace lance::index
