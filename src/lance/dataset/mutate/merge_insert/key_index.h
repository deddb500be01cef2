#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include <arrow/type_fwd.h>

#include "lance/base/status.h"

namespace lance::dataset {

/// Finds the rows of a source by key. Rows with a null in their key are not in it: null equals nothing.
/// Immutable once made and thread-safe.
class KeyIndex {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  /// `keys`: one array per key column, as many values each. With `first_only`, rows whose key an earlier row
  /// has are left out. Errors: NotSupported names a type that cannot be a key.
  static Result<std::unique_ptr<KeyIndex>> Make(const arrow::ArrayVector& keys, bool first_only);
  virtual ~KeyIndex() = default;

  /// A row that was asked for, and the first source row that has its key.
  struct Hit {
    uint32_t row = 0;
    uint32_t first = 0;
  };
  /// Those rows of `keys`, of the same types, whose key the source has, ascending. Fewer than 2^32 rows.
  virtual Status Find(const arrow::ArrayVector& keys, std::vector<Hit>* hits) const = 0;
  /// The next source row with the same key; kNone after the last.
  uint32_t Next(uint32_t row) const { return next_.empty() ? kNone : next_[row]; }
  /// Source rows that `first_only` left out, ascending.
  std::span<const uint32_t> skipped() const { return skipped_; }

 protected:
  // `row` has the key that `first` has.
  void AddRepeat(uint32_t first, uint32_t row, size_t num_rows, bool first_only);

  std::vector<uint32_t> next_;  // empty: no key is repeated
  std::vector<uint32_t> last_;  // of a chain, by its first row; only while building
  std::vector<uint32_t> skipped_;
};

}  // namespace lance::dataset
