#include "lance/index/scalar/keys.h"

#include <algorithm>
#include <cstring>

#include <arrow/api.h>

namespace lance::index {
namespace {

template <typename T>
void Widen(const arrow::Array& array, std::vector<uint64_t>* out) {
  const T* values = array.data()->GetValues<T>(1);
  for (int64_t i = 0; i < array.length(); ++i) (*out)[static_cast<size_t>(i)] = values[i];
}

template <typename T>
void Narrow(const KeyType& type, std::span<const uint64_t> keys, uint8_t* out) {
  for (const uint64_t key : keys) {
    const auto value = static_cast<T>(type.FromKey(key));
    std::memcpy(out, &value, sizeof(T));
    out += sizeof(T);
  }
}

template <typename Offset>
void Views(const arrow::Array& array, std::vector<std::string_view>* out) {
  const Offset* offsets = array.data()->GetValues<Offset>(1);
  const auto& values = array.data()->buffers[2];
  const char* data = values == nullptr ? "" : reinterpret_cast<const char*>(values->data());
  for (int64_t i = 0; i < array.length(); ++i) {
    (*out)[static_cast<size_t>(i)] = {data + offsets[i], static_cast<size_t>(offsets[i + 1] - offsets[i])};
  }
}

// Between two's complement, least byte first, and bytes that sort as the numbers do.
void SwapDecimal(const char* from, size_t width, bool to_key, char* to) {
  std::reverse_copy(from, from + width, to);
  char& sign = to_key ? to[0] : to[width - 1];
  sign = static_cast<char>(sign ^ '\x80');
}

// The bitmap of `nulls` nulls before `count` values; null when there are none.
Result<std::shared_ptr<arrow::Buffer>> NullsFirst(uint64_t nulls, size_t count) {
  if (nulls == 0) return nullptr;
  ARROW_ASSIGN_OR_RAISE(auto bitmap, arrow::AllocateEmptyBitmap(static_cast<int64_t>(nulls + count)));
  for (uint64_t i = nulls; i < nulls + count; ++i) {
    bitmap->mutable_data()[i / 8] = static_cast<uint8_t>(bitmap->mutable_data()[i / 8] | (1u << (i % 8)));
  }
  return bitmap;
}

template <typename Offset>
Result<std::vector<std::shared_ptr<arrow::Buffer>>> Joined(std::span<const std::string_view> keys,
                                                           uint64_t nulls) {
  uint64_t total = 0;
  for (const std::string_view key : keys) total += key.size();
  if (total > static_cast<uint64_t>(std::numeric_limits<Offset>::max())) {
    return InvalidArgument("{} bytes of keys do not fit into one array", total);
  }
  const auto rows = static_cast<int64_t>(nulls + keys.size());
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> offsets,
                        arrow::AllocateBuffer((rows + 1) * static_cast<int64_t>(sizeof(Offset))));
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> bytes,
                        arrow::AllocateBuffer(static_cast<int64_t>(total)));
  auto* at = reinterpret_cast<Offset*>(offsets->mutable_data());
  std::fill(at, at + nulls + 1, Offset{0});
  at += nulls;
  for (const std::string_view key : keys) {
    if (!key.empty()) std::memcpy(bytes->mutable_data() + *at, key.data(), key.size());
    at[1] = *at + static_cast<Offset>(key.size());
    ++at;
  }
  return std::vector<std::shared_ptr<arrow::Buffer>>{nullptr, std::move(offsets), std::move(bytes)};
}

}  // namespace

std::string NumberKey(uint64_t number) {
  std::string out(8, '\0');
  for (int i = 7; i >= 0; --i, number >>= 8) out[static_cast<size_t>(i)] = static_cast<char>(number & 0xFF);
  return out;
}

uint64_t KeyNumber(std::string_view key) {
  uint64_t out = 0;
  for (size_t i = 0; i < 8; ++i) out = out << 8 | (i < key.size() ? static_cast<uint8_t>(key[i]) : 0);
  return out;
}

Result<KeyType> KeyType::Make(const std::shared_ptr<arrow::DataType>& type) {
  KeyType out;
  out.type_ = type;
  switch (type->id()) {
    case arrow::Type::BOOL:
      out.form_ = Form::kBool;
      out.bits_ = 1;
      return out;
    case arrow::Type::UINT8:
    case arrow::Type::UINT16:
    case arrow::Type::UINT32:
    case arrow::Type::UINT64:
      out.form_ = Form::kUnsigned;
      break;
    case arrow::Type::HALF_FLOAT:
    case arrow::Type::FLOAT:
    case arrow::Type::DOUBLE:
      out.form_ = Form::kFloat;
      break;
    case arrow::Type::INT8:
    case arrow::Type::INT16:
    case arrow::Type::INT32:
    case arrow::Type::INT64:
    case arrow::Type::DATE32:
    case arrow::Type::DATE64:
    case arrow::Type::TIME32:
    case arrow::Type::TIME64:
    case arrow::Type::TIMESTAMP:
    case arrow::Type::DURATION:
      out.form_ = Form::kSigned;
      break;
    case arrow::Type::DECIMAL128:
    case arrow::Type::DECIMAL256:
      out.form_ = Form::kSignedBytes;
      out.bits_ = type->byte_width();
      return out;
    case arrow::Type::FIXED_SIZE_BINARY:
      out.form_ = Form::kBytes;
      out.bits_ = type->byte_width();
      return out;
    case arrow::Type::STRING:
    case arrow::Type::BINARY:
    case arrow::Type::LARGE_STRING:
    case arrow::Type::LARGE_BINARY:
      out.form_ = Form::kBytes;
      out.bits_ = 0;
      return out;
    default:
      return NotSupported("a scalar index over values of type {}", type->ToString());
  }
  out.bits_ = type->bit_width();
  return out;
}

uint64_t KeyType::ToKey(uint64_t bits) const {
  const uint64_t sign = uint64_t{1} << (bits_ - 1);
  if (form_ == Form::kSigned) return bits ^ sign;
  if (form_ == Form::kFloat) return bits ^ ((bits & sign) != 0 ? max_number() : sign);
  return bits;
}

uint64_t KeyType::FromKey(uint64_t key) const {
  const uint64_t sign = uint64_t{1} << (bits_ - 1);
  if (form_ == Form::kSigned) return key ^ sign;
  if (form_ == Form::kFloat) return key ^ ((key & sign) != 0 ? sign : max_number());
  return key;
}

Result<std::shared_ptr<arrow::Array>> KeyType::ToArray(std::span<const uint64_t> keys, uint64_t nulls) const {
  const auto rows = static_cast<int64_t>(nulls + keys.size());
  ARROW_ASSIGN_OR_RAISE(auto valid, NullsFirst(nulls, keys.size()));
  std::shared_ptr<arrow::Buffer> values;
  if (form_ == Form::kBool) {
    ARROW_ASSIGN_OR_RAISE(values, arrow::AllocateEmptyBitmap(rows));
    for (size_t i = 0; i < keys.size(); ++i) {
      const uint64_t at = nulls + i;
      if (keys[i] != 0) {
        values->mutable_data()[at / 8] =
            static_cast<uint8_t>(values->mutable_data()[at / 8] | (1u << (at % 8)));
      }
    }
  } else {
    const auto width = static_cast<uint64_t>(bits_ / 8);
    ARROW_ASSIGN_OR_RAISE(values, arrow::AllocateBuffer(rows * static_cast<int64_t>(width)));
    std::memset(values->mutable_data(), 0, nulls * width);
    uint8_t* out = values->mutable_data() + nulls * width;
    switch (width) {
      case 1:
        Narrow<uint8_t>(*this, keys, out);
        break;
      case 2:
        Narrow<uint16_t>(*this, keys, out);
        break;
      case 4:
        Narrow<uint32_t>(*this, keys, out);
        break;
      default:
        Narrow<uint64_t>(*this, keys, out);
    }
  }
  return arrow::MakeArray(arrow::ArrayData::Make(type_, rows, {std::move(valid), std::move(values)},
                                                 static_cast<int64_t>(nulls)));
}

Result<std::shared_ptr<arrow::Array>> KeyType::ToArray(std::span<const std::string_view> keys,
                                                       uint64_t nulls) const {
  const auto rows = static_cast<int64_t>(nulls + keys.size());
  std::vector<std::shared_ptr<arrow::Buffer>> buffers;
  if (bits_ == 0) {
    const bool large = arrow::is_large_binary_like(type_->id());
    ARROW_ASSIGN_OR_RAISE(buffers, large ? Joined<int64_t>(keys, nulls) : Joined<int32_t>(keys, nulls));
  } else {
    const auto width = static_cast<size_t>(bits_);
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> values, arrow::AllocateBuffer(rows * bits_));
    std::memset(values->mutable_data(), 0, nulls * width);
    char* out = reinterpret_cast<char*>(values->mutable_data()) + nulls * width;
    for (const std::string_view key : keys) {
      if (form_ == Form::kSignedBytes) {
        SwapDecimal(key.data(), width, /*to_key=*/false, out);
      } else {
        std::memcpy(out, key.data(), width);
      }
      out += width;
    }
    buffers = {nullptr, std::move(values)};
  }
  ARROW_ASSIGN_OR_RAISE(buffers[0], NullsFirst(nulls, keys.size()));
  return arrow::MakeArray(
      arrow::ArrayData::Make(type_, rows, std::move(buffers), static_cast<int64_t>(nulls)));
}

Result<Keys> Keys::Of(const KeyType& type, std::shared_ptr<arrow::Array> array) {
  LANCE_CHECK_ARG(array->type()->Equals(*type.type()), "keys of type {} where {} is expected",
                  array->type()->ToString(), type.type()->ToString());
  Keys out;
  out.size_ = static_cast<size_t>(array->length());
  if (out.size_ == 0) return out;
  if (type.is_number()) {
    out.numbers_.resize(out.size_);
    switch (type.bits_) {
      case 1: {
        const auto& values = static_cast<const arrow::BooleanArray&>(*array);
        for (size_t i = 0; i < out.size_; ++i)
          out.numbers_[i] = values.Value(static_cast<int64_t>(i)) ? 1 : 0;
        break;
      }
      case 8:
        Widen<uint8_t>(*array, &out.numbers_);
        break;
      case 16:
        Widen<uint16_t>(*array, &out.numbers_);
        break;
      case 32:
        Widen<uint32_t>(*array, &out.numbers_);
        break;
      default:
        Widen<uint64_t>(*array, &out.numbers_);
    }
    if (type.form_ == KeyType::Form::kSigned || type.form_ == KeyType::Form::kFloat) {
      for (uint64_t& number : out.numbers_) number = type.ToKey(number);
    }
  } else {
    out.bytes_.resize(out.size_);
    if (type.bits_ == 0 && arrow::is_large_binary_like(array->type_id())) {
      Views<int64_t>(*array, &out.bytes_);
    } else if (type.bits_ == 0) {
      Views<int32_t>(*array, &out.bytes_);
    } else {
      const auto width = static_cast<size_t>(type.bits_);
      const char* values = reinterpret_cast<const char*>(array->data()->buffers[1]->data()) +
                           static_cast<size_t>(array->offset()) * width;
      if (type.form_ == KeyType::Form::kSignedBytes) {
        out.swapped_.resize(out.size_ * width);
        for (size_t i = 0; i < out.size_; ++i) {
          SwapDecimal(values + i * width, width, /*to_key=*/true, out.swapped_.data() + i * width);
        }
        values = out.swapped_.data();
      }
      for (size_t i = 0; i < out.size_; ++i) out.bytes_[i] = {values + i * width, width};
    }
  }
  if (!type.is_number() || array->null_count() > 0) out.array_ = std::move(array);
  return out;
}

bool Keys::IsNull(size_t row) const { return array_ != nullptr && array_->IsNull(static_cast<int64_t>(row)); }

uint64_t Keys::null_count() const {
  return array_ == nullptr ? 0 : static_cast<uint64_t>(array_->null_count());
}

int Keys::Compare(size_t a, const Keys& other, size_t b) const {
  if (bytes_.empty()) {
    const uint64_t left = numbers_[a], right = other.numbers_[b];
    return left < right ? -1 : left > right;
  }
  const int order = bytes_[a].compare(other.bytes_[b]);
  return order < 0 ? -1 : order > 0;
}

uint64_t Keys::memory_bytes() const {
  uint64_t out = sizeof(*this) + numbers_.size() * 8 + bytes_.size() * 16 + swapped_.size();
  for (const std::string_view key : bytes_) out += key.size();
  return out;
}

}  // namespace lance::index
