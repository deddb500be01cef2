#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <arrow/datum.h>
#include <arrow/type.h>

#include "lance/base/status.h"
#include "lance/expr/logical.h"

namespace lance::expr {

/// Proleptic Gregorian date.
struct CivilDate {
  int64_t year;
  unsigned month;  ///< 1 to 12
  unsigned day;    ///< 1 to 31
};

/// Days since 1970-01-01. Algorithm: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", 2013.
int64_t DaysFromCivil(int64_t year, unsigned month, unsigned day);
CivilDate CivilFromDays(int64_t days);
unsigned DaysInMonth(int64_t year, unsigned month);

/// Ticks per second of a unit.
int64_t TicksPerSecond(arrow::TimeUnit::type unit);
/// Floor division and the remainder that goes with it.
inline int64_t FloorDiv(int64_t a, int64_t b) { return a / b - ((a % b != 0) && ((a < 0) != (b < 0))); }
inline int64_t FloorMod(int64_t a, int64_t b) { return a - FloorDiv(a, b) * b; }

/// "2020-1-2", "2020-01-02"; a time after it is allowed when `time_allowed`. None when it is no date.
std::optional<int64_t> ParseDate(std::string_view text);
/// "2020-01-02[T ]03:04:05[.123456789][Z|+01:00]" in nanoseconds from the epoch (UTC when a zone is given,
/// else as written), or a date alone. None when it is no timestamp or leaves the range of 64-bit nanoseconds.
struct ParsedTimestamp {
  int64_t seconds;  ///< floor
  int64_t nanos;    ///< 0 to 999,999,999
  bool has_zone;
};
std::optional<ParsedTimestamp> ParseTimestamp(std::string_view text);
/// "03:04", "03:04:05[.123]" as nanoseconds since midnight.
std::optional<int64_t> ParseTime(std::string_view text);

/// "2020-01-02"
std::string FormatDate(int64_t days);
/// "2020-01-02T03:04:05" with .123, .123456 or .123456789 when the fraction is not zero
std::string FormatTimestamp(int64_t value, arrow::TimeUnit::type unit);
/// "03:04:05[.123]"
std::string FormatTime(int64_t value, arrow::TimeUnit::type unit);

/// Dates and timestamps with spans and each other; types as ResolveBinary gives them.
Result<arrow::Datum> TemporalArithmetic(Op op, const arrow::Datum& left, const arrow::Datum& right,
                                        int64_t rows, const std::shared_ptr<arrow::DataType>& result);
Result<arrow::Datum> NegateInterval(const arrow::Datum& value, int64_t rows);

}  // namespace lance::expr
