#include "lance/index/scalar/key_set.h"

#include <algorithm>

namespace lance::index {
namespace {

// Whether `a`, an end, lies before `b`.
bool EndsBefore(const std::optional<std::string>& a, const std::optional<std::string>& b) {
  return a.has_value() && (!b.has_value() || *a < *b);
}

bool IsEmpty(const KeyRange& range) { return range.high.has_value() && *range.high <= range.low; }

// The first key after `key`; none when there is none.
std::optional<std::string> After(const KeyType& type, const std::string& key) {
  if (!type.is_number()) return key + '\0';
  const uint64_t number = KeyNumber(key);
  if (number >= type.max_number()) return std::nullopt;
  return NumberKey(number + 1);
}

}  // namespace

KeySet KeySet::Nulls() {
  KeySet out;
  out.nulls_ = true;
  return out;
}

KeySet KeySet::All(bool nulls) {
  KeySet out;
  out.ranges_.push_back({});
  out.nulls_ = nulls;
  return out;
}

KeySet KeySet::Between(const KeyType& type, const std::string* low, bool low_inclusive,
                       const std::string* high, bool high_inclusive) {
  KeyRange range;
  if (low != nullptr) {
    std::optional<std::string> start = low_inclusive ? *low : After(type, *low);
    if (!start.has_value()) return None();
    range.low = std::move(*start);
  }
  if (high != nullptr) range.high = high_inclusive ? After(type, *high) : *high;
  KeySet out;
  if (!IsEmpty(range)) out.ranges_.push_back(std::move(range));
  return out;
}

KeySet KeySet::One(const KeyType& type, const std::string& key) {
  return Between(type, &key, true, &key, true);
}

KeySet KeySet::OneOf(const KeyType& type, std::vector<std::string> keys) {
  std::sort(keys.begin(), keys.end());
  KeySet out;
  for (std::string& key : keys) {
    std::optional<std::string> end = After(type, key);
    KeyRange* last = out.ranges_.empty() ? nullptr : &out.ranges_.back();
    if (last != nullptr && (!last->high.has_value() || key <= *last->high)) {
      if (EndsBefore(last->high, end)) last->high = std::move(end);
    } else {
      out.ranges_.push_back({std::move(key), std::move(end)});
    }
  }
  return out;
}

KeySet KeySet::Prefix(const std::string& prefix) {
  KeyRange range{prefix, prefix};
  while (!range.high->empty() && range.high->back() == '\xFF') range.high->pop_back();
  if (range.high->empty()) {
    range.high.reset();
  } else {
    range.high->back() = static_cast<char>(range.high->back() + 1);
  }
  KeySet out;
  out.ranges_.push_back(std::move(range));
  return out;
}

KeySet KeySet::Union(const KeySet& other) const {
  KeySet out;
  out.nulls_ = nulls_ || other.nulls_;
  std::vector<KeyRange> all(ranges_.size() + other.ranges_.size());
  std::merge(ranges_.begin(), ranges_.end(), other.ranges_.begin(), other.ranges_.end(), all.begin(),
             [](const KeyRange& a, const KeyRange& b) { return a.low < b.low; });
  for (KeyRange& range : all) {
    KeyRange* last = out.ranges_.empty() ? nullptr : &out.ranges_.back();
    if (last == nullptr || (last->high.has_value() && *last->high < range.low)) {
      out.ranges_.push_back(std::move(range));
    } else if (EndsBefore(last->high, range.high)) {
      last->high = std::move(range.high);
    }
  }
  return out;
}

KeySet KeySet::Intersect(const KeySet& other) const {
  KeySet out;
  out.nulls_ = nulls_ && other.nulls_;
  for (size_t a = 0, b = 0; a < ranges_.size() && b < other.ranges_.size();) {
    const KeyRange& left = ranges_[a];
    const KeyRange& right = other.ranges_[b];
    KeyRange both{std::max(left.low, right.low), EndsBefore(left.high, right.high) ? left.high : right.high};
    if (!IsEmpty(both)) out.ranges_.push_back(std::move(both));
    ++(EndsBefore(left.high, right.high) ? a : b);
  }
  return out;
}

KeySet KeySet::NotIn() const {
  KeySet out;
  KeyRange gap;
  for (const KeyRange& range : ranges_) {
    gap.high = range.low;
    if (!IsEmpty(gap)) out.ranges_.push_back(gap);
    if (!range.high.has_value()) return out;
    gap.low = *range.high;
  }
  gap.high.reset();
  out.ranges_.push_back(std::move(gap));
  return out;
}

bool KeySet::all_keys() const {
  return ranges_.size() == 1 && ranges_[0].low.empty() && !ranges_[0].high.has_value();
}

}  // namespace lance::index
