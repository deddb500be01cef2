#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/type_fwd.h>

#include "lance/base/status.h"

namespace lance::index {

/// The key of a number as bytes: eight, most significant first, so that they order as the numbers do.
std::string NumberKey(uint64_t number);
/// The number; other lengths than eight bytes are cut or filled up with zeros.
uint64_t KeyNumber(std::string_view key);

/// How values of a type become keys, which sort as the values do: numbers, dates and times of at most eight
/// bytes become unsigned integers (floats in IEEE total order: -NaN, -inf ... -0, 0 ... inf, NaN), all others
/// bytes. Two values have the same key exactly when they have the same bits. A small value.
class KeyType {
 public:
  /// Errors: NotSupported names a type that has no order (nested types, dictionaries, extensions).
  static Result<KeyType> Make(const std::shared_ptr<arrow::DataType>& type);

  const std::shared_ptr<arrow::DataType>& type() const { return type_; }
  bool is_number() const { return form_ != Form::kBytes && form_ != Form::kSignedBytes; }
  bool is_float() const { return form_ == Form::kFloat; }
  /// The largest key of numbers.
  uint64_t max_number() const { return bits_ == 64 ? UINT64_MAX : (uint64_t{1} << bits_) - 1; }

  uint64_t ToKey(uint64_t bits) const;
  uint64_t FromKey(uint64_t key) const;
  /// Values with these keys. `nulls` nulls come first.
  Result<std::shared_ptr<arrow::Array>> ToArray(std::span<const uint64_t> keys, uint64_t nulls) const;
  Result<std::shared_ptr<arrow::Array>> ToArray(std::span<const std::string_view> keys, uint64_t nulls) const;

 private:
  friend class Keys;
  enum class Form { kUnsigned, kSigned, kFloat, kBool, kBytes, kSignedBytes };
  std::shared_ptr<arrow::DataType> type_;
  Form form_ = Form::kUnsigned;
  int bits_ = 64;  ///< of numbers; else bytes of a value, 0 when it varies
};

/// The keys of an array. Keys of bytes may lie in the array, which is kept then. Move only.
class Keys {
 public:
  Keys() = default;
  /// `array` has the type of `type`.
  static Result<Keys> Of(const KeyType& type, std::shared_ptr<arrow::Array> array);
  Keys(Keys&&) = default;
  Keys& operator=(Keys&&) = default;

  size_t size() const { return size_; }
  bool IsNull(size_t row) const;
  uint64_t null_count() const;
  /// One for each row, if the type is a number; those of nulls mean nothing.
  std::span<const uint64_t> numbers() const { return numbers_; }
  /// One for each row, otherwise.
  std::span<const std::string_view> bytes() const { return bytes_; }
  /// -1, 0 or 1, as the key of row `a` stands to that of row `b` of `other`; neither is null.
  int Compare(size_t a, const Keys& other, size_t b) const;
  /// Whether the key of a row is less than `key`, written as KeyRange has keys (key_set.h).
  bool IsBelow(size_t row, std::string_view key) const {
    return bytes_.empty() ? numbers_[row] < KeyNumber(key) : bytes_[row] < key;
  }
  uint64_t memory_bytes() const;

 private:
  size_t size_ = 0;
  std::vector<uint64_t> numbers_;
  std::vector<std::string_view> bytes_;
  std::vector<char> swapped_;  // bytes of decimals, most significant first
  std::shared_ptr<arrow::Array> array_;
};

}  // namespace lance::index
