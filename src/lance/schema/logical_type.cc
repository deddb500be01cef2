#include "lance/schema/logical_type.h"

#include <charconv>
#include <vector>

#include <arrow/api.h>
#include <arrow/extension_type.h>

namespace lance::schema {
namespace {

using arrow::TimeUnit;
using TypePtr = std::shared_ptr<arrow::DataType>;

// Deeper than any writer nests fixed-size lists, shallow enough for any stack.
constexpr int kMaxNesting = 64;

struct NamedType {
  std::string_view name;
  TypePtr (*make)();
};

// Names without parameters. "json" is stored as JSONB in large binary; "blob" is an older spelling of v1
// blobs.
const NamedType kNamedTypes[] = {
    {"null", [] { return arrow::null(); }},
    {"bool", [] { return arrow::boolean(); }},
    {"int8", [] { return arrow::int8(); }},
    {"uint8", [] { return arrow::uint8(); }},
    {"int16", [] { return arrow::int16(); }},
    {"uint16", [] { return arrow::uint16(); }},
    {"int32", [] { return arrow::int32(); }},
    {"uint32", [] { return arrow::uint32(); }},
    {"int64", [] { return arrow::int64(); }},
    {"uint64", [] { return arrow::uint64(); }},
    {"halffloat", [] { return arrow::float16(); }},
    {"float", [] { return arrow::float32(); }},
    {"double", [] { return arrow::float64(); }},
    {"string", [] { return arrow::utf8(); }},
    {"binary", [] { return arrow::binary(); }},
    {"large_string", [] { return arrow::large_utf8(); }},
    {"large_binary", [] { return arrow::large_binary(); }},
    {"blob", [] { return arrow::large_binary(); }},
    {"json", [] { return arrow::large_binary(); }},
    {"date32:day", [] { return arrow::date32(); }},
    {"date64:ms", [] { return arrow::date64(); }},
    {"time32:s", [] { return arrow::time32(TimeUnit::SECOND); }},
    {"time32:ms", [] { return arrow::time32(TimeUnit::MILLI); }},
    {"time64:us", [] { return arrow::time64(TimeUnit::MICRO); }},
    {"time64:ns", [] { return arrow::time64(TimeUnit::NANO); }},
    {"duration:s", [] { return arrow::duration(TimeUnit::SECOND); }},
    {"duration:ms", [] { return arrow::duration(TimeUnit::MILLI); }},
    {"duration:us", [] { return arrow::duration(TimeUnit::MICRO); }},
    {"duration:ns", [] { return arrow::duration(TimeUnit::NANO); }},
};

Status Unknown(std::string_view logical_type) {
  return NotSupported("Unsupported logical type: {}", logical_type);
}

bool ParseInt(std::string_view text, int32_t* out) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

bool ParseUnit(std::string_view text, TimeUnit::type* out) {
  if (text == "s") return *out = TimeUnit::SECOND, true;
  if (text == "ms") return *out = TimeUnit::MILLI, true;
  if (text == "us") return *out = TimeUnit::MICRO, true;
  if (text == "ns") return *out = TimeUnit::NANO, true;
  return false;
}

const char* UnitName(TimeUnit::type unit) {
  switch (unit) {
    case TimeUnit::SECOND:
      return "s";
    case TimeUnit::MILLI:
      return "ms";
    case TimeUnit::MICRO:
      return "us";
    default:
      return "ns";
  }
}

// Takes the text up to the next ':' (or all of it) off `rest`.
std::string_view TakePart(std::string_view* rest) {
  size_t colon = rest->find(':');
  std::string_view part = rest->substr(0, colon);
  *rest = colon == std::string_view::npos ? std::string_view() : rest->substr(colon + 1);
  return part;
}

Result<TypePtr> Parse(std::string_view text, int depth);

// "fixed_size_list:{element}:{dimension}"; the element may itself contain colons.
Result<TypePtr> ParseFixedSizeList(std::string_view text, std::string_view rest, int depth) {
  size_t colon = rest.rfind(':');
  int32_t dimension = 0;
  if (colon == std::string_view::npos || !ParseInt(rest.substr(colon + 1), &dimension)) return Unknown(text);
  LANCE_CHECK_BYTES(dimension > 0, "logical type {} has a dimension below 1", text);
  std::string_view element = rest.substr(0, colon);
  if (element == kBfloat16Extension) {
    auto metadata = arrow::key_value_metadata({kExtensionName, kExtensionMetadata}, {kBfloat16Extension, ""});
    return arrow::fixed_size_list(arrow::field("item", arrow::fixed_size_binary(2), true, metadata),
                                  dimension);
  }
  ARROW_ASSIGN_OR_RAISE(TypePtr item, Parse(element, depth + 1));
  return arrow::fixed_size_list(arrow::field("item", std::move(item), true), dimension);
}

Result<TypePtr> ParseDecimal(std::string_view text, std::string_view rest) {
  std::string_view width = TakePart(&rest), precision_text = TakePart(&rest);
  int32_t precision = 0, scale = 0;
  if (!ParseInt(precision_text, &precision) || !ParseInt(rest, &scale)) return Unknown(text);
  Result<TypePtr> made = Unknown(text);
  if (width == "128") made = arrow::Decimal128Type::Make(precision, scale);
  if (width == "256") made = arrow::Decimal256Type::Make(precision, scale);
  if (!made.ok() && !Is(made.status(), ErrorKind::kNotSupported)) {
    return Corruption("logical type {}: {}", text, made.status().message());
  }
  return made;
}

// "dict:{value}:{index}:{ordered}". Writers refuse value types whose names contain ':'.
Result<TypePtr> ParseDictionary(std::string_view text, std::string_view rest, int depth) {
  std::string_view value_text = TakePart(&rest), index_text = TakePart(&rest);
  if (rest.find(':') != std::string_view::npos || rest.empty()) return Unknown(text);
  ARROW_ASSIGN_OR_RAISE(TypePtr value, Parse(value_text, depth + 1));
  ARROW_ASSIGN_OR_RAISE(TypePtr index, Parse(index_text, depth + 1));
  LANCE_CHECK_BYTES(arrow::is_integer(index->id()), "logical type {} has keys that are not integers", text);
  return arrow::dictionary(std::move(index), std::move(value));
}

Result<TypePtr> Parse(std::string_view text, int depth) {
  LANCE_CHECK_BYTES(depth <= kMaxNesting, "logical type is nested deeper than {}", kMaxNesting);
  for (const NamedType& named : kNamedTypes) {
    if (named.name == text) return named.make();
  }
  std::string_view rest = text;
  std::string_view kind = TakePart(&rest);
  if (kind == "fixed_size_list") return ParseFixedSizeList(text, rest, depth);
  if (kind == "decimal") return ParseDecimal(text, rest);
  if (kind == "dict") return ParseDictionary(text, rest, depth);
  if (kind == "fixed_size_binary") {
    int32_t width = 0;
    if (!ParseInt(rest, &width)) return Unknown(text);
    LANCE_CHECK_BYTES(width >= 0, "logical type {} has a negative width", text);
    return arrow::fixed_size_binary(width);
  }
  if (kind == "timestamp") {
    TimeUnit::type unit;
    // The time zone is all that follows the unit: "+08:00" has a colon of its own.
    if (!ParseUnit(TakePart(&rest), &unit) || rest.empty()) return Unknown(text);
    return rest == "-" ? arrow::timestamp(unit) : arrow::timestamp(unit, std::string(rest));
  }
  return Unknown(text);
}

Result<std::string> NameOf(const arrow::Field& field);

bool HasExtension(const arrow::Field& field, std::string_view name) {
  if (field.type()->id() == arrow::Type::EXTENSION) {
    return static_cast<const arrow::ExtensionType&>(*field.type()).extension_name() == name;
  }
  if (field.metadata() == nullptr) return false;
  auto found = field.metadata()->Get(kExtensionName);
  return found.ok() && *found == name;
}

Status CannotStore(const arrow::DataType& type) {
  return NotSupported("Unsupported data type: {}", type.ToString());
}

Result<std::string> NameOfFixedSizeList(const arrow::FixedSizeListType& type) {
  const arrow::Field& item = *type.value_field();
  if (HasExtension(item, kBfloat16Extension)) {
    return fmt::format("fixed_size_list:{}:{}", kBfloat16Extension, type.list_size());
  }
  // Structs only directly below; lists and maps never.
  for (const arrow::DataType* inner = item.type().get();;) {
    auto id = inner->id();
    if (arrow::is_var_length_list(id)) return CannotStore(type);
    if (id == arrow::Type::STRUCT && inner != item.type().get()) return CannotStore(type);
    if (id != arrow::Type::FIXED_SIZE_LIST) break;
    inner = static_cast<const arrow::FixedSizeListType*>(inner)->value_type().get();
  }
  ARROW_ASSIGN_OR_RAISE(std::string element, NameOf(item));
  return fmt::format("fixed_size_list:{}:{}", element, type.list_size());
}

Result<std::string> NameOfDictionary(const arrow::DictionaryType& type) {
  ARROW_ASSIGN_OR_RAISE(std::string value, NameOf(*arrow::field("", type.value_type())));
  ARROW_ASSIGN_OR_RAISE(std::string index, NameOf(*arrow::field("", type.index_type())));
  std::string name = fmt::format("dict:{}:{}:false", value, index);
  if (!ArrowTypeOf(name).ok()) return CannotStore(type);  // a name that could not be read back
  return name;
}

Result<std::string> NameOf(const arrow::Field& field) {
  const arrow::DataType& type = *field.type();
  switch (type.id()) {
    case arrow::Type::STRING_VIEW:
      return "string";
    case arrow::Type::BINARY_VIEW:
      return "binary";
    case arrow::Type::FIXED_SIZE_BINARY:
      return fmt::format("fixed_size_binary:{}",
                         static_cast<const arrow::FixedSizeBinaryType&>(type).byte_width());
    case arrow::Type::DECIMAL128:
    case arrow::Type::DECIMAL256: {
      const auto& decimal = static_cast<const arrow::DecimalType&>(type);
      return fmt::format("decimal:{}:{}:{}", decimal.bit_width(), decimal.precision(), decimal.scale());
    }
    case arrow::Type::TIMESTAMP: {
      const auto& timestamp = static_cast<const arrow::TimestampType&>(type);
      return fmt::format("timestamp:{}:{}", UnitName(timestamp.unit()),
                         timestamp.timezone().empty() ? "-" : timestamp.timezone());
    }
    case arrow::Type::STRUCT:
      return "struct";
    case arrow::Type::LIST:
    case arrow::Type::LARGE_LIST: {
      const auto& item = *static_cast<const arrow::BaseListType&>(type).value_type();
      std::string name = type.id() == arrow::Type::LIST ? "list" : "large_list";
      return item.id() == arrow::Type::STRUCT ? name + ".struct" : name;
    }
    case arrow::Type::FIXED_SIZE_LIST:
      return NameOfFixedSizeList(static_cast<const arrow::FixedSizeListType&>(type));
    case arrow::Type::DICTIONARY:
      return NameOfDictionary(static_cast<const arrow::DictionaryType&>(type));
    case arrow::Type::EXTENSION:
      return NameOf(*field.WithType(static_cast<const arrow::ExtensionType&>(type).storage_type()));
    case arrow::Type::MAP:
      if (static_cast<const arrow::MapType&>(type).keys_sorted()) {
        return NotSupported("Unsupported map data type with keys_sorted=true: {}", type.ToString());
      }
      return "map";
    default:
      for (const NamedType& named : kNamedTypes) {
        if (named.make()->Equals(type)) return std::string(named.name);
      }
      return CannotStore(type);
  }
}

}  // namespace

Result<TypePtr> ArrowTypeOf(std::string_view logical_type) { return Parse(logical_type, 0); }

int32_t StructListDimension(std::string_view logical_type) {
  constexpr std::string_view kPrefix = "fixed_size_list:struct:";
  int32_t dimension = 0;
  if (!logical_type.starts_with(kPrefix)) return 0;
  if (!ParseInt(logical_type.substr(kPrefix.size()), &dimension)) return 0;
  return dimension > 0 ? dimension : 0;
}

Result<std::string> LogicalTypeOf(const arrow::Field& field) {
  if (HasExtension(field, "arrow.json") || HasExtension(field, kJsonExtension)) return "json";
  if (HasExtension(field, kBlobV2Extension)) return "struct";
  return NameOf(field);
}

}  // namespace lance::schema
