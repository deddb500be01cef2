#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include <arrow/api.h>
#include <arrow/datum.h>
#include <arrow/util/bit_util.h>

#include "lance/base/status.h"

namespace lance::expr {

/// Reads the strings or bytes of an array or scalar of utf8, large_utf8, binary, large_binary or fixed-size
/// binary. A scalar answers every row. Does not own the data.
class BytesView {
 public:
  explicit BytesView(const arrow::Datum& value) {
    if (value.is_scalar()) {
      const auto& scalar = static_cast<const arrow::BaseBinaryScalar&>(*value.scalar());
      valid_ = scalar.is_valid && scalar.value != nullptr;
      if (valid_)
        constant_ =
            std::string_view(reinterpret_cast<const char*>(scalar.value->data()), scalar.value->size());
      constant_set_ = true;
      return;
    }
    const arrow::ArrayData& data = *value.array();
    offset_ = data.offset;
    validity_ = data.GetNullCount() == 0 || !data.buffers[0] ? nullptr : data.buffers[0]->data();
    switch (data.type->id()) {
      case arrow::Type::FIXED_SIZE_BINARY:
        width_ = static_cast<const arrow::FixedSizeBinaryType&>(*data.type).byte_width();
        bytes_ = data.buffers[1] ? data.buffers[1]->data() : nullptr;
        return;
      case arrow::Type::STRING:
      case arrow::Type::BINARY:
        small_ = data.GetValues<int32_t>(1);
        break;
      default:
        large_ = data.GetValues<int64_t>(1);
        break;
    }
    bytes_ = data.buffers[2] ? data.buffers[2]->data() : nullptr;
  }

  bool IsNull(int64_t row) const {
    if (constant_set_) return !valid_;
    return validity_ != nullptr && !arrow::bit_util::GetBit(validity_, offset_ + row);
  }
  /// The bytes of a row that is not null (an empty view where a null slot is asked for).
  std::string_view operator[](int64_t row) const {
    if (constant_set_) return constant_;
    if (small_ != nullptr) return View(small_[row], small_[row + 1] - small_[row]);
    if (large_ != nullptr) return View(large_[row], large_[row + 1] - large_[row]);
    return View((offset_ + row) * width_, width_);
  }
  bool is_constant() const { return constant_set_; }
  const int32_t* small_offsets() const { return small_; }
  const uint8_t* bytes() const { return bytes_; }

 private:
  std::string_view View(int64_t start, int64_t length) const {
    return {reinterpret_cast<const char*>(bytes_) + start, static_cast<size_t>(length)};
  }
  bool constant_set_ = false;
  bool valid_ = true;
  std::string_view constant_;
  int64_t offset_ = 0;
  int64_t width_ = 0;
  const uint8_t* validity_ = nullptr;
  const int32_t* small_ = nullptr;
  const int64_t* large_ = nullptr;
  const uint8_t* bytes_ = nullptr;
};

/// Reads the numbers of an array or scalar whose physical type is T (dates and times as their integers).
template <typename T>
class NumberView {
 public:
  explicit NumberView(const arrow::Datum& value) {
    if (value.is_scalar()) {
      const auto& scalar = static_cast<const arrow::internal::PrimitiveScalarBase&>(*value.scalar());
      constant_set_ = true;
      valid_ = scalar.is_valid;
      if (valid_) std::memcpy(&constant_, scalar.view().data(), sizeof(T));
      return;
    }
    const arrow::ArrayData& data = *value.array();
    offset_ = data.offset;
    validity_ = data.GetNullCount() == 0 || !data.buffers[0] ? nullptr : data.buffers[0]->data();
    values_ = data.GetValues<T>(1);
  }
  bool IsNull(int64_t row) const {
    if (constant_set_) return !valid_;
    return validity_ != nullptr && !arrow::bit_util::GetBit(validity_, offset_ + row);
  }
  T operator[](int64_t row) const { return constant_set_ ? constant_ : values_[row]; }
  bool is_constant() const { return constant_set_; }

 private:
  bool constant_set_ = false;
  bool valid_ = true;
  T constant_{};
  int64_t offset_ = 0;
  const uint8_t* validity_ = nullptr;
  const T* values_ = nullptr;
};

/// Reads booleans.
class BoolView {
 public:
  explicit BoolView(const arrow::Datum& value) {
    if (value.is_scalar()) {
      const auto& scalar = static_cast<const arrow::BooleanScalar&>(*value.scalar());
      constant_set_ = true;
      valid_ = scalar.is_valid;
      constant_ = scalar.is_valid && scalar.value;
      return;
    }
    const arrow::ArrayData& data = *value.array();
    offset_ = data.offset;
    validity_ = data.GetNullCount() == 0 || !data.buffers[0] ? nullptr : data.buffers[0]->data();
    values_ = data.buffers[1] ? data.buffers[1]->data() : nullptr;
  }
  bool IsNull(int64_t row) const {
    if (constant_set_) return !valid_;
    return validity_ != nullptr && !arrow::bit_util::GetBit(validity_, offset_ + row);
  }
  bool operator[](int64_t row) const {
    return constant_set_ ? constant_ : arrow::bit_util::GetBit(values_, offset_ + row);
  }

 private:
  bool constant_set_ = false;
  bool valid_ = true;
  bool constant_ = false;
  int64_t offset_ = 0;
  const uint8_t* validity_ = nullptr;
  const uint8_t* values_ = nullptr;
};

}  // namespace lance::expr
