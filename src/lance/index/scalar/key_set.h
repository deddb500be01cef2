#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lance/index/scalar/keys.h"

namespace lance::index {

/// Keys k with low <= k < high, as bytes, those of numbers too (NumberKey).
struct KeyRange {
  std::string low;
  std::optional<std::string> high;  ///< none: no end
  bool operator==(const KeyRange&) const = default;
};

/// A set of keys, and whether nulls are in it: what a filter asks of one column. A value.
class KeySet {
 public:
  static KeySet None() { return {}; }
  static KeySet Nulls();
  /// All keys, with or without nulls.
  static KeySet All(bool nulls);
  /// Keys k with low <= k (or < k), and k <= high (or < high); none: no bound. Keys as KeyRange has them.
  static KeySet Between(const KeyType& type, const std::string* low, bool low_inclusive,
                        const std::string* high, bool high_inclusive);
  static KeySet One(const KeyType& type, const std::string& key);
  /// Keys in any order.
  static KeySet OneOf(const KeyType& type, std::vector<std::string> keys);
  /// Every key that begins with `prefix`, of byte keys.
  static KeySet Prefix(const std::string& prefix);

  KeySet Union(const KeySet& other) const;
  KeySet Intersect(const KeySet& other) const;
  /// The keys that are not in it; nulls are in neither.
  KeySet NotIn() const;

  bool nulls() const { return nulls_; }
  /// Ascending, disjoint and not touching.
  std::span<const KeyRange> ranges() const { return ranges_; }
  bool empty() const { return !nulls_ && ranges_.empty(); }
  /// Whether nothing is excluded, nulls aside.
  bool all_keys() const;
  bool operator==(const KeySet&) const = default;

 private:
  std::vector<KeyRange> ranges_;
  bool nulls_ = false;
};

}  // namespace lance::index
