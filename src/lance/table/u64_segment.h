#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "lance/base/row_range.h"
#include "lance/base/status.h"

namespace lance::pb {
class EncodedU64Array;
class U64Segment;
}  // namespace lance::pb

namespace lance::table {

/// Numbers stored in 2 or 4 bytes above a base, or in 8. Every element of what Parse accepts fits 64 bits.
class PackedU64 {
 public:
  static Result<PackedU64> Parse(const pb::EncodedU64Array& from);
  static PackedU64 FromValues(std::vector<uint64_t> values);
  uint64_t size() const { return size_; }
  uint64_t operator[](uint64_t index) const;
  /// Writes elements [start, start + length).
  void Read(uint64_t start, uint64_t length, uint64_t* out) const;
  /// How many elements are below `value`; the elements must ascend.
  uint64_t LowerBound(uint64_t value) const;
  bool StrictlyAscending() const;
  uint64_t memory_bytes() const { return bytes_.size() + values_.size() * 8; }

 private:
  int width_ = 8;  // 2, 4, 8
  uint64_t base_ = 0;
  uint64_t size_ = 0;
  std::vector<uint8_t> bytes_;    // widths 2 and 4
  std::vector<uint64_t> values_;  // width 8
};

/// A compressed list of numbers: a range, a range without some of its members (listed, or by bitmap), an
/// ascending array or any array. Immutable and thread-safe; memory is bounded by the bytes it was parsed
/// from, a range of 2^63 numbers costs nothing.
class U64Segment {
 public:
  enum class Kind { kRange, kRangeWithHoles, kRangeWithBitmap, kSortedArray, kArray };

  /// Errors: Corruption when bounds, holes, bitmap length or padding, or the order of elements are wrong.
  static Result<U64Segment> Parse(const pb::U64Segment& from);
  static U64Segment FromValues(std::vector<uint64_t> values);

  Kind kind() const { return kind_; }
  uint64_t size() const { return size_; }
  /// The element at `index`, which must be below size(). O(log), O(1) for ranges and arrays.
  uint64_t Get(uint64_t index) const;
  /// The first index that holds `value`. O(log); linear for kArray.
  std::optional<uint64_t> Find(uint64_t value) const;
  /// Writes elements [start, start + length), which must lie inside size().
  void Read(uint64_t start, uint64_t length, uint64_t* out) const;
  /// Smallest and largest element that may occur; meaningless when size() is 0 or for kArray.
  uint64_t min() const { return start_; }
  uint64_t max() const { return end_ - 1; }
  uint64_t memory_bytes() const;

 private:
  Status ParseBitmap(std::span<const uint8_t> bytes);
  uint64_t BitmapSelect(uint64_t index) const;
  uint64_t BitmapRank(uint64_t position) const;

  Kind kind_ = Kind::kRange;
  uint64_t start_ = 0;  // the range [start, end) of ranges; the bounds of a sorted array
  uint64_t end_ = 0;
  uint64_t size_ = 0;
  PackedU64 array_;                    // holes, or elements
  std::vector<uint64_t> bits_;         // kRangeWithBitmap: bit i set: start + i is an element
  std::vector<uint64_t> ones_before_;  // per kRankWords words of bits_
};

}  // namespace lance::table
