// date_part, date_trunc, to_timestamp, to_date, now ... Timestamps with a zone other than UTC are refused
// where the answer would depend on its rules.
#include <chrono>

#include <arrow/api.h>

#include "lance/expr/functions/rows.h"
#include "lance/expr/functions/signatures.h"
#include "lance/expr/functions/tables.h"
#include "lance/expr/kernels/calendar.h"
#include "lance/expr/kernels/cast.h"

namespace lance::expr {
namespace {

using arrow::Datum;
using arrow::Type;
using arrow::internal::checked_cast;

constexpr int64_t kDay = 86400;

Status CheckZone(const FunctionInfo& self, const arrow::DataType& type) {
  if (type.id() != Type::TIMESTAMP) return Status::OK();
  const std::string& zone = checked_cast<const arrow::TimestampType&>(type).timezone();
  if (zone.empty() || zone == "UTC" || zone == "+00:00") return Status::OK();
  return NotSupported("{} over timestamps in zone {}", self.name, zone);
}

std::string LowerText(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(tolower(static_cast<unsigned char>(c)));
  return out;
}

// A moment taken apart.
struct Moment {
  int64_t days;
  int64_t seconds;  // of the day
  int64_t nanos;
};

Moment MomentOf(int64_t value, int64_t ticks) {
  int64_t seconds = FloorDiv(value, ticks);
  return {FloorDiv(seconds, kDay), FloorMod(seconds, kDay), FloorMod(value, ticks) * (1000000000 / ticks)};
}

int64_t IsoWeek(int64_t days, int64_t* iso_year) {
  int64_t weekday = FloorMod(days + 3, 7);  // Monday is 0
  int64_t thursday = days - weekday + 3;
  *iso_year = CivilFromDays(thursday).year;
  return (thursday - DaysFromCivil(*iso_year, 1, 1)) / 7 + 1;
}

// The integer parts; nullopt for a name that is none of them.
std::optional<int64_t> Part(const std::string& name, const Moment& m) {
  CivilDate date = CivilFromDays(m.days);
  int64_t iso_year = 0;
  if (name == "year") return date.year;
  if (name == "isoyear") return IsoWeek(m.days, &iso_year), iso_year;
  if (name == "quarter" || name == "qtr") return (date.month - 1) / 3 + 1;
  if (name == "month") return date.month;
  if (name == "week") return IsoWeek(m.days, &iso_year);
  if (name == "day") return date.day;
  if (name == "doy") return m.days - DaysFromCivil(date.year, 1, 1) + 1;
  if (name == "dow") return FloorMod(m.days + 4, 7);
  if (name == "isodow") return FloorMod(m.days + 3, 7) + 1;
  if (name == "hour") return m.seconds / 3600;
  if (name == "minute") return m.seconds / 60 % 60;
  if (name == "second") return m.seconds % 60;
  if (name == "millisecond") return m.seconds % 60 * 1000 + m.nanos / 1000000;
  if (name == "microsecond") return m.seconds % 60 * 1000000 + m.nanos / 1000;
  if (name == "nanosecond") return m.seconds % 60 * 1000000000 + m.nanos;
  return std::nullopt;
}

std::string PartName(std::string_view text) {
  std::string name = LowerText(text);
  if (name.size() > 1 && name.back() == 's') name.pop_back();
  return name;
}

Result<Signature> SignPart(const FunctionInfo& self, const Types& types) {
  bool fits = types.size() == 2 && TextOrNull(types[0]) &&
              (IsTemporalType(*types[1]) || IsStringType(*types[1]) || IsNullType(*types[1]));
  if (!fits) return BadArguments(self, types, "a part and a date, time or timestamp");
  ARROW_RETURN_NOT_OK(CheckZone(self, *types[1]));
  bool text = IsStringType(*types[1]) || IsNullType(*types[1]);
  return Signature{{TextOrNull(types[0]), text ? arrow::timestamp(arrow::TimeUnit::NANO) : types[1]},
                   arrow::int32()};
}

struct Ticks {
  int64_t per_second;
  bool days;   // the value counts days
  bool clock;  // the value is a time of day
};
Ticks TicksOf(const arrow::DataType& type) {
  switch (type.id()) {
    case Type::DATE32:
      return {1, true, false};
    case Type::DATE64:
      return {1000, false, false};
    case Type::TIMESTAMP:
      return {TicksPerSecond(checked_cast<const arrow::TimestampType&>(type).unit()), false, false};
    default:
      return {TicksPerSecond(checked_cast<const arrow::TimeType&>(type).unit()), false, true};
  }
}

// Reads any of the temporal types as 64-bit ticks.
class ClockView {
 public:
  explicit ClockView(const Datum& value)
      : narrow_(value.type()->id() == Type::DATE32 || value.type()->id() == Type::TIME32) {
    if (narrow_) {
      small_.emplace(value);
    } else {
      wide_.emplace(value);
    }
  }
  bool IsNull(int64_t row) const { return narrow_ ? small_->IsNull(row) : wide_->IsNull(row); }
  int64_t operator[](int64_t row) const { return narrow_ ? (*small_)[row] : (*wide_)[row]; }

 private:
  bool narrow_;
  std::optional<NumberView<int32_t>> small_;
  std::optional<NumberView<int64_t>> wide_;
};

Result<Datum> DatePart(const std::vector<Datum>& values, int64_t rows, const TypePtr& type) {
  if (!values[0].is_scalar()) return NotSupported("a date part that is not a literal");
  if (!values[0].scalar()->is_valid) return Datum(arrow::MakeNullScalar(type));
  std::string part = PartName(BytesView(values[0])[0]);
  bool epoch = part == "epoch";
  if (!epoch && !Part(part, Moment{0, 0, 0})) return InvalidArgument("Date part '{}' not supported", part);
  Ticks ticks = TicksOf(*values[1].type());
  ClockView clock(values[1]);
  auto moment = [&](int64_t i) {
    return ticks.days ? Moment{clock[i], 0, 0} : MomentOf(clock[i], ticks.per_second);
  };
  if (epoch) {
    return MapValues<arrow::DoubleBuilder>(
        rows,
        [&](int64_t i) {
          return ticks.days ? static_cast<double>(clock[i]) * kDay
                            : static_cast<double>(clock[i]) / static_cast<double>(ticks.per_second);
        },
        clock);
  }
  return MapValues<arrow::Int32Builder>(
      rows, [&](int64_t i) { return static_cast<int32_t>(*Part(part, moment(i))); }, clock);
}

Result<Signature> SignTrunc(const FunctionInfo& self, const Types& types) {
  if (types.size() != 2 || !TextOrNull(types[0])) return BadArguments(self, types, "a part and a timestamp");
  ARROW_RETURN_NOT_OK(CheckZone(self, *types[1]));
  TypePtr value = types[1];
  if (IsStringType(*value) || IsNullType(*value) || arrow::is_date(value->id()))
    value = arrow::timestamp(arrow::TimeUnit::NANO);
  if (value->id() != Type::TIMESTAMP) return BadArguments(self, types, "a part and a timestamp");
  return Signature{{TextOrNull(types[0]), value}, value};
}

Result<Datum> DateTrunc(const std::vector<Datum>& values, int64_t rows, const TypePtr& type) {
  if (!values[0].is_scalar()) return NotSupported("a date part that is not a literal");
  if (!values[0].scalar()->is_valid) return Datum(arrow::MakeNullScalar(type));
  std::string part = LowerText(BytesView(values[0])[0]);
  int64_t ticks = TicksPerSecond(checked_cast<const arrow::TimestampType&>(*type).unit());
  int64_t day_ticks = kDay * ticks;
  int64_t step = part == "day"           ? day_ticks
                 : part == "hour"        ? 3600 * ticks
                 : part == "minute"      ? 60 * ticks
                 : part == "second"      ? ticks
                 : part == "millisecond" ? std::max<int64_t>(1, ticks / 1000)
                 : part == "microsecond" ? std::max<int64_t>(1, ticks / 1000000)
                                         : 0;
  bool calendar = part == "year" || part == "quarter" || part == "month" || part == "week";
  if (step == 0 && !calendar) return InvalidArgument("Unsupported date_trunc granularity: '{}'", part);
  NumberView<int64_t> view(values[1]);
  arrow::TimestampBuilder builder(type, arrow::default_memory_pool());
  for (int64_t i = 0; i < rows; ++i) {
    if (view.IsNull(i)) {
      ARROW_RETURN_NOT_OK(builder.AppendNull());
      continue;
    }
    int64_t out = 0;
    if (step != 0) {
      out = view[i] - FloorMod(view[i], step);
    } else {
      int64_t days = FloorDiv(view[i], day_ticks);
      CivilDate date = CivilFromDays(days);
      if (part == "week") {
        days -= FloorMod(days + 3, 7);
      } else {
        unsigned month = part == "year" ? 1 : part == "quarter" ? (date.month - 1) / 3 * 3 + 1 : date.month;
        days = DaysFromCivil(date.year, month, 1);
      }
      if (__builtin_mul_overflow(days, day_ticks, &out))
        return InvalidArgument("date_trunc leaves the range of its type");
    }
    ARROW_RETURN_NOT_OK(builder.Append(out));
  }
  return Finished(&builder);
}

template <arrow::TimeUnit::type kUnit>
Result<Signature> SignToTimestamp(const FunctionInfo& self, const Types& types) {
  if (types.size() > 1) return NotSupported("{} with a format", self.name);
  if (types.empty()) return BadArguments(self, types, "a text, number, date or timestamp");
  TypePtr out = arrow::timestamp(kUnit);
  if (types[0]->id() == Type::TIMESTAMP) {
    ARROW_RETURN_NOT_OK(CheckZone(self, *types[0]));
  } else if (!IsStringType(*types[0]) && !IsNumericType(*types[0]) && !arrow::is_date(types[0]->id()) &&
             !IsNullType(*types[0])) {
    return BadArguments(self, types, "a text, number, date or timestamp");
  }
  // Numbers count seconds for to_timestamp, else the unit of the name.
  if (IsNumericType(*types[0])) {
    TypePtr seconds =
        arrow::timestamp(kUnit == arrow::TimeUnit::NANO && std::string_view(self.name) == "to_timestamp"
                             ? arrow::TimeUnit::SECOND
                             : kUnit);
    if (IsFloatType(*types[0])) return NotSupported("{} of a fraction", self.name);
    return Signature{{seconds}, out};
  }
  return Signature{{out}, out};
}
Result<Datum> ToTimestamp(const std::vector<Datum>& values, int64_t rows, const TypePtr& type) {
  return Cast(values[0], rows, type, false);
}

Result<Signature> SignToDate(const FunctionInfo& self, const Types& types) {
  if (types.size() > 1) return NotSupported("to_date with a format");
  bool fits = types.size() == 1 &&
              (IsStringType(*types[0]) || IsIntegerType(*types[0]) || arrow::is_date(types[0]->id()) ||
               types[0]->id() == Type::TIMESTAMP || IsNullType(*types[0]));
  if (!fits) return BadArguments(self, types, "a text, number, date or timestamp");
  return Signature{{arrow::date32()}, arrow::date32()};
}
Result<Datum> Same(const std::vector<Datum>& values, int64_t, const TypePtr&) { return values[0]; }

Result<Signature> SignNow(const FunctionInfo& self, const Types& types) {
  if (!types.empty()) return BadArguments(self, types, "no arguments");
  return Signature{{}, arrow::timestamp(arrow::TimeUnit::NANO)};
}
int64_t NowNanos() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}
Result<Datum> Now(const std::vector<Datum>&, int64_t, const TypePtr& type) {
  return Datum(std::make_shared<arrow::TimestampScalar>(NowNanos(), type));
}
Result<Signature> SignToday(const FunctionInfo& self, const Types& types) {
  if (!types.empty()) return BadArguments(self, types, "no arguments");
  return Signature{{}, arrow::date32()};
}
Result<Datum> Today(const std::vector<Datum>&, int64_t, const TypePtr&) {
  return Datum(
      std::make_shared<arrow::Date32Scalar>(static_cast<int32_t>(FloorDiv(NowNanos(), kDay * 1000000000))));
}

Result<Signature> SignMakeDate(const FunctionInfo& self, const Types& types) {
  bool fits = types.size() == 3;
  for (const TypePtr& type : types)
    fits = fits && (IsIntegerType(*type) || IsStringType(*type) || IsNullType(*type));
  if (!fits) return BadArguments(self, types, "year, month and day");
  return Signature{Types(3, arrow::int32()), arrow::date32()};
}
Result<Datum> MakeDate(const std::vector<Datum>& values, int64_t rows, const TypePtr&) {
  NumberView<int32_t> year(values[0]);
  NumberView<int32_t> month(values[1]);
  NumberView<int32_t> day(values[2]);
  arrow::Date32Builder builder;
  for (int64_t i = 0; i < rows; ++i) {
    if (year.IsNull(i) || month.IsNull(i) || day.IsNull(i)) {
      ARROW_RETURN_NOT_OK(builder.AppendNull());
      continue;
    }
    bool valid = month[i] >= 1 && month[i] <= 12 && day[i] >= 1 &&
                 std::abs(static_cast<int64_t>(year[i])) < 200000 &&
                 day[i] <= static_cast<int32_t>(DaysInMonth(year[i], static_cast<unsigned>(month[i])));
    if (!valid) return InvalidArgument("make_date({}, {}, {}) is no date", year[i], month[i], day[i]);
    int64_t days = DaysFromCivil(year[i], static_cast<unsigned>(month[i]), static_cast<unsigned>(day[i]));
    ARROW_RETURN_NOT_OK(builder.Append(static_cast<int32_t>(days)));
  }
  return Finished(&builder);
}

const FunctionInfo kFunctions[] = {
    {"date_part", SignPart, DatePart},
    {"date_trunc", SignTrunc, DateTrunc},
    {"to_timestamp", SignToTimestamp<arrow::TimeUnit::NANO>, ToTimestamp},
    {"to_timestamp_seconds", SignToTimestamp<arrow::TimeUnit::SECOND>, ToTimestamp},
    {"to_timestamp_millis", SignToTimestamp<arrow::TimeUnit::MILLI>, ToTimestamp},
    {"to_timestamp_micros", SignToTimestamp<arrow::TimeUnit::MICRO>, ToTimestamp},
    {"to_timestamp_nanos", SignToTimestamp<arrow::TimeUnit::NANO>, ToTimestamp},
    {"to_date", SignToDate, Same},
    {"now", SignNow, Now},
    {"current_date", SignToday, Today},
    {"make_date", SignMakeDate, MakeDate},
};

}  // namespace

std::span<const FunctionInfo> DateFunctions() { return kFunctions; }

}  // namespace lance::expr
