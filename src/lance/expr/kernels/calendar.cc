#include "lance/expr/kernels/calendar.h"

#include <charconv>
#include <limits>

#include <arrow/api.h>

#include "lance/expr/kernels/bitmaps.h"
#include "lance/expr/kernels/column_view.h"
#include "lance/expr/type_rules.h"

namespace lance::expr {
namespace {

using arrow::Datum;
using arrow::Type;
using arrow::internal::checked_cast;
using Span = arrow::MonthDayNanoIntervalType::MonthDayNanos;

constexpr int64_t kSecondsPerDay = 86400;
constexpr int64_t kNanosPerSecond = 1000000000;
constexpr int64_t kNanosPerDay = kSecondsPerDay * kNanosPerSecond;

class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}
  bool AtEnd() const { return at_ == text_.size(); }
  char Peek() const { return AtEnd() ? '\0' : text_[at_]; }
  bool Accept(char c) {
    if (AtEnd() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  /// Reads `min` to `max` digits.
  bool Digits(int min, int max, int64_t* value, int* count = nullptr) {
    int n = 0;
    *value = 0;
    while (n < max && !AtEnd() && text_[at_] >= '0' && text_[at_] <= '9') {
      *value = *value * 10 + (text_[at_++] - '0');
      ++n;
    }
    if (count) *count = n;
    return n >= min;
  }
  void SkipDigits() {
    while (!AtEnd() && text_[at_] >= '0' && text_[at_] <= '9') ++at_;
  }

 private:
  std::string_view text_;
  size_t at_ = 0;
};

bool ReadDate(Cursor* cursor, int64_t* days) {
  int64_t year = 0;
  int64_t month = 0;
  int64_t day = 0;
  bool negative = cursor->Accept('-');
  if (!negative) cursor->Accept('+');
  if (!cursor->Digits(4, 6, &year) || !cursor->Accept('-') || !cursor->Digits(1, 2, &month) ||
      !cursor->Accept('-') || !cursor->Digits(1, 2, &day)) {
    return false;
  }
  if (negative) year = -year;
  if (month < 1 || month > 12 || day < 1 || day > DaysInMonth(year, static_cast<unsigned>(month)))
    return false;
  *days = DaysFromCivil(year, static_cast<unsigned>(month), static_cast<unsigned>(day));
  return true;
}

bool ReadTime(Cursor* cursor, int64_t* nanos, bool seconds_needed) {
  int64_t hour = 0;
  int64_t minute = 0;
  int64_t second = 0;
  int64_t fraction = 0;
  if (!cursor->Digits(1, 2, &hour) || !cursor->Accept(':') || !cursor->Digits(2, 2, &minute)) return false;
  if (cursor->Accept(':')) {
    if (!cursor->Digits(2, 2, &second)) return false;
    if (cursor->Accept('.')) {
      int digits = 0;
      if (!cursor->Digits(1, 9, &fraction, &digits)) return false;
      for (; digits < 9; ++digits) fraction *= 10;
      cursor->SkipDigits();
    }
  } else if (seconds_needed) {
    return false;
  }
  if (hour > 23 || minute > 59 || second > 60) return false;
  *nanos = ((hour * 60 + minute) * 60 + second) * kNanosPerSecond + fraction;
  return true;
}

bool ReadZone(Cursor* cursor, int64_t* offset_seconds) {
  if (cursor->Accept('Z') || cursor->Accept('z')) {
    *offset_seconds = 0;
    return true;
  }
  int sign = cursor->Accept('+') ? 1 : cursor->Accept('-') ? -1 : 0;
  int64_t hour = 0;
  int64_t minute = 0;
  if (sign == 0 || !cursor->Digits(2, 2, &hour)) return false;
  if (cursor->Accept(':') || !cursor->AtEnd()) {
    if (!cursor->Digits(2, 2, &minute)) return false;
  }
  *offset_seconds = sign * (hour * 3600 + minute * 60);
  return true;
}

std::string FormatFraction(int64_t nanos) {
  if (nanos == 0) return "";
  if (nanos % 1000000 == 0) return fmt::format(".{:03}", nanos / 1000000);
  if (nanos % 1000 == 0) return fmt::format(".{:06}", nanos / 1000);
  return fmt::format(".{:09}", nanos);
}

// `days` moved by whole months; the day is clamped to the length of the month it lands in.
int64_t AddMonths(int64_t days, int64_t months) {
  if (months == 0) return days;
  CivilDate date = CivilFromDays(days);
  int64_t month = date.year * 12 + static_cast<int64_t>(date.month) - 1 + months;
  int64_t year = FloorDiv(month, 12);
  auto in_year = static_cast<unsigned>(FloorMod(month, 12) + 1);
  return DaysFromCivil(year, in_year, std::min(date.day, DaysInMonth(year, in_year)));
}

// A timestamp of `ticks` per second moved by a span.
bool AddSpan(int64_t value, int64_t ticks, const Span& span, int sign, int64_t* out) {
  int64_t day_ticks = kSecondsPerDay * ticks;
  int64_t days = FloorDiv(value, day_ticks);
  int64_t rest = FloorMod(value, day_ticks);
  days = AddMonths(days, sign * static_cast<int64_t>(span.months)) + sign * static_cast<int64_t>(span.days);
  int64_t nanos_per_tick = kNanosPerSecond / ticks;
  __int128 total = static_cast<__int128>(days) * day_ticks + rest;
  __int128 nanos = static_cast<__int128>(sign) * span.nanoseconds;
  total += nanos / nanos_per_tick;
  if (total > std::numeric_limits<int64_t>::max() || total < std::numeric_limits<int64_t>::min())
    return false;
  *out = static_cast<int64_t>(total);
  return true;
}

Span SpanAt(const Datum& value, int64_t row) {
  if (value.is_scalar()) return checked_cast<const arrow::MonthDayNanoIntervalScalar&>(*value.scalar()).value;
  return value.array()->GetValues<Span>(1)[row];
}

Status OutOfRange() { return InvalidArgument("date arithmetic leaves the range of its type"); }

// Integers below dates: days for date32, milliseconds for date64, ticks for timestamps and durations.
int64_t IntAt(const Datum& value, int64_t row) {
  auto read = [&](auto zero) -> int64_t {
    return static_cast<int64_t>(NumberView<decltype(zero)>(value)[row]);
  };
  switch (value.type()->id()) {
    case Type::INT8:
      return read(int8_t{});
    case Type::INT16:
      return read(int16_t{});
    case Type::INT32:
    case Type::DATE32:
      return read(int32_t{});
    case Type::UINT8:
      return read(uint8_t{});
    case Type::UINT16:
      return read(uint16_t{});
    case Type::UINT32:
      return read(uint32_t{});
    case Type::UINT64:
      return read(uint64_t{});
    default:
      return read(int64_t{});
  }
}

Result<int64_t> ClockValue(const TypePtr& type, const Datum& clock, const Datum& other, int64_t row,
                           int sign) {
  int64_t value = IntAt(clock, row);
  int64_t out = 0;
  if (arrow::is_interval(other.type()->id())) {
    Span span = SpanAt(other, row);
    if (type->id() == Type::DATE32) {  // hours and less count only as whole days
      __int128 days = AddMonths(value, sign * static_cast<int64_t>(span.months)) +
                      sign * (static_cast<int64_t>(span.days) + span.nanoseconds / kNanosPerDay);
      out = static_cast<int64_t>(days);
    } else {
      int64_t ticks = type->id() == Type::DATE64
                          ? 1000
                          : TicksPerSecond(checked_cast<const arrow::TimestampType&>(*type).unit());
      if (!AddSpan(value, ticks, span, sign, &out)) return OutOfRange();
    }
  } else {
    int64_t amount = IntAt(other, row);
    if (type->id() == Type::DATE64 && __builtin_mul_overflow(amount, int64_t{86400000}, &amount))
      return OutOfRange();
    if (sign < 0 ? __builtin_sub_overflow(value, amount, &out)
                 : __builtin_add_overflow(value, amount, &out)) {
      return OutOfRange();
    }
  }
  if (type->id() == Type::DATE32 &&
      (out > std::numeric_limits<int32_t>::max() || out < std::numeric_limits<int32_t>::min())) {
    return OutOfRange();
  }
  return out;
}

template <typename F>
Result<Datum> BuildInts(const Datum& left, const Datum& right, int64_t rows, const TypePtr& type,
                        F value_at) {
  ARROW_ASSIGN_OR_RAISE(auto validity, CombineValidity(left, right, rows));
  bool narrow = type->id() == Type::DATE32;
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> values,
                        arrow::AllocateBuffer(rows * (narrow ? 4 : 8)));
  for (int64_t i = 0; i < rows; ++i) {
    int64_t value = 0;
    if (!validity || arrow::bit_util::GetBit(validity->data(), i)) {
      ARROW_ASSIGN_OR_RAISE(value, value_at(i));
    }
    if (narrow) {
      reinterpret_cast<int32_t*>(values->mutable_data())[i] = static_cast<int32_t>(value);
    } else {
      reinterpret_cast<int64_t*>(values->mutable_data())[i] = value;
    }
  }
  return Datum(arrow::ArrayData::Make(type, rows, {std::move(validity), std::move(values)}));
}

Result<Datum> Spans(Op op, const Datum& left, const Datum& right, int64_t rows) {
  arrow::MonthDayNanoIntervalBuilder builder;
  ARROW_ASSIGN_OR_RAISE(auto validity, CombineValidity(left, right, rows));
  int sign = op == Op::kMinus ? -1 : 1;
  for (int64_t i = 0; i < rows; ++i) {
    if (validity && !arrow::bit_util::GetBit(validity->data(), i)) {
      ARROW_RETURN_NOT_OK(builder.AppendNull());
      continue;
    }
    Span a = SpanAt(left, i);
    Span b = SpanAt(right, i);
    Span out{};
    int32_t months = 0;
    int32_t days = 0;
    if (__builtin_mul_overflow(b.months, sign, &months) || __builtin_mul_overflow(b.days, sign, &days) ||
        __builtin_add_overflow(a.months, months, &out.months) ||
        __builtin_add_overflow(a.days, days, &out.days) ||
        (sign > 0 ? __builtin_add_overflow(a.nanoseconds, b.nanoseconds, &out.nanoseconds)
                  : __builtin_sub_overflow(a.nanoseconds, b.nanoseconds, &out.nanoseconds))) {
      return OutOfRange();
    }
    ARROW_RETURN_NOT_OK(builder.Append(out));
  }
  ARROW_ASSIGN_OR_RAISE(auto array, builder.Finish());
  return Datum(std::move(array));
}

}  // namespace

int64_t DaysFromCivil(int64_t year, unsigned month, unsigned day) {
  year -= month <= 2;
  int64_t era = FloorDiv(year, 400);
  auto year_of_era = static_cast<unsigned>(year - era * 400);
  unsigned day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  unsigned day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + static_cast<int64_t>(day_of_era) - 719468;
}

CivilDate CivilFromDays(int64_t days) {
  days += 719468;
  int64_t era = FloorDiv(days, 146097);
  auto day_of_era = static_cast<unsigned>(days - era * 146097);
  unsigned year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  unsigned shifted = (5 * day_of_year + 2) / 153;
  unsigned day = day_of_year - (153 * shifted + 2) / 5 + 1;
  unsigned month = shifted < 10 ? shifted + 3 : shifted - 9;
  int64_t year = static_cast<int64_t>(year_of_era) + era * 400 + (month <= 2);
  return {year, month, day};
}

unsigned DaysInMonth(int64_t year, unsigned month) {
  static constexpr unsigned kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  bool leap = FloorMod(year, 4) == 0 && (FloorMod(year, 100) != 0 || FloorMod(year, 400) == 0);
  return month == 2 && leap ? 29 : kDays[month - 1];
}

int64_t TicksPerSecond(arrow::TimeUnit::type unit) {
  switch (unit) {
    case arrow::TimeUnit::SECOND:
      return 1;
    case arrow::TimeUnit::MILLI:
      return 1000;
    case arrow::TimeUnit::MICRO:
      return 1000000;
    default:
      return kNanosPerSecond;
  }
}

std::optional<int64_t> ParseDate(std::string_view text) {
  Cursor cursor(text);
  int64_t days = 0;
  if (!ReadDate(&cursor, &days)) return std::nullopt;
  if (cursor.AtEnd()) return days;
  // A timestamp names its day too.
  auto stamp = ParseTimestamp(text);
  if (!stamp) return std::nullopt;
  return FloorDiv(stamp->seconds, kSecondsPerDay);
}

std::optional<ParsedTimestamp> ParseTimestamp(std::string_view text) {
  Cursor cursor(text);
  int64_t days = 0;
  if (!ReadDate(&cursor, &days)) return std::nullopt;
  int64_t nanos = 0;
  int64_t zone = 0;
  bool has_zone = false;
  if (!cursor.AtEnd()) {
    if (!cursor.Accept('T') && !cursor.Accept(' ') && !cursor.Accept('t')) return std::nullopt;
    if (!ReadTime(&cursor, &nanos, true)) return std::nullopt;
    if (!cursor.AtEnd()) {
      cursor.Accept(' ');
      if (!ReadZone(&cursor, &zone) || !cursor.AtEnd()) return std::nullopt;
      has_zone = true;
    }
  }
  return ParsedTimestamp{days * kSecondsPerDay + nanos / kNanosPerSecond - zone, nanos % kNanosPerSecond,
                         has_zone};
}

std::optional<int64_t> ParseTime(std::string_view text) {
  Cursor cursor(text);
  int64_t nanos = 0;
  if (!ReadTime(&cursor, &nanos, false) || !cursor.AtEnd()) return std::nullopt;
  return nanos;
}

std::string FormatDate(int64_t days) {
  CivilDate date = CivilFromDays(days);
  if (date.year < 0) return fmt::format("-{:04}-{:02}-{:02}", -date.year, date.month, date.day);
  if (date.year > 9999) return fmt::format("+{}-{:02}-{:02}", date.year, date.month, date.day);
  return fmt::format("{:04}-{:02}-{:02}", date.year, date.month, date.day);
}

std::string FormatTime(int64_t value, arrow::TimeUnit::type unit) {
  int64_t ticks = TicksPerSecond(unit);
  int64_t seconds = FloorDiv(value, ticks);
  int64_t nanos = FloorMod(value, ticks) * (kNanosPerSecond / ticks);
  return fmt::format("{:02}:{:02}:{:02}{}", seconds / 3600, seconds / 60 % 60, seconds % 60,
                     FormatFraction(nanos));
}

std::string FormatTimestamp(int64_t value, arrow::TimeUnit::type unit) {
  int64_t day_ticks = kSecondsPerDay * TicksPerSecond(unit);
  return FormatDate(FloorDiv(value, day_ticks)) + "T" + FormatTime(FloorMod(value, day_ticks), unit);
}

Result<Datum> TemporalArithmetic(Op op, const Datum& left, const Datum& right, int64_t rows,
                                 const TypePtr& result) {
  int sign = op == Op::kMinus ? -1 : 1;
  const TypePtr l = left.type();
  const TypePtr r = right.type();
  if (arrow::is_interval(l->id()) && arrow::is_interval(r->id())) return Spans(op, left, right, rows);
  if (IsTemporalType(*l) && IsTemporalType(*r)) {  // a difference
    int64_t divisor = l->id() == Type::DATE64 ? 86400000 : 1;
    return BuildInts(left, right, rows, result, [&](int64_t i) -> Result<int64_t> {
      int64_t out = 0;
      if (__builtin_sub_overflow(IntAt(left, i), IntAt(right, i), &out)) return OutOfRange();
      return out / divisor;
    });
  }
  bool left_clock = IsTemporalType(*l);
  const Datum& clock = left_clock ? left : right;
  const Datum& other = left_clock ? right : left;
  return BuildInts(left, right, rows, result,
                   [&](int64_t i) { return ClockValue(result, clock, other, i, sign); });
}

Result<Datum> NegateInterval(const Datum& value, int64_t rows) {
  auto zero = std::make_shared<arrow::MonthDayNanoIntervalScalar>(Span{0, 0, 0});
  if (value.is_scalar()) {
    if (!value.scalar()->is_valid) return value;
    ARROW_ASSIGN_OR_RAISE(auto single, ToArray(value, 1));
    ARROW_ASSIGN_OR_RAISE(Datum out, Spans(Op::kMinus, Datum(zero), single, 1));
    ARROW_ASSIGN_OR_RAISE(auto scalar, out.make_array()->GetScalar(0));
    return Datum(std::move(scalar));
  }
  return Spans(Op::kMinus, Datum(zero), value, rows);
}

}  // namespace lance::expr
