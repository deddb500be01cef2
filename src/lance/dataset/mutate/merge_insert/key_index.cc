#include "lance/dataset/mutate/merge_insert/key_index.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>

#include <arrow/api.h>
#include <arrow/compute/cast.h>

namespace lance::dataset {
namespace {

// Which rows have no null in any key column.
class Validity {
 public:
  explicit Validity(const arrow::ArrayVector& keys) {
    for (const auto& key : keys) {
      if (key->null_count() > 0) nullable_.push_back(key.get());
    }
  }
  bool Has(int64_t row) const {
    for (const arrow::Array* key : nullable_) {
      if (key->IsNull(row)) return false;
    }
    return true;
  }
  bool all() const { return nullable_.empty(); }

 private:
  std::vector<const arrow::Array*> nullable_;
};

size_t TableSize(int64_t rows) { return std::bit_ceil(static_cast<size_t>(std::max<int64_t>(rows, 8)) * 2); }

// A key column as plain values: dictionaries decoded, extensions opened.
Result<std::shared_ptr<arrow::Array>> Plain(const std::shared_ptr<arrow::Array>& key) {
  if (key->type_id() == arrow::Type::EXTENSION) {
    return Plain(static_cast<const arrow::ExtensionArray&>(*key).storage());
  }
  if (key->type_id() != arrow::Type::DICTIONARY) return key;
  const auto& type = static_cast<const arrow::DictionaryType&>(*key->type());
  ARROW_ASSIGN_OR_RAISE(arrow::Datum decoded, arrow::compute::Cast(key, type.value_type()));
  return decoded.make_array();
}

Result<arrow::ArrayVector> PlainKeys(const arrow::ArrayVector& keys) {
  arrow::ArrayVector out;
  for (const auto& key : keys) {
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Array> plain, Plain(key));
    out.push_back(std::move(plain));
  }
  return out;
}

int FixedWidth(const arrow::DataType& type) {
  if (!arrow::is_fixed_width(type.id()) || type.id() == arrow::Type::BOOL) return 0;
  return static_cast<const arrow::FixedWidthType&>(type).byte_width();
}

// Keys of one column of at most eight bytes.
template <typename T>
class FixedIndex : public KeyIndex {
 public:
  FixedIndex(const arrow::Array& key, bool first_only)
      : slots_(TableSize(key.length())), shift_(64 - std::countr_zero(slots_.size())) {
    // A bit per sixteenth of a key and more: most keys that are not there are told by one load from a table
    // that fits the first cache.
    const size_t bits = std::bit_ceil(static_cast<size_t>(std::max<int64_t>(key.length(), 64)) * 16);
    filter_.resize(bits / 64);
    filter_shift_ = 64 - std::countr_zero(bits);
    const T* values = key.data()->GetValues<T>(1);
    for (int64_t row = 0; row < key.length(); ++row) {
      if (key.IsValid(row)) Add(values[row], static_cast<uint32_t>(row), key.length(), first_only);
    }
    last_ = {};
  }

  Status Find(const arrow::ArrayVector& keys, std::vector<Hit>* hits) const override {
    hits->clear();
    const arrow::Array& key = *keys[0];
    const T* values = key.data()->GetValues<T>(1);
    const bool nulls = key.null_count() > 0;
    uint32_t likely[kBlockRows];
    for (int64_t start = 0; start < key.length(); start += kBlockRows) {
      const auto rows = static_cast<uint32_t>(std::min<int64_t>(kBlockRows, key.length() - start));
      const uint32_t count = FindLikely(values + start, rows, likely);
      for (uint32_t i = 0; i < count; ++i) {
        const int64_t row = start + likely[i];
        if (nulls && key.IsNull(row)) continue;
        const uint32_t first = slots_[FindSlot(values[row], Hash(values[row]))].row;
        if (first != kNone) hits->push_back({static_cast<uint32_t>(row), first});
      }
    }
    return Status::OK();
  }

 private:
  static constexpr int64_t kBlockRows = 1024;
  struct Slot {
    T key{};
    uint32_t row = kNone;
  };

  // Rows that the filter lets through. Without a branch: which do cannot be foreseen.
  uint32_t FindLikely(const T* values, uint32_t rows, uint32_t* out) const {
    uint32_t count = 0;
    for (uint32_t row = 0; row < rows; ++row) {
      const uint64_t bit = Hash(values[row]) >> filter_shift_;
      out[count] = row;
      count += static_cast<uint32_t>(filter_[bit >> 6] >> (bit & 63)) & 1;
    }
    return count;
  }

  static uint64_t Hash(T value) { return static_cast<uint64_t>(value) * 0x9e3779b97f4a7c15ull; }

  size_t FindSlot(T value, uint64_t hash) const {
    size_t slot = hash >> shift_;
    while (slots_[slot].row != kNone && slots_[slot].key != value) slot = (slot + 1) & (slots_.size() - 1);
    return slot;
  }

  void Add(T value, uint32_t row, int64_t num_rows, bool first_only) {
    const uint64_t hash = Hash(value);
    Slot& slot = slots_[FindSlot(value, hash)];
    if (slot.row != kNone) {
      AddRepeat(slot.row, row, static_cast<size_t>(num_rows), first_only);
      return;
    }
    slot = {value, row};
    const uint64_t bit = hash >> filter_shift_;
    filter_[bit >> 6] |= uint64_t{1} << (bit & 63);
  }

  std::vector<Slot> slots_;
  int shift_;
  std::vector<uint64_t> filter_;
  int filter_shift_ = 0;
};

// Writes one column's value of a row so that equal bytes mean equal values, also when others follow.
using Encoder = void (*)(const arrow::Array&, int64_t, std::string*);

void EncodeBool(const arrow::Array& key, int64_t row, std::string* out) {
  *out += static_cast<const arrow::BooleanArray&>(key).Value(row) ? '\1' : '\0';
}

void EncodeFixed(const arrow::Array& key, int64_t row, std::string* out) {
  const int width = FixedWidth(*key.type());
  out->append(
      reinterpret_cast<const char*>(key.data()->GetValues<uint8_t>(1, 0)) + (key.offset() + row) * width,
      static_cast<size_t>(width));
}

template <typename ArrayType>
void EncodeBinary(const arrow::Array& key, int64_t row, std::string* out) {
  const std::string_view value = static_cast<const ArrayType&>(key).GetView(row);
  const auto size = static_cast<uint64_t>(value.size());
  out->append(reinterpret_cast<const char*>(&size), sizeof(size));
  out->append(value);
}

Result<Encoder> EncoderOf(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::BOOL:
      return EncodeBool;
    case arrow::Type::STRING:
    case arrow::Type::BINARY:
      return EncodeBinary<arrow::BinaryArray>;
    case arrow::Type::LARGE_STRING:
    case arrow::Type::LARGE_BINARY:
      return EncodeBinary<arrow::LargeBinaryArray>;
    default:
      if (FixedWidth(type) > 0 && !arrow::is_nested(type.id())) return EncodeFixed;
      return NotSupported("merge insert on a key of type {}", type.ToString());
  }
}

// Keys of any number of columns, as bytes.
class BytesIndex : public KeyIndex {
 public:
  static Result<std::unique_ptr<KeyIndex>> Make(const arrow::ArrayVector& keys, bool first_only) {
    auto out = std::make_unique<BytesIndex>();
    for (const auto& key : keys) {
      ARROW_ASSIGN_OR_RAISE(Encoder encoder, EncoderOf(*key->type()));
      out->encoders_.push_back(encoder);
    }
    out->Build(keys, first_only);
    return out;
  }

  Status Find(const arrow::ArrayVector& given, std::vector<Hit>* hits) const override {
    hits->clear();
    ARROW_ASSIGN_OR_RAISE(arrow::ArrayVector keys, PlainKeys(given));
    const Validity validity(keys);
    const int64_t rows = keys[0]->length();
    std::string bytes;
    for (int64_t row = 0; row < rows; ++row) {
      if (!validity.Has(row)) continue;
      Encode(keys, row, &bytes);
      const uint32_t first = slots_[FindSlot(bytes, Hash(bytes))].row;
      if (first != kNone) hits->push_back({static_cast<uint32_t>(row), first});
    }
    return Status::OK();
  }

 private:
  struct Slot {
    uint32_t hash = 0;
    uint32_t row = kNone;
  };

  static uint64_t Hash(std::string_view bytes) { return std::hash<std::string_view>{}(bytes); }

  void Encode(const arrow::ArrayVector& keys, int64_t row, std::string* out) const {
    out->clear();
    for (size_t i = 0; i < keys.size(); ++i) encoders_[i](*keys[i], row, out);
  }

  std::string_view BytesOf(uint32_t row) const {
    return std::string_view(bytes_).substr(starts_[row], starts_[row + 1] - starts_[row]);
  }

  size_t FindSlot(std::string_view bytes, uint64_t hash) const {
    size_t slot = hash & (slots_.size() - 1);
    const auto high = static_cast<uint32_t>(hash >> 32);
    while (slots_[slot].row != kNone && (slots_[slot].hash != high || BytesOf(slots_[slot].row) != bytes)) {
      slot = (slot + 1) & (slots_.size() - 1);
    }
    return slot;
  }

  void Build(const arrow::ArrayVector& keys, bool first_only) {
    const Validity validity(keys);
    const int64_t rows = keys[0]->length();
    slots_.resize(TableSize(rows));
    starts_.reserve(static_cast<size_t>(rows) + 1);
    starts_.push_back(0);
    std::string bytes;
    for (int64_t row = 0; row < rows; ++row) {
      bytes.clear();
      if (validity.Has(row)) {
        Encode(keys, row, &bytes);
        const uint64_t hash = Hash(bytes);
        Slot& slot = slots_[FindSlot(bytes, hash)];
        if (slot.row != kNone) {
          AddRepeat(slot.row, static_cast<uint32_t>(row), static_cast<size_t>(rows), first_only);
          bytes.clear();
        } else {
          slot = {static_cast<uint32_t>(hash >> 32), static_cast<uint32_t>(row)};
        }
      }
      bytes_ += bytes;
      starts_.push_back(bytes_.size());
    }
    last_ = {};
  }

  std::vector<Encoder> encoders_;
  std::vector<Slot> slots_;
  std::string bytes_;             // of the first row of each key, in order
  std::vector<uint64_t> starts_;  // by row
};

}  // namespace

void KeyIndex::AddRepeat(uint32_t first, uint32_t row, size_t num_rows, bool first_only) {
  if (first_only) {
    skipped_.push_back(row);
    return;
  }
  if (next_.empty()) {
    next_.assign(num_rows, kNone);
    last_.assign(num_rows, kNone);
  }
  const uint32_t before = last_[first] == kNone ? first : last_[first];
  next_[before] = row;
  last_[first] = row;
}

Result<std::unique_ptr<KeyIndex>> KeyIndex::Make(const arrow::ArrayVector& given, bool first_only) {
  LANCE_CHECK_ARG(!given.empty(), "merge insert needs a key column");
  LANCE_CHECK_ARG(given[0]->length() < INT32_MAX, "merge insert takes fewer than 2^31 source rows, not {}",
                  given[0]->length());
  ARROW_ASSIGN_OR_RAISE(arrow::ArrayVector keys, PlainKeys(given));
  if (keys.size() == 1 && given[0] == keys[0]) {
    switch (FixedWidth(*keys[0]->type())) {
      case 1:
        return std::make_unique<FixedIndex<uint8_t>>(*keys[0], first_only);
      case 2:
        return std::make_unique<FixedIndex<uint16_t>>(*keys[0], first_only);
      case 4:
        return std::make_unique<FixedIndex<uint32_t>>(*keys[0], first_only);
      case 8:
        return std::make_unique<FixedIndex<uint64_t>>(*keys[0], first_only);
      default:
        break;
    }
  }
  return BytesIndex::Make(keys, first_only);
}

}  // namespace lance::dataset
