#include "lance/expr/kernels/value_set.h"

#include <algorithm>
#include <bit>
#include <unordered_set>

#include <arrow/api.h>
#include <arrow/compute/api.h>
#include <arrow/util/bitmap_ops.h>

#include "lance/expr/kernels/bitmaps.h"
#include "lance/expr/kernels/column_view.h"
#include "lance/expr/type_rules.h"

namespace lance::expr {
namespace {

using arrow::Datum;
using arrow::Type;
using arrow::internal::checked_cast;

// Open addressing at most half full. Zero, the mark of a free slot, is kept apart.
class WordSet {
 public:
  explicit WordSet(size_t count) {
    size_t slots = std::bit_ceil(std::max<size_t>(16, count * 2));
    slots_.resize(slots);
    shift_ = 64 - std::countr_zero(slots);
  }
  void Insert(uint64_t key) {
    if (key == 0) {
      has_zero_ = true;
      return;
    }
    size_t at = Home(key);
    while (slots_[at] != 0 && slots_[at] != key) at = (at + 1) & (slots_.size() - 1);
    slots_[at] = key;
  }
  bool Contains(uint64_t key) const {
    if (key == 0) return has_zero_;
    size_t at = Home(key);
    while (slots_[at] != 0) {
      if (slots_[at] == key) return true;
      at = (at + 1) & (slots_.size() - 1);
    }
    return false;
  }

 private:
  size_t Home(uint64_t key) const { return static_cast<size_t>((key * 0x9E3779B97F4A7C15ull) >> shift_); }
  std::vector<uint64_t> slots_;
  int shift_;
  bool has_zero_ = false;
};

class SetBase : public ValueSet {
 public:
  SetBase(std::shared_ptr<arrow::Array> values) : values_(std::move(values)) {}

  Result<Datum> Contains(const Datum& value, bool negated, int64_t rows) const override {
    if (value.type()->id() == Type::DICTIONARY) {
      arrow::DictionaryArray array(value.array());
      ARROW_ASSIGN_OR_RAISE(Datum verdicts,
                            Contains(Datum(array.dictionary()), negated, array.dictionary()->length()));
      return arrow::compute::Take(verdicts, array.indices(), arrow::compute::TakeOptions::NoBoundsCheck());
    }
    ARROW_ASSIGN_OR_RAISE(auto validity, CopyValidity(value, rows));
    ARROW_ASSIGN_OR_RAISE(auto found, NewBitmap(rows));
    Fill(value, rows, found->mutable_data());
    if (values_->null_count() > 0) {  // a miss is unknown
      ARROW_ASSIGN_OR_RAISE(auto known, NewBitmap(rows));
      if (validity) {
        arrow::internal::BitmapAnd(found->data(), 0, validity->data(), 0, rows, 0, known->mutable_data());
      } else {
        std::memcpy(known->mutable_data(), found->data(), static_cast<size_t>(found->size()));
      }
      validity = std::move(known);
    }
    if (negated) {
      auto* words = reinterpret_cast<uint64_t*>(found->mutable_data());
      for (int64_t i = 0; i < found->size() / 8; ++i) words[i] = ~words[i];
    }
    return Datum(MakeBoolArray(rows, std::move(found), std::move(validity)));
  }

 protected:
  virtual void Fill(const Datum& value, int64_t rows, uint8_t* out) const = 0;
  std::shared_ptr<arrow::Array> values_;  // keeps the bytes of string sets alive
};

template <typename T>
class NumberSet final : public SetBase {
 public:
  explicit NumberSet(const std::shared_ptr<arrow::Array>& values)
      : SetBase(values), set_(static_cast<size_t>(values->length())) {
    NumberView<T> view{Datum(values)};
    for (int64_t i = 0; i < values->length(); ++i) {
      if (values->IsNull(i)) continue;
      set_.Insert(view[i]);
      if (few_.size() <= kFew) few_.push_back(view[i]);
    }
    if (few_.empty()) return;
    while (few_.size() < kFew) few_.push_back(few_[0]);
  }

 private:
  static constexpr size_t kFew = 4;  // below this, comparing with each beats hashing
  void Fill(const Datum& value, int64_t rows, uint8_t* out) const override {
    if (few_.empty()) return;
    const T* values = value.array()->GetValues<T>(1);
    if (few_.size() == kFew) {
      T a = few_[0], b = few_[1], c = few_[2], d = few_[3];
      FillBitmap(rows, out, [=](int64_t i) {
        T v = values[i];
        return (v == a) | (v == b) | (v == c) | (v == d);
      });
      return;
    }
    FillBitmap(rows, out, [&](int64_t i) { return set_.Contains(values[i]); });
  }
  WordSet set_;
  std::vector<T> few_;
};

class BytesSet final : public SetBase {
 public:
  explicit BytesSet(const std::shared_ptr<arrow::Array>& values) : SetBase(values) {
    BytesView view{Datum(values)};
    for (int64_t i = 0; i < values->length(); ++i) {
      if (!values->IsNull(i)) set_.insert(view[i]);
    }
  }

 private:
  void Fill(const Datum& value, int64_t rows, uint8_t* out) const override {
    BytesView view(value);
    FillBitmap(rows, out, [&](int64_t i) { return !view.IsNull(i) && set_.contains(view[i]); });
  }
  std::unordered_set<std::string_view> set_;
};

// Fixed-size values of other widths (decimals) are compared as bytes.
class FixedBytesSet final : public SetBase {
 public:
  FixedBytesSet(const std::shared_ptr<arrow::Array>& values, int width) : SetBase(values), width_(width) {
    for (int64_t i = 0; i < values->length(); ++i) {
      if (!values->IsNull(i)) set_.insert(At(*values->data(), i));
    }
  }

 private:
  std::string_view At(const arrow::ArrayData& data, int64_t row) const {
    return {reinterpret_cast<const char*>(data.buffers[1]->data()) + (data.offset + row) * width_,
            static_cast<size_t>(width_)};
  }
  void Fill(const Datum& value, int64_t rows, uint8_t* out) const override {
    const arrow::ArrayData& data = *value.array();
    FillBitmap(rows, out, [&](int64_t i) { return set_.contains(At(data, i)); });
  }
  int width_;
  std::unordered_set<std::string_view> set_;
};

class BoolSet final : public SetBase {
 public:
  explicit BoolSet(const std::shared_ptr<arrow::Array>& values) : SetBase(values) {
    BoolView view{Datum(values)};
    for (int64_t i = 0; i < values->length(); ++i) {
      if (!values->IsNull(i)) has_[view[i]] = true;
    }
  }

 private:
  void Fill(const Datum& value, int64_t rows, uint8_t* out) const override {
    BoolView view(value);
    FillBitmap(rows, out, [&](int64_t i) { return has_[view[i]]; });
  }
  bool has_[2] = {false, false};
};

}  // namespace

Result<std::unique_ptr<const ValueSet>> ValueSet::Make(const std::shared_ptr<arrow::Array>& values) {
  using Out = std::unique_ptr<const ValueSet>;
  const arrow::DataType& type = *values->type();
  if (type.id() == Type::BOOL) return Out(new BoolSet(values));
  if (IsStringType(type) || IsBinaryType(type)) return Out(new BytesSet(values));
  if (IsDecimalType(type)) {
    return Out(new FixedBytesSet(values, checked_cast<const arrow::FixedWidthType&>(type).bit_width() / 8));
  }
  if (!arrow::is_primitive(type.id()) || arrow::is_interval(type.id())) {
    return NotSupported("IN over values of type {}", PrintType(type));
  }
  switch (checked_cast<const arrow::FixedWidthType&>(type).bit_width()) {
    case 8:
      return Out(new NumberSet<uint8_t>(values));
    case 16:
      return Out(new NumberSet<uint16_t>(values));
    case 32:
      return Out(new NumberSet<uint32_t>(values));
    default:
      return Out(new NumberSet<uint64_t>(values));
  }
}

}  // namespace lance::expr
