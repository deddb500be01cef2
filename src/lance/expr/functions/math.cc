// Functions of numbers.
#include <cmath>
#include <limits>
#include <random>

#include <arrow/api.h>
#include <arrow/compute/api.h>

#include "lance/expr/functions/rows.h"
#include "lance/expr/functions/signatures.h"
#include "lance/expr/functions/tables.h"
#include "lance/expr/kernels/arithmetic.h"

namespace lance::expr {
namespace {

using arrow::Datum;

// float32 stays, every other number is computed as float64.
TypePtr RealOf(const TypePtr& type) {
  if (type->id() == arrow::Type::FLOAT) return type;
  return IsNumericType(*type) || IsNullType(*type) ? arrow::float64() : nullptr;
}

Result<Signature> SignReal(const FunctionInfo& self, const Types& types) {
  TypePtr real = types.size() == 1 ? RealOf(types[0]) : nullptr;
  if (!real) return BadArguments(self, types, "one number");
  return Signature{{real}, real};
}
Result<Signature> SignRealTest(const FunctionInfo& self, const Types& types) {
  ARROW_ASSIGN_OR_RAISE(Signature out, SignReal(self, types));
  out.result = arrow::boolean();
  return out;
}
Result<Signature> SignTwoReals(const FunctionInfo& self, const Types& types) {
  bool fits = types.size() == 2 && RealOf(types[0]) && RealOf(types[1]);
  if (!fits) return BadArguments(self, types, "two numbers");
  bool single = types[0]->id() == arrow::Type::FLOAT && types[1]->id() == arrow::Type::FLOAT;
  TypePtr real = single ? arrow::float32() : arrow::float64();
  return Signature{{real, real}, real};
}

template <typename T, typename F>
Result<Datum> MapReal(const Datum& value, int64_t rows, F function) {
  NumberView<T> view(value);
  using Builder = std::conditional_t<std::is_same_v<T, float>, arrow::FloatBuilder, arrow::DoubleBuilder>;
  return MapValues<Builder>(
      rows, [&](int64_t i) { return static_cast<T>(function(view[i])); }, view);
}

using RealFunction = double (*)(double);
template <RealFunction kFunction>
Result<Datum> Real(const std::vector<Datum>& values, int64_t rows, const TypePtr& type) {
  if (type->id() == arrow::Type::FLOAT) return MapReal<float>(values[0], rows, kFunction);
  return MapReal<double>(values[0], rows, kFunction);
}

double Sign(double v) { return std::isnan(v) ? v : v > 0 ? 1.0 : v < 0 ? -1.0 : 0.0; }
double Cot(double v) { return 1.0 / std::tan(v); }
double Radians(double v) { return v * (M_PI / 180.0); }
double Degrees(double v) { return v * (180.0 / M_PI); }

template <bool (*kTest)(double)>
Result<Datum> Test(const std::vector<Datum>& values, int64_t rows, const TypePtr&) {
  if (values[0].type()->id() == arrow::Type::FLOAT) {
    NumberView<float> view(values[0]);
    return MapValues<arrow::BooleanBuilder>(
        rows, [&](int64_t i) { return kTest(view[i]); }, view);
  }
  NumberView<double> view(values[0]);
  return MapValues<arrow::BooleanBuilder>(
      rows, [&](int64_t i) { return kTest(view[i]); }, view);
}
bool IsNan(double v) { return std::isnan(v); }
bool IsZero(double v) { return v == 0; }

double Power(double a, double b) { return std::pow(a, b); }
double Atan2(double a, double b) { return std::atan2(a, b); }
double LogBase(double base, double v) { return std::log(v) / std::log(base); }
template <double (*kFunction)(double, double)>
Result<Datum> TwoReals(const std::vector<Datum>& values, int64_t rows, const TypePtr& type) {
  if (type->id() == arrow::Type::FLOAT) {
    NumberView<float> a(values[0]);
    NumberView<float> b(values[1]);
    return MapValues<arrow::FloatBuilder>(
        rows, [&](int64_t i) { return static_cast<float>(kFunction(a[i], b[i])); }, a, b);
  }
  NumberView<double> a(values[0]);
  NumberView<double> b(values[1]);
  return MapValues<arrow::DoubleBuilder>(
      rows, [&](int64_t i) { return kFunction(a[i], b[i]); }, a, b);
}

Result<Signature> SignLog(const FunctionInfo& self, const Types& types) {
  return types.size() == 1 ? SignReal(self, types) : SignTwoReals(self, types);
}
Result<Datum> Log(const std::vector<Datum>& values, int64_t rows, const TypePtr& type) {
  if (values.size() == 2) return TwoReals<LogBase>(values, rows, type);
  return Real<std::log10>(values, rows, type);
}

Result<Signature> SignAbs(const FunctionInfo& self, const Types& types) {
  if (types.size() != 1 || !(IsNumericType(*types[0]) || IsNullType(*types[0])))
    return BadArguments(self, types, "one number");
  return Signature{types, types[0]};
}
Result<Datum> Abs(const std::vector<Datum>& values, int64_t, const TypePtr& type) {
  if (type->id() == arrow::Type::NA) return values[0];
  auto result = arrow::compute::CallFunction("abs_checked", {values[0]});
  if (!result.ok()) return InvalidArgument("abs: {}", result.status().message());
  return result;
}

// round(x [, places]) and trunc(x [, places])
Result<Signature> SignRound(const FunctionInfo& self, const Types& types) {
  bool fits = !types.empty() && types.size() <= 2 && RealOf(types[0]);
  if (types.size() == 2) fits = fits && (IsIntegerType(*types[1]) || IsNullType(*types[1]));
  if (!fits) return BadArguments(self, types, "a number and a count of places");
  TypePtr real = RealOf(types[0]);
  return types.size() == 2 ? Result<Signature>(Signature{{real, arrow::int64()}, real})
                           : Result<Signature>(Signature{{real}, real});
}

template <RealFunction kFunction>
Result<Datum> ToPlaces(const std::vector<Datum>& values, int64_t rows, const TypePtr& type) {
  if (values.size() == 1) return Real<kFunction>(values, rows, type);
  NumberView<int64_t> places(values[1]);
  auto at = [&](double v, int64_t i) {
    double factor = std::pow(10.0, static_cast<double>(places[i]));
    return kFunction(v * factor) / factor;
  };
  if (type->id() == arrow::Type::FLOAT) {
    NumberView<float> view(values[0]);
    return MapValues<arrow::FloatBuilder>(
        rows, [&](int64_t i) { return static_cast<float>(at(view[i], i)); }, view, places);
  }
  NumberView<double> view(values[0]);
  return MapValues<arrow::DoubleBuilder>(
      rows, [&](int64_t i) { return at(view[i], i); }, view, places);
}

Result<Signature> SignIntegers(const FunctionInfo& self, const Types& types) {
  bool fits = types.size() == 2;
  for (const TypePtr& type : types) fits = fits && (IsIntegerType(*type) || IsNullType(*type));
  if (!fits) return BadArguments(self, types, "two integers");
  return Signature{{arrow::int64(), arrow::int64()}, arrow::int64()};
}
Result<Datum> Gcd(const std::vector<Datum>& values, int64_t rows, const TypePtr&) {
  NumberView<int64_t> a(values[0]);
  NumberView<int64_t> b(values[1]);
  auto magnitude = [](int64_t v) { return v < 0 ? ~static_cast<uint64_t>(v) + 1 : static_cast<uint64_t>(v); };
  return MapValues<arrow::Int64Builder>(
      rows,
      [&](int64_t i) {
        uint64_t x = magnitude(a[i]);
        uint64_t y = magnitude(b[i]);
        while (y != 0) {
          uint64_t rest = x % y;
          x = y;
          y = rest;
        }
        return static_cast<int64_t>(x);
      },
      a, b);
}

Result<Signature> SignNone(const FunctionInfo& self, const Types& types) {
  if (!types.empty()) return BadArguments(self, types, "no arguments");
  return Signature{{}, arrow::float64()};
}
Result<Datum> Pi(const std::vector<Datum>&, int64_t, const TypePtr&) {
  return Datum(std::make_shared<arrow::DoubleScalar>(M_PI));
}
Result<Datum> Random(const std::vector<Datum>&, int64_t rows, const TypePtr&) {
  static thread_local std::mt19937_64 generator{std::random_device{}()};
  std::uniform_real_distribution<double> uniform(0.0, 1.0);
  arrow::DoubleBuilder builder;
  for (int64_t i = 0; i < rows; ++i) ARROW_RETURN_NOT_OK(builder.Append(uniform(generator)));
  return Finished(&builder);
}

const FunctionInfo kFunctions[] = {
    {"abs", SignAbs, Abs},
    {"ceil", SignReal, Real<std::ceil>},
    {"floor", SignReal, Real<std::floor>},
    {"round", SignRound, ToPlaces<std::round>},
    {"trunc", SignRound, ToPlaces<std::trunc>},
    {"sqrt", SignReal, Real<std::sqrt>},
    {"cbrt", SignReal, Real<std::cbrt>},
    {"exp", SignReal, Real<std::exp>},
    {"ln", SignReal, Real<std::log>},
    {"log2", SignReal, Real<std::log2>},
    {"log10", SignReal, Real<std::log10>},
    {"log", SignLog, Log},
    {"power", SignTwoReals, TwoReals<Power>},
    {"sin", SignReal, Real<std::sin>},
    {"cos", SignReal, Real<std::cos>},
    {"tan", SignReal, Real<std::tan>},
    {"cot", SignReal, Real<Cot>},
    {"asin", SignReal, Real<std::asin>},
    {"acos", SignReal, Real<std::acos>},
    {"atan", SignReal, Real<std::atan>},
    {"atan2", SignTwoReals, TwoReals<Atan2>},
    {"sinh", SignReal, Real<std::sinh>},
    {"cosh", SignReal, Real<std::cosh>},
    {"tanh", SignReal, Real<std::tanh>},
    {"radians", SignReal, Real<Radians>},
    {"degrees", SignReal, Real<Degrees>},
    {"signum", SignReal, Real<Sign>},
    {"isnan", SignRealTest, Test<IsNan>},
    {"iszero", SignRealTest, Test<IsZero>},
    {"gcd", SignIntegers, Gcd},
    {"pi", SignNone, Pi},
    {"random", SignNone, Random, true},
};

}  // namespace

std::span<const FunctionInfo> MathFunctions() { return kFunctions; }

}  // namespace lance::expr
