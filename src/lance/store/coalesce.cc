#include "lance/store/coalesce.h"

#include <algorithm>
#include <numeric>

namespace lance::store {

CoalescedPlan Coalesce(std::span<const ByteRange> ranges, uint64_t distance, uint64_t max_bytes) {
  CoalescedPlan plan;
  auto before = [](const ByteRange& a, const ByteRange& b) { return a.offset < b.offset; };
  if (!std::is_sorted(ranges.begin(), ranges.end(), before)) {
    plan.order.resize(ranges.size());
    std::iota(plan.order.begin(), plan.order.end(), size_t{0});
    std::stable_sort(plan.order.begin(), plan.order.end(),
                     [&](size_t a, size_t b) { return ranges[a].offset < ranges[b].offset; });
  }
  for (size_t position = 0; position < ranges.size(); ++position) {
    const ByteRange& next = ranges[plan.IndexAt(position)];
    if (!plan.reads.empty()) {
      CoalescedRead& last = plan.reads.back();
      uint64_t end = std::max(last.range.end(), next.end());
      bool near = next.offset <= last.range.end() || next.offset - last.range.end() <= distance;
      if (near && end - last.range.offset <= max_bytes) {
        last.range.length = end - last.range.offset;
        ++last.count;
        continue;
      }
    }
    plan.reads.push_back({next, position, 1});
  }
  return plan;
}

}  // namespace lance::store
