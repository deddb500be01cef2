#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "lance/base/row_range.h"
#include "lance/base/status.h"

namespace lance::table {

/// A set of fragment ids, such as those that an index segment covers. A value type; sets of consecutive ids
/// are small whatever their size.
class FragmentSet {
 public:
  FragmentSet() = default;
  explicit FragmentSet(RowRanges ranges) : ranges_(std::move(ranges)) {}
  /// Reads a portable Roaring bitmap. Errors: Corruption.
  static Result<FragmentSet> Parse(const std::string& roaring);

  bool empty() const { return ranges_.empty(); }
  bool Contains(uint64_t id) const;
  void Add(uint64_t id);
  void Remove(uint64_t id);
  bool Intersects(const FragmentSet& other) const;
  const RowRanges& ranges() const { return ranges_; }
  /// The portable Roaring form, with runs where they are smaller.
  std::string Serialize() const;
  bool operator==(const FragmentSet&) const = default;

 private:
  RowRanges ranges_;
};

}  // namespace lance::table
