#include "lance/expr/sql_types.h"

#include <charconv>
#include <cmath>

#include <arrow/api.h>

namespace lance::expr {
namespace {

using TypePtr = std::shared_ptr<arrow::DataType>;

struct NamedType {
  const char* name;
  TypePtr (*make)();
};

const NamedType kSqlTypes[] = {
    {"BOOLEAN", [] { return arrow::boolean(); }},
    {"BOOL", [] { return arrow::boolean(); }},
    {"TINYINT", [] { return arrow::int8(); }},
    {"SMALLINT", [] { return arrow::int16(); }},
    {"INT", [] { return arrow::int32(); }},
    {"INTEGER", [] { return arrow::int32(); }},
    {"BIGINT", [] { return arrow::int64(); }},
    {"TINYINT UNSIGNED", [] { return arrow::uint8(); }},
    {"SMALLINT UNSIGNED", [] { return arrow::uint16(); }},
    {"INT UNSIGNED", [] { return arrow::uint32(); }},
    {"INTEGER UNSIGNED", [] { return arrow::uint32(); }},
    {"BIGINT UNSIGNED", [] { return arrow::uint64(); }},
    {"FLOAT", [] { return arrow::float32(); }},
    {"REAL", [] { return arrow::float32(); }},
    {"DOUBLE", [] { return arrow::float64(); }},
    {"STRING", [] { return arrow::utf8(); }},
    {"TEXT", [] { return arrow::utf8(); }},
    {"VARCHAR", [] { return arrow::utf8(); }},
    {"BINARY", [] { return arrow::binary(); }},
    {"DATE", [] { return arrow::date32(); }},
    {"TIME", [] { return arrow::time64(arrow::TimeUnit::NANO); }},
};

const NamedType kArrowTypes[] = {
    {"Null", [] { return arrow::null(); }},
    {"Boolean", [] { return arrow::boolean(); }},
    {"Int8", [] { return arrow::int8(); }},
    {"Int16", [] { return arrow::int16(); }},
    {"Int32", [] { return arrow::int32(); }},
    {"Int64", [] { return arrow::int64(); }},
    {"UInt8", [] { return arrow::uint8(); }},
    {"UInt16", [] { return arrow::uint16(); }},
    {"UInt32", [] { return arrow::uint32(); }},
    {"UInt64", [] { return arrow::uint64(); }},
    {"Float16", [] { return arrow::float16(); }},
    {"Float32", [] { return arrow::float32(); }},
    {"Float64", [] { return arrow::float64(); }},
    {"Utf8", [] { return arrow::utf8(); }},
    {"LargeUtf8", [] { return arrow::large_utf8(); }},
    {"Binary", [] { return arrow::binary(); }},
    {"LargeBinary", [] { return arrow::large_binary(); }},
    {"Date32", [] { return arrow::date32(); }},
    {"Date64", [] { return arrow::date64(); }},
    {"Time32(Second)", [] { return arrow::time32(arrow::TimeUnit::SECOND); }},
    {"Time32(Millisecond)", [] { return arrow::time32(arrow::TimeUnit::MILLI); }},
    {"Time64(Microsecond)", [] { return arrow::time64(arrow::TimeUnit::MICRO); }},
    {"Time64(Nanosecond)", [] { return arrow::time64(arrow::TimeUnit::NANO); }},
    {"Duration(Second)", [] { return arrow::duration(arrow::TimeUnit::SECOND); }},
    {"Duration(Millisecond)", [] { return arrow::duration(arrow::TimeUnit::MILLI); }},
    {"Duration(Microsecond)", [] { return arrow::duration(arrow::TimeUnit::MICRO); }},
    {"Duration(Nanosecond)", [] { return arrow::duration(arrow::TimeUnit::NANO); }},
};

Result<int> ParseInt(const std::string& text) {
  int value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    return InvalidArgument("'{}' is not a valid number for a type", text);
  }
  return value;
}

Result<TypePtr> TimestampType(const std::vector<std::string>& arguments) {
  if (arguments.empty()) return arrow::timestamp(arrow::TimeUnit::MICRO);
  ARROW_ASSIGN_OR_RAISE(int digits, ParseInt(arguments[0]));
  switch (digits) {
    case 0:
      return arrow::timestamp(arrow::TimeUnit::SECOND);
    case 3:
      return arrow::timestamp(arrow::TimeUnit::MILLI);
    case 6:
      return arrow::timestamp(arrow::TimeUnit::MICRO);
    case 9:
      return arrow::timestamp(arrow::TimeUnit::NANO);
    default:
      return InvalidArgument("unsupported timestamp resolution: {}, use 0, 3, 6 or 9", digits);
  }
}

Result<TypePtr> DecimalType(const std::vector<std::string>& arguments) {
  if (arguments.size() != 2)
    return InvalidArgument("a decimal type needs precision and scale: decimal(10, 2)");
  ARROW_ASSIGN_OR_RAISE(int precision, ParseInt(arguments[0]));
  ARROW_ASSIGN_OR_RAISE(int scale, ParseInt(arguments[1]));
  if (precision < 1 || precision > 38 || scale < 0 || scale > precision) {
    return InvalidArgument("decimal({}, {}) is out of range: precision 1 to 38, scale 0 to precision",
                           precision, scale);
  }
  return arrow::decimal128(precision, scale);
}

// "FixedSizeList(32, Float32)", "FixedSizeList(32 x Float32)", "List(Int64)", "LargeList(Utf8)"; null for
// other names.
Result<TypePtr> ListType(const std::string& name) {
  if (name.empty() || name.back() != ')') return TypePtr();
  const auto inside = [&](size_t from) { return name.substr(from, name.size() - from - 1); };
  int size = 0;
  int used = 0;
  const bool fixed = (sscanf(name.c_str(), "FixedSizeList(%d, %n", &size, &used) == 1 && used > 0) ||
                     (sscanf(name.c_str(), "FixedSizeList(%d x %n", &size, &used) == 1 && used > 0);
  if (fixed) {
    LANCE_CHECK_ARG(size >= 0, "a list of {} values", size);
    ARROW_ASSIGN_OR_RAISE(TypePtr value, ParseArrowTypeName(inside(static_cast<size_t>(used))));
    return arrow::fixed_size_list(std::move(value), size);
  }
  for (const bool large : {false, true}) {
    const std::string prefix = large ? "LargeList(" : "List(";
    if (name.rfind(prefix, 0) != 0) continue;
    ARROW_ASSIGN_OR_RAISE(TypePtr value, ParseArrowTypeName(inside(prefix.size())));
    return large ? arrow::large_list(std::move(value)) : arrow::list(std::move(value));
  }
  return TypePtr();
}

struct Unit {
  const char* name;
  double months;
  double days;
  double nanos;
};
constexpr Unit kUnits[] = {{"year", 12, 0, 0},     {"month", 1, 0, 0},         {"week", 0, 7, 0},
                           {"day", 0, 1, 0},       {"hour", 0, 0, 3.6e12},     {"minute", 0, 0, 6e10},
                           {"second", 0, 0, 1e9},  {"millisecond", 0, 0, 1e6}, {"microsecond", 0, 0, 1e3},
                           {"nanosecond", 0, 0, 1}};

const Unit* FindUnit(std::string word) {
  for (char& c : word) c = static_cast<char>(tolower(static_cast<unsigned char>(c)));
  if (word.size() > 1 && word.back() == 's') word.pop_back();
  for (const Unit& unit : kUnits) {
    if (word == unit.name) return &unit;
  }
  return nullptr;
}

}  // namespace

Result<TypePtr> ParseSqlType(const std::string& name, const std::vector<std::string>& arguments) {
  if (name == "TIMESTAMP" || name == "DATETIME") return TimestampType(arguments);
  if (name == "DECIMAL" || name == "NUMERIC" || name == "DEC") return DecimalType(arguments);
  for (const NamedType& type : kSqlTypes) {
    if (name == type.name) return type.make();
  }
  return InvalidArgument(
      "unsupported data type {}. Supported types: boolean, tinyint, smallint, int, bigint (each [unsigned]), "
      "float, "
      "double, string, binary, date, time, timestamp(precision), datetime(precision), decimal(precision, "
      "scale)",
      name);
}

Result<TypePtr> ParseArrowTypeName(const std::string& name) {
  for (const NamedType& type : kArrowTypes) {
    if (name == type.name) return type.make();
  }
  for (auto [unit_name, unit] : {std::pair("Second", arrow::TimeUnit::SECOND),
                                 {"Millisecond", arrow::TimeUnit::MILLI},
                                 {"Microsecond", arrow::TimeUnit::MICRO},
                                 {"Nanosecond", arrow::TimeUnit::NANO}}) {
    std::string prefix = fmt::format("Timestamp({}, ", unit_name);
    if (name.rfind(prefix, 0) != 0) continue;
    std::string zone = name.substr(prefix.size());
    if (zone == "None)") return arrow::timestamp(unit);
    if (zone.rfind("Some(\"", 0) == 0 && zone.size() > 9 && zone.substr(zone.size() - 3) == "\"))") {
      return arrow::timestamp(unit, zone.substr(6, zone.size() - 9));
    }
  }
  int precision = 0;
  int scale = 0;
  int used = 0;
  if (sscanf(name.c_str(), "Decimal128(%d, %d)%n", &precision, &scale, &used) == 2 &&
      used == static_cast<int>(name.size())) {
    return DecimalType({std::to_string(precision), std::to_string(scale)});
  }
  int width = 0;
  if (sscanf(name.c_str(), "FixedSizeBinary(%d)%n", &width, &used) == 1 &&
      used == static_cast<int>(name.size()) && width > 0) {
    return arrow::fixed_size_binary(width);
  }
  ARROW_ASSIGN_OR_RAISE(TypePtr list, ListType(name));
  if (list != nullptr) return list;
  return InvalidArgument("unknown Arrow type name '{}'", name);
}

Result<std::shared_ptr<arrow::Scalar>> ParseInterval(const std::string& text) {
  double months = 0;
  double days = 0;
  double nanos = 0;
  size_t at = 0;
  bool any = false;
  auto skip = [&] {
    while (at < text.size() && text[at] == ' ') ++at;
  };
  for (skip(); at < text.size(); skip()) {
    size_t start = at;
    while (at < text.size() && (isdigit(static_cast<unsigned char>(text[at])) || text[at] == '.' ||
                                text[at] == '-' || text[at] == '+')) {
      ++at;
    }
    double amount = 0;
    size_t first = start < text.size() && text[start] == '+' ? start + 1 : start;
    auto [end, error] = std::from_chars(text.data() + first, text.data() + at, amount);
    if (error != std::errc() || end != text.data() + at)
      return InvalidArgument("invalid interval '{}'", text);
    skip();
    start = at;
    while (at < text.size() && isalpha(static_cast<unsigned char>(text[at]))) ++at;
    const Unit* unit = at == start ? FindUnit("second") : FindUnit(text.substr(start, at - start));
    if (!unit)
      return InvalidArgument("invalid interval '{}': unknown unit '{}'", text,
                             text.substr(start, at - start));
    months += amount * unit->months;
    days += amount * unit->days;
    nanos += amount * unit->nanos;
    any = true;
  }
  if (!any || std::abs(months) > 2e9 || std::abs(days) > 2e9 || std::abs(nanos) > 9e18) {
    return InvalidArgument("invalid interval '{}'", text);
  }
  double whole_months = std::trunc(months);
  days += (months - whole_months) * 30;
  double whole_days = std::trunc(days);
  nanos += (days - whole_days) * 8.64e13;
  arrow::MonthDayNanoIntervalType::MonthDayNanos value{static_cast<int32_t>(whole_months),
                                                       static_cast<int32_t>(whole_days),
                                                       static_cast<int64_t>(std::llround(nanos))};
  return std::make_shared<arrow::MonthDayNanoIntervalScalar>(value);
}

}  // namespace lance::expr
