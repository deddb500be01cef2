#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <arrow/type_fwd.h>

#include "lance/index/scalar/key_set.h"
#include "lance/index/scalar/keys.h"

namespace lance::index {

/// The rows of one page: first those whose value is null, then the others by key. Immutable and thread-safe.
class BTreePage {
 public:
  /// `batch`: the page's rows of page_data.lance. Copies what it keeps. Errors: Corruption.
  static Result<std::shared_ptr<const BTreePage>> Parse(const KeyType& type, const arrow::RecordBatch& batch);

  uint64_t num_nulls() const { return num_nulls_; }
  /// Of the rows that have one.
  const Keys& keys() const { return keys_; }
  /// The id of a row by its position among those with a key.
  uint64_t id(size_t position) const { return ids_[num_nulls_ + position]; }
  /// Appends the ids of rows whose value is null.
  void FindNulls(std::vector<uint64_t>* out) const;
  /// Appends the ids of rows whose key is in `range`.
  void FindRange(const KeyRange& range, std::vector<uint64_t>* out) const;
  /// The first position at or after `from` whose key is not below that of a row of `other`.
  size_t LowerBound(const Keys& other, size_t row, size_t from) const;
  uint64_t memory_bytes() const { return sizeof(*this) + keys_.memory_bytes() + ids_.size() * 8; }

 private:
  uint64_t num_nulls_ = 0;
  Keys keys_;
  std::vector<uint64_t> ids_;
};

}  // namespace lance::index
