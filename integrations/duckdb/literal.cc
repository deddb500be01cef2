#include <cmath>

#include <fmt/format.h>

#include "filter_pushdown.h"

namespace lance::sql {

namespace {

using duckdb::LogicalTypeId;

std::string QuoteText(const std::string& text) {
  // A NUL ends texts in some readers of SQL.
  if (text.find('\0') != std::string::npos) return "";
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') quoted.push_back('\'');
    quoted.push_back(c);
  }
  return quoted + "'";
}

template <typename T>
std::string FloatingLiteral(T value) {
  if (!std::isfinite(value) || value == 0) return "";
  // All digits of the value as a double: a float written with its own shortest digits would read back as
  // another double.
  return fmt::format("{:.17e}", static_cast<double>(value));
}

std::string DateLiteral(duckdb::date_t date) {
  if (!duckdb::Value::IsFinite(date)) return "";
  int32_t year, month, day;
  duckdb::Date::Convert(date, year, month, day);
  if (year < 1 || year > 9999) return "";
  return fmt::format("date '{:04}-{:02}-{:02}'", year, month, day);
}

// Lance reads timestamp literals as nanoseconds since 1970, which reach from 1677 to 2262.
std::string TimestampLiteral(duckdb::timestamp_t time) {
  if (!duckdb::Value::IsFinite(time)) return "";
  duckdb::date_t date;
  duckdb::dtime_t of_day;
  duckdb::Timestamp::Convert(time, date, of_day);
  int32_t year, month, day, hour, minute, second, micros;
  duckdb::Date::Convert(date, year, month, day);
  if (year < 1700 || year > 2200) return "";
  duckdb::Time::Convert(of_day, hour, minute, second, micros);
  return fmt::format("timestamp '{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:06}'", year, month, day, hour, minute,
                     second, micros);
}

std::string BlobLiteral(const std::string& bytes) {
  std::string hex = "X'";
  for (const char c : bytes) hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return hex + "'";
}

}  // namespace

std::string ToLiteral(const duckdb::Value& value) {
  if (value.IsNull()) return "";
  switch (value.type().id()) {
    case LogicalTypeId::BOOLEAN:
      return value.GetValue<bool>() ? "true" : "false";
    case LogicalTypeId::TINYINT:
    case LogicalTypeId::SMALLINT:
    case LogicalTypeId::INTEGER:
    case LogicalTypeId::BIGINT: {
      const auto number = value.GetValue<int64_t>();
      // Its magnitude is no 64-bit integer, and the sign is read apart.
      return number == std::numeric_limits<int64_t>::min() ? "" : std::to_string(number);
    }
    case LogicalTypeId::UTINYINT:
    case LogicalTypeId::USMALLINT:
    case LogicalTypeId::UINTEGER:
    case LogicalTypeId::UBIGINT: {
      const auto number = value.GetValue<uint64_t>();
      return number > static_cast<uint64_t>(std::numeric_limits<int64_t>::max()) ? ""
                                                                                 : std::to_string(number);
    }
    case LogicalTypeId::FLOAT:
      return FloatingLiteral(value.GetValue<float>());
    case LogicalTypeId::DOUBLE:
      return FloatingLiteral(value.GetValue<double>());
    case LogicalTypeId::VARCHAR:
      return value.type().HasAlias() ? "" : QuoteText(duckdb::StringValue::Get(value));
    case LogicalTypeId::BLOB:
      return value.type().HasAlias() ? "" : BlobLiteral(duckdb::StringValue::Get(value));
    case LogicalTypeId::DATE:
      return DateLiteral(value.GetValue<duckdb::date_t>());
    case LogicalTypeId::TIMESTAMP:
      return TimestampLiteral(value.GetValue<duckdb::timestamp_t>());
    case LogicalTypeId::DECIMAL: {
      uint8_t width, scale;
      value.type().GetDecimalProperties(width, scale);
      return fmt::format("CAST('{}' AS DECIMAL({}, {}))", value.ToString(), width, scale);
    }
    default:
      // Times, intervals, zones, nested values, enums, huge integers: left to DuckDB.
      return "";
  }
}

std::string QuoteName(const std::string& name) { return "`" + name + "`"; }

}  // namespace lance::sql
