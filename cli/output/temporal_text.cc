#include "output/temporal_text.h"

#include <cstdlib>
#include <iterator>

#include <arrow/type.h>
#include <fmt/format.h>

namespace lance::cli {

namespace {

constexpr int64_t kSecondsPerDay = 86400;

int64_t UnitsPerSecond(arrow::TimeUnit::type unit) {
  switch (unit) {
    case arrow::TimeUnit::SECOND:
      return 1;
    case arrow::TimeUnit::MILLI:
      return 1'000;
    case arrow::TimeUnit::MICRO:
      return 1'000'000;
    default:
      return 1'000'000'000;
  }
}

int FractionDigits(arrow::TimeUnit::type unit) {
  switch (unit) {
    case arrow::TimeUnit::SECOND:
      return 0;
    case arrow::TimeUnit::MILLI:
      return 3;
    case arrow::TimeUnit::MICRO:
      return 6;
    default:
      return 9;
  }
}

int64_t FloorDivide(int64_t value, int64_t by) { return value / by - (value % by < 0 ? 1 : 0); }

void AppendFraction(int64_t fraction, arrow::TimeUnit::type unit, std::string* out) {
  const int digits = FractionDigits(unit);
  if (digits > 0) fmt::format_to(std::back_inserter(*out), ".{:0{}}", fraction, digits);
}

}  // namespace

// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days: eras of 400 years that
// start on the first of March.
void AppendDate(int64_t days, std::string* out) {
  const int64_t shifted = days + 719468;
  const int64_t era = FloorDivide(shifted, 146097);
  const int64_t day_of_era = shifted - era * 146097;
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t month_from_march = (5 * day_of_year + 2) / 153;
  const int64_t day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
  const int64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  const int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
  if (year >= 0 && year <= 9999) {
    fmt::format_to(std::back_inserter(*out), "{:04}-{:02}-{:02}", year, month, day);
  } else {
    fmt::format_to(std::back_inserter(*out), "{:+05}-{:02}-{:02}", year, month, day);
  }
}

void AppendTime(int64_t value, arrow::TimeUnit::type unit, std::string* out) {
  const int64_t per_second = UnitsPerSecond(unit);
  const int64_t seconds = FloorDivide(value, per_second);
  fmt::format_to(std::back_inserter(*out), "{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60,
                 seconds % 60);
  AppendFraction(value - seconds * per_second, unit, out);
}

void AppendTimestamp(int64_t value, arrow::TimeUnit::type unit, char separator, std::string* out) {
  const int64_t per_second = UnitsPerSecond(unit);
  const int64_t seconds = FloorDivide(value, per_second);
  const int64_t days = FloorDivide(seconds, kSecondsPerDay);
  AppendDate(days, out);
  out->push_back(separator);
  const int64_t second_of_day = seconds - days * kSecondsPerDay;
  fmt::format_to(std::back_inserter(*out), "{:02}:{:02}:{:02}", second_of_day / 3600, second_of_day / 60 % 60,
                 second_of_day % 60);
  // By subtraction of in-range products: `seconds * per_second` cannot leave the range of `value` by more
  // than one second, which wraps to the right remainder in unsigned arithmetic.
  const auto fraction = static_cast<int64_t>(
      static_cast<uint64_t>(value) - static_cast<uint64_t>(seconds) * static_cast<uint64_t>(per_second));
  AppendFraction(fraction, unit, out);
}

void AppendDuration(int64_t value, arrow::TimeUnit::type unit, std::string* out) {
  const auto per_second = static_cast<uint64_t>(UnitsPerSecond(unit));
  const uint64_t magnitude = value < 0 ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
  out->append(value < 0 ? "-PT" : "PT");
  fmt::format_to(std::back_inserter(*out), "{}", magnitude / per_second);
  std::string fraction;
  AppendFraction(static_cast<int64_t>(magnitude % per_second), unit, &fraction);
  while (!fraction.empty() && (fraction.back() == '0' || fraction.back() == '.')) {
    const bool point = fraction.back() == '.';
    fraction.pop_back();
    if (point) break;
  }
  out->append(fraction);
  out->push_back('S');
}

}  // namespace lance::cli
