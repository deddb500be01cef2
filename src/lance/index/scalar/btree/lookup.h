#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "lance/index/scalar/key_set.h"
#include "lance/index/scalar/keys.h"

namespace lance::index {

/// What page_lookup.lance says: for each page of the index its smallest and largest key. Pages that hold only
/// nulls come first, then those with keys, ascending. Immutable and thread-safe.
class BTreeLookup {
 public:
  /// `batch`: all rows of the file. Errors: Corruption (columns that are missing or of other types, pages out
  /// of order or not below `num_pages`); NotSupported names a type of values.
  static Result<BTreeLookup> Parse(const arrow::RecordBatch& batch, uint64_t num_pages);

  const KeyType& type() const { return type_; }
  size_t num_pages() const { return pages_.size(); }
  /// The number of a page in page_data.lance.
  uint32_t page(size_t index) const { return pages_[index]; }
  uint32_t null_count(size_t index) const { return null_counts_[index]; }
  /// Pages [first, second) may have keys in `range`.
  std::pair<size_t, size_t> Find(const KeyRange& range) const;
  /// The first page at or after `from` whose keys reach up to that of a row of `keys`; num_pages() when none
  /// does.
  size_t FindPage(const Keys& keys, size_t row, size_t from) const;
  /// Whether the keys of a page begin after that of a row of `keys`.
  bool BeginsAfter(size_t index, const Keys& keys, size_t row) const;
  /// The smallest and largest value; null when there is none. The reference takes a null that begins the
  /// first page with keys for the smallest.
  std::shared_ptr<arrow::Scalar> min() const { return min_; }
  std::shared_ptr<arrow::Scalar> max() const { return max_; }
  uint64_t memory_bytes() const;

 private:
  KeyType type_;
  Keys mins_;
  Keys maxs_;
  std::vector<uint32_t> null_counts_;
  std::vector<uint32_t> pages_;
  size_t first_keyed_ = 0;  // pages before hold only nulls
  std::shared_ptr<arrow::Scalar> min_;
  std::shared_ptr<arrow::Scalar> max_;
};

}  // namespace lance::index
