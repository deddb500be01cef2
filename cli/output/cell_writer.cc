#include "output/cell_writer.h"

#include <charconv>
#include <cmath>
#include <cstring>
#include <iterator>
#include <vector>

#include <arrow/api.h>
#include <arrow/util/float16.h>
#include <fmt/format.h>

#include "output/temporal_text.h"

namespace lance::cli {

namespace {

using arrow::Array;
using arrow::Type;

constexpr std::string_view kEllipsis = "…";

// Length of the UTF-8 sequence at the front of `text`, or 0 when it is malformed (overlong and surrogate
// forms included).
size_t Utf8SequenceLength(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return 0;
  for (size_t i = 1; i < length; i++) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  const unsigned char second = byte(1);
  if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F) || (lead == 0xF0 && second < 0x90) ||
      (lead == 0xF4 && second > 0x8F)) {
    return 0;
  }
  return length;
}

void AppendHex(std::string_view bytes, std::string* out) {
  static constexpr char kDigits[] = "0123456789abcdef";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out->push_back(kDigits[byte >> 4]);
    out->push_back(kDigits[byte & 15]);
  }
}

template <typename T>
void AppendFloating(T value, bool json, std::string* out) {
  if (!std::isfinite(value)) {
    const std::string_view name = std::isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
    if (json) out->push_back('"');
    out->append(name);
    if (json) out->push_back('"');
    return;
  }
  char text[64];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  const std::string_view shortest(text, end - text);
  out->append(shortest);
  // "1" would read back as an integer.
  if (shortest.find_first_of(".e") == std::string_view::npos) out->append(".0");
}

/// Handles nulls; Write sees only valid rows.
class Base : public CellWriter {
 public:
  Base(const Array& array, const CellStyle& style) : array_(array.data()), style_(style) {
    nulls_ = array.type_id() == Type::NA;
    bitmap_ = array.null_bitmap_data();
    offset_ = array.offset();
  }
  bool IsNull(int64_t row) const override {
    return nulls_ || (bitmap_ != nullptr && !arrow::bit_util::GetBit(bitmap_, offset_ + row));
  }
  void Append(int64_t row, std::string* out) const override {
    if (IsNull(row)) {
      out->append("null");
    } else {
      Write(row, out);
    }
  }
  virtual void Write(int64_t row, std::string* out) const = 0;

 protected:
  std::shared_ptr<arrow::ArrayData> array_;
  CellStyle style_;
  const uint8_t* bitmap_ = nullptr;
  int64_t offset_ = 0;
  bool nulls_ = false;
};

/// Writes through a function of (row, out), which the compiler inlines.
template <typename F>
class Leaf final : public Base {
 public:
  Leaf(const Array& array, const CellStyle& style, F write) : Base(array, style), write_(std::move(write)) {}
  void Write(int64_t row, std::string* out) const override { write_(row, out); }

 private:
  F write_;
};

template <typename F>
std::unique_ptr<CellWriter> MakeLeaf(const Array& array, const CellStyle& style, F write) {
  return std::make_unique<Leaf<F>>(array, style, std::move(write));
}

/// A leaf whose text needs quotes in JSON but holds nothing to escape.
template <typename F>
std::unique_ptr<CellWriter> MakeQuoted(const Array& array, const CellStyle& style, F write) {
  return MakeLeaf(array, style, [write, json = style.json](int64_t row, std::string* out) {
    if (json) out->push_back('"');
    write(row, out);
    if (json) out->push_back('"');
  });
}

template <typename ArrowType>
std::unique_ptr<CellWriter> MakeInteger(const Array& array, const CellStyle& style) {
  const auto* values = static_cast<const arrow::NumericArray<ArrowType>&>(array).raw_values();
  return MakeLeaf(array, style, [values](int64_t row, std::string* out) {
    char text[24];
    out->append(text, std::to_chars(text, text + sizeof text, values[row]).ptr - text);
  });
}

template <typename ArrowType>
std::unique_ptr<CellWriter> MakeFloating(const Array& array, const CellStyle& style) {
  const auto* values = static_cast<const arrow::NumericArray<ArrowType>&>(array).raw_values();
  return MakeLeaf(array, style, [values, json = style.json](int64_t row, std::string* out) {
    AppendFloating(values[row], json, out);
  });
}

template <typename ArrayType>
std::unique_ptr<CellWriter> MakeString(const Array& array, const CellStyle& style) {
  const auto* strings = static_cast<const ArrayType*>(&array);
  return MakeLeaf(array, style, [strings, style](int64_t row, std::string* out) {
    std::string_view text = strings->GetView(row);
    const bool cut = style.max_bytes > 0 && static_cast<int64_t>(text.size()) > style.max_bytes;
    if (cut) {
      text = text.substr(0, style.max_bytes);
      while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0x80) != 0) text.remove_suffix(1);
    }
    if (style.json) {
      AppendJsonString(text, out);
      if (cut) out->insert(out->size() - 1, kEllipsis);
    } else {
      out->append(text);
      if (cut) out->append(kEllipsis);
    }
  });
}

template <typename ArrayType>
std::unique_ptr<CellWriter> MakeBinary(const Array& array, const CellStyle& style) {
  const auto* binaries = static_cast<const ArrayType*>(&array);
  return MakeQuoted(array, style, [binaries, limit = style.max_bytes / 2](int64_t row, std::string* out) {
    const std::string_view bytes(binaries->GetView(row));
    const bool cut = limit > 0 && static_cast<int64_t>(bytes.size()) > limit;
    AppendHex(cut ? bytes.substr(0, limit) : bytes, out);
    if (cut) fmt::format_to(std::back_inserter(*out), "… {} bytes", bytes.size());
  });
}

template <typename ArrayType>
std::unique_ptr<CellWriter> MakeDecimal(const Array& array, const CellStyle& style) {
  const auto* decimals = static_cast<const ArrayType*>(&array);
  return MakeLeaf(array, style,
                  [decimals](int64_t row, std::string* out) { out->append(decimals->FormatValue(row)); });
}

std::unique_ptr<CellWriter> MakeTimestamp(const Array& array, const CellStyle& style) {
  const auto* values = static_cast<const arrow::TimestampArray&>(array).raw_values();
  const auto& type = static_cast<const arrow::TimestampType&>(*array.type());
  const bool zoned = !type.timezone().empty();
  const char separator = style.json ? 'T' : ' ';
  return MakeQuoted(array, style,
                    [values, unit = type.unit(), zoned, separator](int64_t row, std::string* out) {
                      AppendTimestamp(values[row], unit, separator, out);
                      if (zoned) out->push_back('Z');
                    });
}

template <typename ArrowType>
std::unique_ptr<CellWriter> MakeTime(const Array& array, const CellStyle& style) {
  const auto* values = static_cast<const arrow::NumericArray<ArrowType>&>(array).raw_values();
  const auto unit = static_cast<const ArrowType&>(*array.type()).unit();
  return MakeQuoted(array, style,
                    [values, unit](int64_t row, std::string* out) { AppendTime(values[row], unit, out); });
}

/// Any list: (first child slot, length) of a row comes from `bounds`.
template <typename Bounds>
class ListWriter final : public Base {
 public:
  ListWriter(const Array& array, const CellStyle& style, Bounds bounds, std::unique_ptr<CellWriter> items)
      : Base(array, style), bounds_(bounds), items_(std::move(items)) {}
  void Write(int64_t row, std::string* out) const override {
    const auto [first, length] = bounds_(row);
    const bool cut = style_.max_items > 0 && length > style_.max_items;
    const int64_t shown = cut ? style_.max_items : length;
    out->push_back('[');
    for (int64_t i = 0; i < shown; i++) {
      if (i > 0) out->append(style_.max_items > 0 ? ", " : ",");
      items_->Append(first + i, out);
    }
    if (cut) fmt::format_to(std::back_inserter(*out), ", … {} items", length);
    out->push_back(']');
  }

 private:
  Bounds bounds_;
  std::unique_ptr<CellWriter> items_;
};

CellStyle Nested(CellStyle style) {
  style.json = true;
  return style;
}

template <typename ArrayType>
arrow::Result<std::unique_ptr<CellWriter>> MakeList(const Array& array, const CellStyle& style) {
  const auto& list = static_cast<const ArrayType&>(array);
  ARROW_ASSIGN_OR_RAISE(auto items, CellWriter::Make(*list.values(), Nested(style)));
  const auto bounds = [&list](int64_t row) {
    return std::pair<int64_t, int64_t>(list.value_offset(row), list.value_length(row));
  };
  return std::make_unique<ListWriter<decltype(bounds)>>(array, style, bounds, std::move(items));
}

/// A map with string keys is a JSON object as long as no key repeats, which JSON readers cannot be trusted
/// with; so maps are written as a list of [key, value] pairs.
class MapWriter final : public Base {
 public:
  MapWriter(const arrow::MapArray& map, const CellStyle& style, std::unique_ptr<CellWriter> keys,
            std::unique_ptr<CellWriter> items)
      : Base(map, style), map_(map), keys_(std::move(keys)), items_(std::move(items)) {}
  void Write(int64_t row, std::string* out) const override {
    const int64_t first = map_.value_offset(row);
    const int64_t length = map_.value_length(row);
    const bool cut = style_.max_items > 0 && length > style_.max_items;
    const std::string_view comma = style_.max_items > 0 ? ", " : ",";
    out->push_back('[');
    for (int64_t i = 0; i < (cut ? style_.max_items : length); i++) {
      if (i > 0) out->append(comma);
      out->push_back('[');
      keys_->Append(first + i, out);
      out->append(comma);
      items_->Append(first + i, out);
      out->push_back(']');
    }
    if (cut) fmt::format_to(std::back_inserter(*out), ", … {} entries", length);
    out->push_back(']');
  }

 private:
  const arrow::MapArray& map_;
  std::unique_ptr<CellWriter> keys_;
  std::unique_ptr<CellWriter> items_;
};

class StructWriter final : public Base {
 public:
  struct Member {
    std::string key;  ///< quoted, with its colon
    std::shared_ptr<Array> array;
    std::unique_ptr<CellWriter> values;
  };
  StructWriter(const Array& array, const CellStyle& style, std::vector<Member> members)
      : Base(array, style), members_(std::move(members)) {}
  void Write(int64_t row, std::string* out) const override {
    out->push_back('{');
    for (size_t i = 0; i < members_.size(); i++) {
      if (i > 0) out->append(style_.max_items > 0 ? ", " : ",");
      out->append(members_[i].key);
      members_[i].values->Append(row, out);
    }
    out->push_back('}');
  }

 private:
  std::vector<Member> members_;
};

arrow::Result<std::unique_ptr<CellWriter>> MakeStruct(const Array& array, const CellStyle& style) {
  const auto& structs = static_cast<const arrow::StructArray&>(array);
  std::vector<StructWriter::Member> members;
  for (int i = 0; i < structs.num_fields(); i++) {
    StructWriter::Member member;
    AppendJsonString(array.type()->field(i)->name(), &member.key);
    member.key.append(style.max_items > 0 ? ": " : ":");
    member.array = structs.field(i);
    ARROW_ASSIGN_OR_RAISE(member.values, CellWriter::Make(*member.array, Nested(style)));
    members.push_back(std::move(member));
  }
  return std::make_unique<StructWriter>(array, style, std::move(members));
}

class DictionaryWriter final : public Base {
 public:
  DictionaryWriter(const arrow::DictionaryArray& array, const CellStyle& style,
                   std::unique_ptr<CellWriter> values)
      : Base(array, style), array_(array), values_(std::move(values)) {}
  bool IsNull(int64_t row) const override {
    return Base::IsNull(row) || values_->IsNull(array_.GetValueIndex(row));
  }
  void Write(int64_t row, std::string* out) const override {
    values_->Append(array_.GetValueIndex(row), out);
  }

 private:
  const arrow::DictionaryArray& array_;
  std::unique_ptr<CellWriter> values_;
};

std::unique_ptr<CellWriter> MakeBfloat16(const Array& storage, const CellStyle& style) {
  const auto* values = static_cast<const arrow::FixedSizeBinaryArray*>(&storage);
  return MakeLeaf(storage, style, [values, json = style.json](int64_t row, std::string* out) {
    uint16_t high;
    std::memcpy(&high, values->GetValue(row), sizeof high);
    const uint32_t bits = static_cast<uint32_t>(high) << 16;
    float value;
    std::memcpy(&value, &bits, sizeof value);
    AppendFloating(value, json, out);
  });
}

arrow::Result<std::unique_ptr<CellWriter>> MakeExtension(const Array& array, const CellStyle& style) {
  const auto& extension = static_cast<const arrow::ExtensionArray&>(array);
  const std::string name = extension.extension_type()->extension_name();
  if (name == "lance.bfloat16" && extension.storage()->type_id() == Type::FIXED_SIZE_BINARY) {
    return MakeBfloat16(*extension.storage(), style);
  }
  return CellWriter::Make(*extension.storage(), style);
}

std::unique_ptr<CellWriter> MakeInterval(const Array& array, const CellStyle& style) {
  const auto* values = static_cast<const arrow::MonthDayNanoIntervalArray*>(&array);
  return MakeQuoted(array, style, [values](int64_t row, std::string* out) {
    const auto value = values->GetValue(row);
    fmt::format_to(std::back_inserter(*out), "P{}M{}D", value.months, value.days);
    std::string time;
    AppendDuration(value.nanoseconds, arrow::TimeUnit::NANO, &time);
    if (time != "PT0S") out->append(time.front() == '-' ? "T-" + time.substr(3) : time.substr(1));
  });
}

}  // namespace

void AppendJsonString(std::string_view text, std::string* out) {
  out->push_back('"');
  while (!text.empty()) {
    const unsigned char c = text.front();
    if (c == '"' || c == '\\') {
      out->push_back('\\');
      out->push_back(static_cast<char>(c));
    } else if (c == '\n') {
      out->append("\\n");
    } else if (c == '\r') {
      out->append("\\r");
    } else if (c == '\t') {
      out->append("\\t");
    } else if (c < 0x20) {
      fmt::format_to(std::back_inserter(*out), "\\u{:04x}", c);
    } else if (c < 0x80) {
      out->push_back(static_cast<char>(c));
    } else {
      const size_t length = Utf8SequenceLength(text);
      if (length == 0) {
        out->append("\xEF\xBF\xBD");
      } else {
        out->append(text.substr(0, length));
        text.remove_prefix(length - 1);
      }
    }
    text.remove_prefix(1);
  }
  out->push_back('"');
}

arrow::Result<std::unique_ptr<CellWriter>> CellWriter::Make(const Array& array, const CellStyle& style) {
  switch (array.type_id()) {
    case Type::NA:
      return MakeLeaf(array, style, [](int64_t, std::string*) {});
    case Type::BOOL: {
      const auto* values = static_cast<const arrow::BooleanArray*>(&array);
      return MakeLeaf(array, style, [values](int64_t row, std::string* out) {
        out->append(values->Value(row) ? "true" : "false");
      });
    }
    case Type::INT8:
      return MakeInteger<arrow::Int8Type>(array, style);
    case Type::INT16:
      return MakeInteger<arrow::Int16Type>(array, style);
    case Type::INT32:
      return MakeInteger<arrow::Int32Type>(array, style);
    case Type::INT64:
      return MakeInteger<arrow::Int64Type>(array, style);
    case Type::UINT8:
      return MakeInteger<arrow::UInt8Type>(array, style);
    case Type::UINT16:
      return MakeInteger<arrow::UInt16Type>(array, style);
    case Type::UINT32:
      return MakeInteger<arrow::UInt32Type>(array, style);
    case Type::UINT64:
      return MakeInteger<arrow::UInt64Type>(array, style);
    case Type::HALF_FLOAT: {
      const auto* values = static_cast<const arrow::HalfFloatArray&>(array).raw_values();
      return MakeLeaf(array, style, [values, json = style.json](int64_t row, std::string* out) {
        AppendFloating(arrow::util::Float16::FromBits(values[row]).ToFloat(), json, out);
      });
    }
    case Type::FLOAT:
      return MakeFloating<arrow::FloatType>(array, style);
    case Type::DOUBLE:
      return MakeFloating<arrow::DoubleType>(array, style);
    case Type::STRING:
      return MakeString<arrow::StringArray>(array, style);
    case Type::LARGE_STRING:
      return MakeString<arrow::LargeStringArray>(array, style);
    case Type::STRING_VIEW:
      return MakeString<arrow::StringViewArray>(array, style);
    case Type::BINARY:
      return MakeBinary<arrow::BinaryArray>(array, style);
    case Type::LARGE_BINARY:
      return MakeBinary<arrow::LargeBinaryArray>(array, style);
    case Type::BINARY_VIEW:
      return MakeBinary<arrow::BinaryViewArray>(array, style);
    case Type::FIXED_SIZE_BINARY:
      return MakeBinary<arrow::FixedSizeBinaryArray>(array, style);
    case Type::DECIMAL32:
      return MakeDecimal<arrow::Decimal32Array>(array, style);
    case Type::DECIMAL64:
      return MakeDecimal<arrow::Decimal64Array>(array, style);
    case Type::DECIMAL128:
      return MakeDecimal<arrow::Decimal128Array>(array, style);
    case Type::DECIMAL256:
      return MakeDecimal<arrow::Decimal256Array>(array, style);
    case Type::DATE32: {
      const auto* values = static_cast<const arrow::Date32Array&>(array).raw_values();
      return MakeQuoted(array, style,
                        [values](int64_t row, std::string* out) { AppendDate(values[row], out); });
    }
    case Type::DATE64: {
      const auto* values = static_cast<const arrow::Date64Array&>(array).raw_values();
      return MakeQuoted(array, style, [values](int64_t row, std::string* out) {
        constexpr int64_t kMillisecondsPerDay = 86'400'000;
        const int64_t value = values[row];
        AppendDate(value / kMillisecondsPerDay - (value % kMillisecondsPerDay < 0 ? 1 : 0), out);
      });
    }
    case Type::TIME32:
      return MakeTime<arrow::Time32Type>(array, style);
    case Type::TIME64:
      return MakeTime<arrow::Time64Type>(array, style);
    case Type::TIMESTAMP:
      return MakeTimestamp(array, style);
    case Type::DURATION: {
      const auto* values = static_cast<const arrow::DurationArray&>(array).raw_values();
      const auto unit = static_cast<const arrow::DurationType&>(*array.type()).unit();
      return MakeQuoted(array, style, [values, unit](int64_t row, std::string* out) {
        AppendDuration(values[row], unit, out);
      });
    }
    case Type::INTERVAL_MONTH_DAY_NANO:
      return MakeInterval(array, style);
    case Type::LIST:
      return MakeList<arrow::ListArray>(array, style);
    case Type::LARGE_LIST:
      return MakeList<arrow::LargeListArray>(array, style);
    case Type::FIXED_SIZE_LIST:
      return MakeList<arrow::FixedSizeListArray>(array, style);
    case Type::MAP: {
      const auto& map = static_cast<const arrow::MapArray&>(array);
      ARROW_ASSIGN_OR_RAISE(auto keys, Make(*map.keys(), Nested(style)));
      ARROW_ASSIGN_OR_RAISE(auto items, Make(*map.items(), Nested(style)));
      return std::make_unique<MapWriter>(map, style, std::move(keys), std::move(items));
    }
    case Type::STRUCT:
      return MakeStruct(array, style);
    case Type::DICTIONARY: {
      const auto& dictionary = static_cast<const arrow::DictionaryArray&>(array);
      ARROW_ASSIGN_OR_RAISE(auto values, Make(*dictionary.dictionary(), style));
      return std::make_unique<DictionaryWriter>(dictionary, style, std::move(values));
    }
    case Type::EXTENSION:
      return MakeExtension(array, style);
    default:
      return arrow::Status::NotImplemented("values of type ", array.type()->ToString(),
                                           " have no text form; use --format arrow or parquet");
  }
}

}  // namespace lance::cli
