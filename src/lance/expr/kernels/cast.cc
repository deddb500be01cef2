#include "lance/expr/kernels/cast.h"

#include <charconv>
#include <cmath>
#include <limits>

#include <arrow/api.h>
#include <arrow/compute/api.h>
#include <arrow/util/float16.h>

#include "lance/expr/evaluate.h"
#include "lance/expr/kernels/bitmaps.h"
#include "lance/expr/kernels/calendar.h"
#include "lance/expr/kernels/column_view.h"
#include "lance/expr/type_rules.h"

namespace lance::expr {
namespace {

using arrow::Datum;
using arrow::Type;
using arrow::internal::checked_cast;

template <typename T>
bool ParseNumber(std::string_view text, T* out) {
  if (!text.empty() && text[0] == '+') {
    text.remove_prefix(1);
    if (!text.empty() && (text[0] == '-' || text[0] == '+')) return false;
  }
  if constexpr (std::is_floating_point_v<T>) {
    if (text.empty()) return false;
  }
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out);
  if constexpr (std::is_floating_point_v<T>) {
    if (error == std::errc::result_out_of_range) {
      *out = static_cast<T>(strtod(std::string(text).c_str(), nullptr));
      return true;
    }
  }
  return error == std::errc() && end == text.data() + text.size();
}

bool ParseBool(std::string_view text, bool* out) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(tolower(static_cast<unsigned char>(c)));
  for (const char* word : {"t", "tr", "tru", "true", "y", "ye", "yes", "on", "1"}) {
    if (lower == word) return *out = true, true;
  }
  for (const char* word : {"f", "fa", "fal", "fals", "false", "n", "no", "of", "off", "0"}) {
    if (lower == word) return *out = false, true;
  }
  return false;
}

bool ParseDecimal(std::string_view text, int precision, int scale, arrow::Decimal256* out) {
  arrow::Decimal256 value;
  int32_t parsed_precision = 0;
  int32_t parsed_scale = 0;
  if (!arrow::Decimal256::FromString(text, &value, &parsed_precision, &parsed_scale).ok()) return false;
  if (parsed_scale < scale) {
    if (scale - parsed_scale > 76) return false;
    value = arrow::Decimal256(value.IncreaseScaleBy(scale - parsed_scale));
  } else if (parsed_scale > scale) {
    value = arrow::Decimal256(value.ReduceScaleBy(parsed_scale - scale, /*round=*/true));
  }
  *out = value;
  return value.FitsInPrecision(precision);
}

Status BadString(std::string_view text, const TypePtr& type) {
  return InvalidArgument("Cannot cast string '{}' to value of {} type", text.substr(0, 80), PrintType(*type));
}

// Builds a column value by value; `convert(row)` returns false for what does not fit.
template <typename Builder, typename Convert, typename Refuse>
Result<Datum> Build(Builder* builder, const Datum& value, int64_t rows, bool is_try, Convert convert,
                    Refuse refuse) {
  ARROW_RETURN_NOT_OK(builder->Reserve(rows));
  const arrow::ArrayData& data = *value.array();
  bool nulls = data.GetNullCount() != 0;
  for (int64_t i = 0; i < rows; ++i) {
    if (nulls && data.IsNull(i)) {
      ARROW_RETURN_NOT_OK(builder->AppendNull());
      continue;
    }
    if (convert(i)) continue;
    if (!is_try) return refuse(i);
    ARROW_RETURN_NOT_OK(builder->AppendNull());
  }
  ARROW_ASSIGN_OR_RAISE(auto array, builder->Finish());
  return Datum(std::move(array));
}

template <typename ArrowType>
Result<Datum> StringToNumber(const Datum& value, int64_t rows, const TypePtr& type, bool is_try) {
  BytesView text(value);
  typename arrow::TypeTraits<ArrowType>::BuilderType builder(type, arrow::default_memory_pool());
  auto convert = [&](int64_t i) {
    typename ArrowType::c_type out{};
    if (!ParseNumber(text[i], &out)) return false;
    builder.UnsafeAppend(out);
    return true;
  };
  return Build(&builder, value, rows, is_try, convert, [&](int64_t i) { return BadString(text[i], type); });
}

bool ReadTimestamp(std::string_view text, arrow::TimeUnit::type unit, int64_t* out) {
  auto stamp = ParseTimestamp(text);
  if (!stamp) return false;
  int64_t ticks = TicksPerSecond(unit);
  return !__builtin_mul_overflow(stamp->seconds, ticks, out) &&
         !__builtin_add_overflow(*out, stamp->nanos / (1000000000 / ticks), out);
}

Result<Datum> StringToClock(const Datum& value, int64_t rows, const TypePtr& type, bool is_try) {
  BytesView text(value);
  auto refuse = [&](int64_t i) { return BadString(text[i], type); };
  switch (type->id()) {
    case Type::DATE32: {
      arrow::Date32Builder builder;
      return Build(
          &builder, value, rows, is_try,
          [&](int64_t i) {
            auto days = ParseDate(text[i]);
            if (days) builder.UnsafeAppend(static_cast<int32_t>(*days));
            return days.has_value();
          },
          refuse);
    }
    case Type::DATE64: {
      arrow::Date64Builder builder;
      return Build(
          &builder, value, rows, is_try,
          [&](int64_t i) {
            int64_t out = 0;
            bool ok = ReadTimestamp(text[i], arrow::TimeUnit::MILLI, &out);
            if (ok) builder.UnsafeAppend(out);
            return ok;
          },
          refuse);
    }
    case Type::TIMESTAMP: {
      const auto& stamp = checked_cast<const arrow::TimestampType&>(*type);
      // Text without an offset is read in UTC; other zones need their own rules.
      arrow::TimestampBuilder builder(type, arrow::default_memory_pool());
      return Build(
          &builder, value, rows, is_try,
          [&](int64_t i) {
            int64_t out = 0;
            bool ok = ReadTimestamp(text[i], stamp.unit(), &out);
            if (ok) builder.UnsafeAppend(out);
            return ok;
          },
          refuse);
    }
    case Type::TIME32: {
      int64_t step = 1000000000 / TicksPerSecond(checked_cast<const arrow::TimeType&>(*type).unit());
      arrow::Time32Builder builder(type, arrow::default_memory_pool());
      return Build(
          &builder, value, rows, is_try,
          [&](int64_t i) {
            auto nanos = ParseTime(text[i]);
            if (nanos) builder.UnsafeAppend(static_cast<int32_t>(*nanos / step));
            return nanos.has_value();
          },
          refuse);
    }
    default: {
      int64_t step = 1000000000 / TicksPerSecond(checked_cast<const arrow::TimeType&>(*type).unit());
      arrow::Time64Builder builder(type, arrow::default_memory_pool());
      return Build(
          &builder, value, rows, is_try,
          [&](int64_t i) {
            auto nanos = ParseTime(text[i]);
            if (nanos) builder.UnsafeAppend(*nanos / step);
            return nanos.has_value();
          },
          refuse);
    }
  }
}

template <typename DecimalType>
Result<Datum> StringToDecimal(const Datum& value, int64_t rows, const TypePtr& type, bool is_try) {
  BytesView text(value);
  const auto& decimal = checked_cast<const arrow::DecimalType&>(*type);
  typename arrow::TypeTraits<DecimalType>::BuilderType builder(type);
  auto convert = [&](int64_t i) {
    arrow::Decimal256 out;
    if (!ParseDecimal(text[i], decimal.precision(), decimal.scale(), &out)) return false;
    if constexpr (std::is_same_v<DecimalType, arrow::Decimal128Type>) {
      auto words = out.little_endian_array();
      builder.UnsafeAppend(arrow::Decimal128(static_cast<int64_t>(words[1]), words[0]));
    } else {
      builder.UnsafeAppend(out);
    }
    return true;
  };
  return Build(&builder, value, rows, is_try, convert, [&](int64_t i) { return BadString(text[i], type); });
}

Result<Datum> FromString(const Datum& value, int64_t rows, const TypePtr& type, bool is_try, bool* done) {
  *done = true;
  switch (type->id()) {
    case Type::INT8:
      return StringToNumber<arrow::Int8Type>(value, rows, type, is_try);
    case Type::INT16:
      return StringToNumber<arrow::Int16Type>(value, rows, type, is_try);
    case Type::INT32:
      return StringToNumber<arrow::Int32Type>(value, rows, type, is_try);
    case Type::INT64:
      return StringToNumber<arrow::Int64Type>(value, rows, type, is_try);
    case Type::UINT8:
      return StringToNumber<arrow::UInt8Type>(value, rows, type, is_try);
    case Type::UINT16:
      return StringToNumber<arrow::UInt16Type>(value, rows, type, is_try);
    case Type::UINT32:
      return StringToNumber<arrow::UInt32Type>(value, rows, type, is_try);
    case Type::UINT64:
      return StringToNumber<arrow::UInt64Type>(value, rows, type, is_try);
    case Type::FLOAT:
      return StringToNumber<arrow::FloatType>(value, rows, type, is_try);
    case Type::DOUBLE:
      return StringToNumber<arrow::DoubleType>(value, rows, type, is_try);
    case Type::DECIMAL128:
      return StringToDecimal<arrow::Decimal128Type>(value, rows, type, is_try);
    case Type::DECIMAL256:
      return StringToDecimal<arrow::Decimal256Type>(value, rows, type, is_try);
    case Type::DATE32:
    case Type::DATE64:
    case Type::TIME32:
    case Type::TIME64:
    case Type::TIMESTAMP:
      return StringToClock(value, rows, type, is_try);
    case Type::BOOL: {
      BytesView text(value);
      arrow::BooleanBuilder builder;
      return Build(
          &builder, value, rows, is_try,
          [&](int64_t i) {
            bool out = false;
            bool ok = ParseBool(text[i], &out);
            if (ok) builder.UnsafeAppend(out);
            return ok;
          },
          [&](int64_t i) { return BadString(text[i], type); });
    }
    default:
      *done = false;
      return Datum();
  }
}

std::string PrintFloat(double value, bool single) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  std::string text = single ? fmt::format("{}", static_cast<float>(value)) : fmt::format("{}", value);
  size_t e = text.find('e');
  if (e != std::string::npos) {  // 1e+16 is written 1e16
    if (text[e + 1] == '+') text.erase(e + 1, 1);
    while (text[e + 1] == '0' || (text[e + 1] == '-' && text[e + 2] == '0'))
      text.erase(text[e + 1] == '-' ? e + 2 : e + 1, 1);
    return text;
  }
  return text.find('.') == std::string::npos ? text + ".0" : text;
}

template <typename T, typename Print>
Result<Datum> PrintNumbers(const Datum& value, int64_t rows, Print print) {
  NumberView<T> number(value);
  arrow::StringBuilder builder;
  auto convert = [&](int64_t i) { return builder.Append(print(number[i])).ok(); };
  return Build(&builder, value, rows, false, convert,
               [](int64_t) { return ResourceExhausted("out of memory"); });
}

// Texts that Arrow C++ writes in another form than the reference.
Result<Datum> ToText(const Datum& value, int64_t rows, bool* done) {
  *done = true;
  const TypePtr type = value.type();
  switch (type->id()) {
    case Type::DOUBLE:
      return PrintNumbers<double>(value, rows, [](double v) { return PrintFloat(v, false); });
    case Type::FLOAT:
      return PrintNumbers<float>(value, rows, [](float v) { return PrintFloat(v, true); });
    case Type::HALF_FLOAT:
      return PrintNumbers<uint16_t>(value, rows, [](uint16_t v) {
        return PrintFloat(arrow::util::Float16::FromBits(v).ToFloat(), true);
      });
    case Type::DATE32:
      return PrintNumbers<int32_t>(value, rows, [](int32_t v) { return FormatDate(v); });
    case Type::DATE64:
      return PrintNumbers<int64_t>(value, rows,
                                   [](int64_t v) { return FormatTimestamp(v, arrow::TimeUnit::MILLI); });
    case Type::TIMESTAMP: {
      const auto& stamp = checked_cast<const arrow::TimestampType&>(*type);
      bool utc = stamp.timezone() == "UTC" || stamp.timezone() == "+00:00";
      if (!stamp.timezone().empty() && !utc)
        return NotSupported("text of timestamps in zone {}", stamp.timezone());
      return PrintNumbers<int64_t>(
          value, rows, [&](int64_t v) { return FormatTimestamp(v, stamp.unit()) + (utc ? "Z" : ""); });
    }
    case Type::TIME32: {
      auto unit = checked_cast<const arrow::TimeType&>(*type).unit();
      return PrintNumbers<int32_t>(value, rows, [unit](int32_t v) { return FormatTime(v, unit); });
    }
    case Type::TIME64: {
      auto unit = checked_cast<const arrow::TimeType&>(*type).unit();
      return PrintNumbers<int64_t>(value, rows, [unit](int64_t v) { return FormatTime(v, unit); });
    }
    default:
      *done = false;
      return Datum();
  }
}

template <typename ArrowType, typename Read>
Result<Datum> FloatToInteger(const Datum& value, int64_t rows, const TypePtr& type, bool is_try, Read read) {
  using T = typename ArrowType::c_type;
  typename arrow::TypeTraits<ArrowType>::BuilderType builder;
  // The bounds are powers of two (or 0), exact as doubles.
  const double low = static_cast<double>(std::numeric_limits<T>::min());
  const double high = std::ldexp(1.0, std::numeric_limits<T>::digits);
  auto convert = [&](int64_t i) {
    double whole = std::trunc(read(i));
    if (!(whole >= low && whole < high)) return false;
    builder.UnsafeAppend(static_cast<T>(whole));
    return true;
  };
  auto refuse = [&](int64_t i) {
    return InvalidArgument("Can't cast value {} to type {}", read(i), PrintType(*type));
  };
  return Build(&builder, value, rows, is_try, convert, refuse);
}

template <typename Read>
Result<Datum> FloatToIntegerOf(const Datum& value, int64_t rows, const TypePtr& type, bool is_try,
                               Read read) {
  switch (type->id()) {
    case Type::INT8:
      return FloatToInteger<arrow::Int8Type>(value, rows, type, is_try, read);
    case Type::INT16:
      return FloatToInteger<arrow::Int16Type>(value, rows, type, is_try, read);
    case Type::INT32:
      return FloatToInteger<arrow::Int32Type>(value, rows, type, is_try, read);
    case Type::INT64:
      return FloatToInteger<arrow::Int64Type>(value, rows, type, is_try, read);
    case Type::UINT8:
      return FloatToInteger<arrow::UInt8Type>(value, rows, type, is_try, read);
    case Type::UINT16:
      return FloatToInteger<arrow::UInt16Type>(value, rows, type, is_try, read);
    case Type::UINT32:
      return FloatToInteger<arrow::UInt32Type>(value, rows, type, is_try, read);
    default:
      return FloatToInteger<arrow::UInt64Type>(value, rows, type, is_try, read);
  }
}

Result<Datum> ArrowCast(const Datum& value, const TypePtr& type) {
  arrow::compute::CastOptions options = arrow::compute::CastOptions::Safe(type);
  options.allow_time_truncate = true;
  options.allow_decimal_truncate = true;
  options.allow_float_truncate = false;
  options.allow_int_overflow = false;
  // Lossy float to float and large integer to float are the rule in SQL.
  if (IsFloatType(*type)) options.allow_float_truncate = true;
  auto result = arrow::compute::Cast(value, options);
  if (result.ok()) return result;
  if (result.status().IsNotImplemented()) {
    return NotSupported("casting {} to {}", PrintType(*value.type()), PrintType(*type));
  }
  return InvalidArgument("Cast error: {}", result.status().message());
}

// Runs Arrow's kernel; with is_try, value by value where the whole column fails.
Result<Datum> TryEach(const Datum& value, int64_t rows, const TypePtr& type) {
  std::unique_ptr<arrow::ArrayBuilder> builder;
  ARROW_RETURN_NOT_OK(arrow::MakeBuilder(arrow::default_memory_pool(), type, &builder));
  auto array = value.make_array();
  for (int64_t i = 0; i < rows; ++i) {
    auto one = Cast(Datum(array->Slice(i, 1)), 1, type, false);
    if (one.ok()) {
      ARROW_RETURN_NOT_OK(builder->AppendArraySlice(*one->array(), 0, 1));
    } else {
      ARROW_RETURN_NOT_OK(builder->AppendNull());
    }
  }
  ARROW_ASSIGN_OR_RAISE(auto out, builder->Finish());
  return Datum(std::move(out));
}

// Integer and decimal sources of decimals: through the widest precision, rounded, then checked.
Result<Datum> ToDecimal(const Datum& value, const TypePtr& type) {
  const auto& target = checked_cast<const arrow::DecimalType&>(*type);
  bool wide = type->id() == Type::DECIMAL256;
  Datum source = value;
  if (IsIntegerType(*value.type())) {
    ARROW_ASSIGN_OR_RAISE(source,
                          ArrowCast(value, wide ? arrow::decimal256(76, 0) : arrow::decimal128(38, 0)));
  } else if (IsDecimalType(*value.type())) {
    const auto& from = checked_cast<const arrow::DecimalType&>(*value.type());
    if (from.scale() > target.scale()) {
      arrow::compute::RoundOptions round(target.scale(), arrow::compute::RoundMode::HALF_TOWARDS_INFINITY);
      ARROW_ASSIGN_OR_RAISE(source, arrow::compute::Round(value, round));
    }
  }
  auto result = arrow::compute::Cast(source, arrow::compute::CastOptions::Safe(type));
  if (result.ok()) return result;
  return InvalidArgument("Cast error: cannot cast to {}: {}", PrintType(*type), result.status().message());
}

bool IsInt64Backed(const arrow::DataType& type) {
  return type.id() == Type::TIMESTAMP || type.id() == Type::DATE64 || type.id() == Type::TIME64 ||
         type.id() == Type::DURATION;
}
bool IsInt32Backed(const arrow::DataType& type) {
  return type.id() == Type::DATE32 || type.id() == Type::TIME32;
}

Result<Datum> CastArray(const Datum& value, int64_t rows, const TypePtr& type, bool is_try) {
  const TypePtr from = value.type();
  bool done = false;
  if (IsStringType(*from)) {
    ARROW_ASSIGN_OR_RAISE(Datum out, FromString(value, rows, type, is_try, &done));
    if (done) return out;
  }
  if (IsStringType(*type)) {
    ARROW_ASSIGN_OR_RAISE(Datum out, ToText(value, rows, &done));
    if (done) return type->id() == Type::STRING ? Result<Datum>(out) : ArrowCast(out, type);
  }
  if (IsFloatType(*from) && IsIntegerType(*type)) {
    if (from->id() == Type::DOUBLE) {
      return FloatToIntegerOf(value, rows, type, is_try,
                              [v = NumberView<double>(value)](int64_t i) { return v[i]; });
    }
    if (from->id() == Type::FLOAT) {
      return FloatToIntegerOf(value, rows, type, is_try,
                              [v = NumberView<float>(value)](int64_t i) { return double(v[i]); });
    }
    return FloatToIntegerOf(value, rows, type, is_try, [v = NumberView<uint16_t>(value)](int64_t i) {
      return double(arrow::util::Float16::FromBits(v[i]).ToFloat());
    });
  }
  if (IsDecimalType(*type) && (IsIntegerType(*from) || IsDecimalType(*from))) return ToDecimal(value, type);
  if (IsDecimalType(*type) && from->id() == Type::HALF_FLOAT) {
    ARROW_ASSIGN_OR_RAISE(Datum single, ArrowCast(value, arrow::float32()));
    return ArrowCast(single, type);
  }
  // Dates and times are integers underneath; those of another width go through the one of theirs.
  if (IsIntegerType(*from) && from->id() != Type::INT64 && IsInt64Backed(*type)) {
    ARROW_ASSIGN_OR_RAISE(Datum wide, ArrowCast(value, arrow::int64()));
    return ArrowCast(wide, type);
  }
  if (IsIntegerType(*from) && from->id() != Type::INT32 && IsInt32Backed(*type)) {
    ARROW_ASSIGN_OR_RAISE(Datum narrow, ArrowCast(value, arrow::int32()));
    return ArrowCast(narrow, type);
  }
  if (IsInt64Backed(*from) && IsIntegerType(*type) && type->id() != Type::INT64) {
    ARROW_ASSIGN_OR_RAISE(Datum wide, ArrowCast(value, arrow::int64()));
    return ArrowCast(wide, type);
  }
  if (IsInt32Backed(*from) && IsIntegerType(*type) && type->id() != Type::INT32) {
    ARROW_ASSIGN_OR_RAISE(Datum narrow, ArrowCast(value, arrow::int32()));
    return ArrowCast(narrow, type);
  }
  return ArrowCast(value, type);
}

}  // namespace

Result<Datum> Cast(const Datum& value, int64_t rows, const TypePtr& type, bool is_try) {
  if (value.type()->Equals(*type)) return value;
  if (value.is_scalar()) {
    ARROW_ASSIGN_OR_RAISE(auto scalar, CastScalar(value.scalar(), type, is_try));
    return Datum(std::move(scalar));
  }
  auto result = CastArray(value, rows, type, is_try);
  if (result.ok() || !is_try || !Is(result.status(), ErrorKind::kInvalidArgument)) return result;
  return TryEach(value, rows, type);
}

Result<std::shared_ptr<arrow::Scalar>> CastScalar(const std::shared_ptr<arrow::Scalar>& value,
                                                  const TypePtr& type, bool is_try) {
  if (!value->is_valid) return arrow::MakeNullScalar(type);
  if (value->type->Equals(*type)) return value;
  ARROW_ASSIGN_OR_RAISE(auto single, arrow::MakeArrayFromScalar(*value, 1));
  ARROW_ASSIGN_OR_RAISE(Datum out, Cast(Datum(single), 1, type, is_try));
  return out.make_array()->GetScalar(0);
}

}  // namespace lance::expr
