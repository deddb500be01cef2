#include "lance/table/fragment_set.h"

#include <algorithm>

#include "lance/table/roaring_runs.h"

namespace lance::table {
namespace {

// The first range that ends after `id`.
template <typename Ranges>
auto FirstAfter(Ranges& ranges, uint64_t id) {
  return std::lower_bound(ranges.begin(), ranges.end(), id,
                          [](const RowRange& range, uint64_t value) { return range.end() <= value; });
}

}  // namespace

Result<FragmentSet> FragmentSet::Parse(const std::string& roaring) {
  ARROW_ASSIGN_OR_RAISE(RowRanges ranges,
                        ParseRoaring({reinterpret_cast<const uint8_t*>(roaring.data()), roaring.size()}));
  return FragmentSet(std::move(ranges));
}

bool FragmentSet::Contains(uint64_t id) const {
  auto range = FirstAfter(ranges_, id);
  return range != ranges_.end() && range->start <= id;
}

void FragmentSet::Add(uint64_t id) {
  auto after = FirstAfter(ranges_, id);
  if (after != ranges_.end() && after->start <= id) return;
  const bool joins_next = after != ranges_.end() && after->start == id + 1;
  const bool joins_previous = after != ranges_.begin() && std::prev(after)->end() == id;
  if (joins_previous) {
    RowRange& previous = *std::prev(after);
    previous.length += 1 + (joins_next ? after->length : 0);
    if (joins_next) ranges_.erase(after);
  } else if (joins_next) {
    --after->start;
    ++after->length;
  } else {
    ranges_.insert(after, {id, 1});
  }
}

void FragmentSet::Remove(uint64_t id) {
  auto range = FirstAfter(ranges_, id);
  if (range == ranges_.end() || range->start > id) return;
  const RowRange tail{id + 1, range->end() - id - 1};
  range->length = id - range->start;
  if (range->length == 0) {
    range = ranges_.erase(range);
  } else {
    ++range;
  }
  if (tail.length > 0) ranges_.insert(range, tail);
}

bool FragmentSet::Intersects(const FragmentSet& other) const {
  auto a = ranges_.begin();
  auto b = other.ranges_.begin();
  while (a != ranges_.end() && b != other.ranges_.end()) {
    if (a->start < b->end() && b->start < a->end()) return true;
    (a->end() < b->end() ? a : b)++;
  }
  return false;
}

std::string FragmentSet::Serialize() const { return SerializeRoaring(ranges_, /*runs=*/true); }

}  // namespace lance::table
