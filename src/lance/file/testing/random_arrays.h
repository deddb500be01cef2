#pragma once

// For tests only.

#include <cstring>
#include <random>

#include <arrow/api.h>
#include <arrow/util/bit_util.h>
#include <arrow/util/float16.h>

namespace lance::file::testing {

/// Makes arrays of any type with nulls, empties, and garbage under nulls, the same for the same seed.
class RandomArrays {
 public:
  struct Shape {
    double nulls = 0.2;          ///< share of nulls
    double empties = 0.2;        ///< share of empty lists and strings
    int max_length = 12;         ///< of lists and strings
    uint64_t distinct = 100000;  ///< of numbers
  };

  RandomArrays(uint32_t seed, Shape shape) : random_(seed), shape_(shape) {}

  /// An array of `length` rows that is a slice of a longer one.
  std::shared_ptr<arrow::Array> Make(const arrow::Field& field, int64_t length) {
    const int64_t before = random_() % 3 == 0 ? 0 : static_cast<int64_t>(random_() % 70);
    auto data = MakeData(field, before + length + static_cast<int64_t>(random_() % 5));
    return arrow::MakeArray(data)->Slice(before, length);
  }

 private:
  bool Chance(double share) { return std::uniform_real_distribution<double>(0, 1)(random_) < share; }

  static std::shared_ptr<arrow::Buffer> Zeros(int64_t bytes) {
    auto buffer = arrow::AllocateBuffer(bytes).ValueOrDie();
    if (bytes > 0) std::memset(buffer->mutable_data(), 0, static_cast<size_t>(bytes));
    return buffer;
  }

  std::shared_ptr<arrow::Buffer> Validity(const arrow::Field& field, int64_t length) {
    if (!field.nullable() || shape_.nulls == 0) return nullptr;
    auto bits = Zeros((length + 7) / 8 + 1);
    for (int64_t i = 0; i < length; ++i) {
      if (!Chance(shape_.nulls)) arrow::bit_util::SetBit(bits->mutable_data(), i);
    }
    return bits;
  }

  template <typename Offset>
  std::shared_ptr<arrow::Buffer> Offsets(int64_t length, int64_t* total) {
    auto buffer = Zeros((length + 1) * static_cast<int64_t>(sizeof(Offset)));
    auto* offsets = reinterpret_cast<Offset*>(buffer->mutable_data());
    for (int64_t i = 0; i < length; ++i) {
      const auto next = Chance(shape_.empties) ? 0 : random_() % static_cast<unsigned>(shape_.max_length + 1);
      offsets[i + 1] = static_cast<Offset>(offsets[i] + static_cast<Offset>(next));
    }
    *total = length == 0 ? 0 : static_cast<int64_t>(offsets[length]);
    return buffer;
  }

  void FillNumber(const arrow::DataType& type, uint8_t* to) {
    const uint64_t number = random_() % shape_.distinct;
    if (type.id() == arrow::Type::FLOAT) {
      const float value = static_cast<float>(number) / 8;
      std::memcpy(to, &value, 4);
    } else if (type.id() == arrow::Type::DOUBLE) {
      const double value = static_cast<double>(number) / 8;
      std::memcpy(to, &value, 8);
    } else if (type.id() == arrow::Type::HALF_FLOAT) {
      const uint16_t value = arrow::util::Float16(static_cast<float>(number % 1000)).bits();
      std::memcpy(to, &value, 2);
    } else {
      const auto width = static_cast<size_t>(type.bit_width() / 8);
      std::memcpy(to, &number, std::min<size_t>(width, 8));
    }
  }

  template <typename Offset>
  std::shared_ptr<arrow::ArrayData> Strings(const arrow::Field& field, int64_t length) {
    auto validity = Validity(field, length);
    int64_t total = 0;
    auto offsets = Offsets<Offset>(length, &total);
    auto bytes = Zeros(total);
    for (int64_t i = 0; i < total; ++i) bytes->mutable_data()[i] = static_cast<uint8_t>('a' + random_() % 20);
    return arrow::ArrayData::Make(field.type(), length, {validity, offsets, bytes});
  }

  template <typename Offset>
  std::shared_ptr<arrow::ArrayData> Lists(const arrow::Field& field, int64_t length) {
    auto validity = Validity(field, length);
    int64_t total = 0;
    auto offsets = Offsets<Offset>(length, &total);
    auto items = MakeData(*field.type()->field(0), total);
    return arrow::ArrayData::Make(field.type(), length, {validity, offsets}, {items});
  }

  std::shared_ptr<arrow::ArrayData> MakeData(const arrow::Field& field, int64_t length) {
    const auto& type = field.type();
    switch (type->id()) {
      case arrow::Type::NA:
        return arrow::ArrayData::Make(type, length, {nullptr}, length);
      case arrow::Type::STRING:
      case arrow::Type::BINARY:
        return Strings<int32_t>(field, length);
      case arrow::Type::LARGE_STRING:
      case arrow::Type::LARGE_BINARY:
        return Strings<int64_t>(field, length);
      case arrow::Type::LIST:
      case arrow::Type::MAP:
        return Lists<int32_t>(field, length);
      case arrow::Type::LARGE_LIST:
        return Lists<int64_t>(field, length);
      case arrow::Type::STRUCT: {
        std::vector<std::shared_ptr<arrow::ArrayData>> children;
        for (const auto& child : type->fields()) children.push_back(MakeData(*child, length));
        return arrow::ArrayData::Make(type, length, {Validity(field, length)}, children);
      }
      case arrow::Type::FIXED_SIZE_LIST: {
        const auto size = static_cast<const arrow::FixedSizeListType&>(*type).list_size();
        auto items = MakeData(*type->field(0), length * size);
        return arrow::ArrayData::Make(type, length, {Validity(field, length)}, {items});
      }
      case arrow::Type::DICTIONARY: {
        const auto& dictionary = static_cast<const arrow::DictionaryType&>(*type);
        const int64_t size = 1 + static_cast<int64_t>(random_() % 20);
        auto data = MakeData(*arrow::field("", dictionary.index_type()), length);
        const auto width = static_cast<size_t>(dictionary.index_type()->bit_width() / 8);
        auto indices = Zeros(length * static_cast<int64_t>(width));
        for (int64_t i = 0; i < length; ++i) {
          const uint64_t index = random_() % static_cast<uint64_t>(size);
          std::memcpy(indices->mutable_data() + static_cast<size_t>(i) * width, &index, width);
        }
        data->buffers = {Validity(field, length), indices};
        data->type = type;
        data->null_count = arrow::kUnknownNullCount;
        data->dictionary = MakeData(*arrow::field("", dictionary.value_type(), false), size);
        return data;
      }
      case arrow::Type::BOOL: {
        auto bits = Zeros((length + 7) / 8 + 1);
        for (int64_t i = 0; i < bits->size(); ++i) bits->mutable_data()[i] = static_cast<uint8_t>(random_());
        return arrow::ArrayData::Make(type, length, {Validity(field, length), bits});
      }
      default: {
        const int64_t width = type->bit_width() / 8;
        auto values = Zeros(length * width);
        for (int64_t i = 0; i < length; ++i) FillNumber(*type, values->mutable_data() + i * width);
        return arrow::ArrayData::Make(type, length, {Validity(field, length), values});
      }
    }
  }

  std::mt19937 random_;
  Shape shape_;
};

}  // namespace lance::file::testing
