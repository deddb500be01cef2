#pragma once

#include <arrow/api.h>

#include "lance/expr/functions/signatures.h"

namespace lance::expr {

/// Rows of a list column (or one list for all rows): where each starts and ends in the values.
class ListRows {
 public:
  static Result<ListRows> Make(const arrow::Datum& value) {
    ListRows out;
    if (value.is_scalar()) {
      const auto& scalar = arrow::internal::checked_cast<const arrow::BaseListScalar&>(*value.scalar());
      out.constant_ = true;
      out.valid_ = scalar.is_valid;
      if (scalar.is_valid) {
        out.values_ = scalar.value;
      } else {
        ARROW_ASSIGN_OR_RAISE(out.values_, arrow::MakeEmptyArray(ListValueType(*value.type())));
      }
      return out;
    }
    out.array_ = value.make_array();
    switch (out.array_->type_id()) {
      case arrow::Type::LIST:
        out.values_ = arrow::internal::checked_cast<const arrow::ListArray&>(*out.array_).values();
        out.small_ = arrow::internal::checked_cast<const arrow::ListArray&>(*out.array_).raw_value_offsets();
        break;
      case arrow::Type::LARGE_LIST:
        out.values_ = arrow::internal::checked_cast<const arrow::LargeListArray&>(*out.array_).values();
        out.large_ =
            arrow::internal::checked_cast<const arrow::LargeListArray&>(*out.array_).raw_value_offsets();
        break;
      default: {
        const auto& fixed = arrow::internal::checked_cast<const arrow::FixedSizeListArray&>(*out.array_);
        out.values_ = fixed.values();
        out.width_ = fixed.list_type()->list_size();
        out.first_ = fixed.offset();
      }
    }
    return out;
  }
  bool IsNull(int64_t row) const { return constant_ ? !valid_ : array_->IsNull(row); }
  int64_t start(int64_t row) const {
    return constant_ ? 0 : small_ ? small_[row] : large_ ? large_[row] : (first_ + row) * width_;
  }
  int64_t end(int64_t row) const {
    return constant_ ? values_->length()
           : small_  ? small_[row + 1]
           : large_  ? large_[row + 1]
                     : (first_ + row + 1) * width_;
  }
  int64_t length(int64_t row) const { return end(row) - start(row); }
  const std::shared_ptr<arrow::Array>& values() const { return values_; }

 private:
  bool constant_ = false;
  bool valid_ = true;
  std::shared_ptr<arrow::Array> array_;
  std::shared_ptr<arrow::Array> values_;
  const int32_t* small_ = nullptr;
  const int64_t* large_ = nullptr;
  int64_t width_ = 0;
  int64_t first_ = 0;
};

/// Elements compare as the reference compares them: nulls and NaNs equal themselves, 0.0 and -0.0 differ.
inline const arrow::EqualOptions& ElementEquality() {
  static const arrow::EqualOptions options =
      arrow::EqualOptions::Defaults().nans_equal(true).signed_zeros_equal(false);
  return options;
}

/// The list type with other values.
TypePtr WithValues(const arrow::DataType& list, const TypePtr& value);
/// A list of `value` as functions return it: large where `list` is, never of fixed size.
TypePtr ListOf(const arrow::DataType& list, const TypePtr& value);

/// Whether an argument is the literal null.
inline bool AnyNullType(const std::vector<arrow::Datum>& values) {
  for (const arrow::Datum& value : values) {
    if (value.type()->id() == arrow::Type::NA) return true;
  }
  return false;
}

/// Builds a list column row by row: Null() or Begin() and then its elements.
class ListOutput {
 public:
  static Result<ListOutput> Make(const TypePtr& type);
  Status Null() { return large_ ? large_->AppendNull() : small_->AppendNull(); }
  Status Begin() { return large_ ? large_->Append() : small_->Append(); }
  /// Appends values [start, start + count) of an array of the element type.
  Status Add(const arrow::Array& values, int64_t start, int64_t count = 1) {
    return elements_->AppendArraySlice(*values.data(), start, count);
  }
  Status AddNull() { return elements_->AppendNull(); }
  Result<arrow::Datum> Finish();

 private:
  std::unique_ptr<arrow::ArrayBuilder> builder_;
  arrow::ListBuilder* small_ = nullptr;
  arrow::LargeListBuilder* large_ = nullptr;
  arrow::ArrayBuilder* elements_ = nullptr;
};

/// A number for each value (nulls too), equal where the values are. NotSupported: nested values.
Result<std::vector<int32_t>> Identities(const std::vector<std::shared_ptr<arrow::Array>>& arrays);
/// A number for each value that orders them, NaN last; -1 for nulls. NotSupported: nested values.
Result<std::vector<int64_t>> Ranks(const std::shared_ptr<arrow::Array>& values);

/// No list that a function makes is longer than this.
constexpr int64_t kMaxListLength = int64_t{1} << 24;

}  // namespace lance::expr
