#include "lance/expr/kernels/arithmetic.h"

#include <cmath>
#include <limits>

#include <arrow/api.h>
#include <arrow/compute/api.h>
#include <arrow/util/float16.h>

#include "lance/expr/kernels/bitmaps.h"
#include "lance/expr/kernels/calendar.h"
#include "lance/expr/kernels/cast.h"
#include "lance/expr/kernels/column_view.h"
#include "lance/expr/type_rules.h"

namespace lance::expr {
namespace {

using arrow::Datum;
using arrow::Type;
using arrow::internal::checked_cast;

Status DivideByZero() { return InvalidArgument("Divide by zero error"); }
Status Overflow(Op op) { return InvalidArgument("integer overflow in {}", OpName(op)); }

// One value of an integer operator. Returns false when it has none; null slots are never asked.
template <typename T>
bool IntegerOp(Op op, T a, T b, T* out) {
  using U = std::make_unsigned_t<T>;
  using Wide = std::conditional_t<(sizeof(T) < 4), uint32_t, U>;  // no promotion to signed int
  constexpr U kBits = sizeof(T) * 8;
  switch (op) {
    case Op::kPlus:
      *out = static_cast<T>(static_cast<Wide>(a) + static_cast<Wide>(b));
      return true;
    case Op::kMinus:
      *out = static_cast<T>(static_cast<Wide>(a) - static_cast<Wide>(b));
      return true;
    case Op::kMultiply:
      *out = static_cast<T>(static_cast<Wide>(a) * static_cast<Wide>(b));
      return true;
    case Op::kDivide:
    case Op::kModulo:
      if (b == 0) return false;
      if (std::is_signed_v<T> && b == static_cast<T>(-1)) {
        if (op == Op::kModulo) {
          *out = 0;
          return true;
        }
        if (a == std::numeric_limits<T>::min()) return false;
      }
      *out = static_cast<T>(op == Op::kDivide ? a / b : a % b);
      return true;
    case Op::kBitAnd:
      *out = static_cast<T>(a & b);
      return true;
    case Op::kBitOr:
      *out = static_cast<T>(a | b);
      return true;
    case Op::kBitXor:
      *out = static_cast<T>(a ^ b);
      return true;
    case Op::kShiftLeft:  // the shift count wraps at the width
      *out = static_cast<T>(static_cast<Wide>(a) << (static_cast<U>(b) % kBits));
      return true;
    default:
      *out = static_cast<T>(a >> (static_cast<U>(b) % kBits));
      return true;
  }
}

template <typename T>
T FloatOp(Op op, T a, T b) {
  switch (op) {
    case Op::kPlus:
      return a + b;
    case Op::kMinus:
      return a - b;
    case Op::kMultiply:
      return a * b;
    case Op::kDivide:
      return a / b;
    default:
      return std::fmod(a, b);
  }
}

struct Output {
  std::shared_ptr<arrow::Buffer> values;
  std::shared_ptr<arrow::Buffer> validity;
};

Result<Output> NewOutput(const Datum& left, const Datum& right, int64_t rows, int64_t width) {
  Output out;
  ARROW_ASSIGN_OR_RAISE(out.validity, CombineValidity(left, right, rows));
  ARROW_ASSIGN_OR_RAISE(out.values, arrow::AllocateBuffer(rows * width));
  return out;
}

Datum Finish(Output out, int64_t rows, const TypePtr& type) {
  return Datum(arrow::ArrayData::Make(type, rows, {std::move(out.validity), std::move(out.values)}));
}

// `op` is a constant here, so that each loop is specialised on it.
template <typename T, typename F>
Status Loop(const Datum& left, const Datum& right, int64_t rows, const Output& out, F apply) {
  NumberView<T> a(left);
  NumberView<T> b(right);
  T* values = reinterpret_cast<T*>(out.values->mutable_data());
  const uint8_t* validity = out.validity ? out.validity->data() : nullptr;
  for (int64_t i = 0; i < rows; ++i) {
    if (validity && !arrow::bit_util::GetBit(validity, i)) {
      values[i] = T{};
      continue;
    }
    ARROW_RETURN_NOT_OK(apply(a[i], b[i], &values[i]));
  }
  return Status::OK();
}

template <typename T>
Result<Datum> Integers(Op op, const Datum& left, const Datum& right, int64_t rows, const TypePtr& type) {
  ARROW_ASSIGN_OR_RAISE(Output out, NewOutput(left, right, rows, sizeof(T)));
  bool total = op != Op::kDivide && op != Op::kModulo;
  if (total) {  // never fails: no checks in the loop
    NumberView<T> a(left);
    NumberView<T> b(right);
    T* values = reinterpret_cast<T*>(out.values->mutable_data());
    auto run = [&](auto constant) {
      for (int64_t i = 0; i < rows; ++i) IntegerOp<T>(decltype(constant)::value, a[i], b[i], &values[i]);
    };
    switch (op) {
      case Op::kPlus:
        run(std::integral_constant<Op, Op::kPlus>());
        break;
      case Op::kMinus:
        run(std::integral_constant<Op, Op::kMinus>());
        break;
      case Op::kMultiply:
        run(std::integral_constant<Op, Op::kMultiply>());
        break;
      default:
        for (int64_t i = 0; i < rows; ++i) IntegerOp<T>(op, a[i], b[i], &values[i]);
    }
  } else {
    ARROW_RETURN_NOT_OK(Loop<T>(left, right, rows, out, [op](T a, T b, T* value) -> Status {
      if (IntegerOp<T>(op, a, b, value)) return Status::OK();
      return b == 0 ? DivideByZero() : Overflow(op);
    }));
  }
  return Finish(std::move(out), rows, type);
}

template <typename T>
Result<Datum> Floats(Op op, const Datum& left, const Datum& right, int64_t rows, const TypePtr& type) {
  ARROW_ASSIGN_OR_RAISE(Output out, NewOutput(left, right, rows, sizeof(T)));
  NumberView<T> a(left);
  NumberView<T> b(right);
  T* values = reinterpret_cast<T*>(out.values->mutable_data());
  auto run = [&](auto constant) {
    for (int64_t i = 0; i < rows; ++i) values[i] = FloatOp<T>(decltype(constant)::value, a[i], b[i]);
  };
  switch (op) {
    case Op::kPlus:
      run(std::integral_constant<Op, Op::kPlus>());
      break;
    case Op::kMinus:
      run(std::integral_constant<Op, Op::kMinus>());
      break;
    case Op::kMultiply:
      run(std::integral_constant<Op, Op::kMultiply>());
      break;
    case Op::kDivide:
      run(std::integral_constant<Op, Op::kDivide>());
      break;
    default:
      run(std::integral_constant<Op, Op::kModulo>());
  }
  return Finish(std::move(out), rows, type);
}

Result<Datum> Halves(Op op, const Datum& left, const Datum& right, int64_t rows, const TypePtr& type) {
  ARROW_ASSIGN_OR_RAISE(Output out, NewOutput(left, right, rows, 2));
  ARROW_RETURN_NOT_OK(Loop<uint16_t>(left, right, rows, out, [op](uint16_t a, uint16_t b, uint16_t* value) {
    using arrow::util::Float16;
    float result = FloatOp<float>(op, Float16::FromBits(a).ToFloat(), Float16::FromBits(b).ToFloat());
    *value = Float16::FromFloat(result).bits();
    return Status::OK();
  }));
  return Finish(std::move(out), rows, type);
}

// 256 bits hold every sum, product and scaled quotient of 128-bit decimals.
Result<Datum> Decimals(Op op, const Datum& left, const Datum& right, int64_t rows, const TypePtr& type) {
  if (op == Op::kPlus || op == Op::kMinus || op == Op::kMultiply) {
    const char* name = op == Op::kPlus ? "add" : op == Op::kMinus ? "subtract" : "multiply";
    auto result = arrow::compute::CallFunction(name, {left, right});
    if (!result.ok()) return InvalidArgument("decimal {}: {}", OpName(op), result.status().message());
    if (result->type()->Equals(*type)) return *result;
    return Cast(*result, rows, type, false);
  }
  if (type->id() != Type::DECIMAL128) return NotSupported("decimal256 {}", OpName(op));
  const auto& a_type = checked_cast<const arrow::DecimalType&>(*left.type());
  const auto& b_type = checked_cast<const arrow::DecimalType&>(*right.type());
  const auto& out_type = checked_cast<const arrow::DecimalType&>(*type);
  ARROW_ASSIGN_OR_RAISE(auto a, ToArray(left, rows));
  ARROW_ASSIGN_OR_RAISE(auto b, ToArray(right, rows));
  const auto& av = checked_cast<const arrow::Decimal128Array&>(*a);
  const auto& bv = checked_cast<const arrow::Decimal128Array&>(*b);
  arrow::Decimal128Builder builder(type);
  ARROW_RETURN_NOT_OK(builder.Reserve(rows));
  for (int64_t i = 0; i < rows; ++i) {
    if (av.IsNull(i) || bv.IsNull(i)) {
      builder.UnsafeAppendNull();
      continue;
    }
    arrow::Decimal256 x{arrow::Decimal128(av.GetValue(i))};
    arrow::Decimal256 y{arrow::Decimal128(bv.GetValue(i))};
    if (y == arrow::Decimal256(0)) return DivideByZero();
    int shift = op == Op::kDivide ? out_type.scale() - a_type.scale() + b_type.scale() : 0;
    if (op == Op::kModulo) {
      int scale = std::max(a_type.scale(), b_type.scale());
      x = arrow::Decimal256(x.IncreaseScaleBy(scale - a_type.scale()));
      y = arrow::Decimal256(y.IncreaseScaleBy(scale - b_type.scale()));
    } else if (shift > 0) {
      x = arrow::Decimal256(x.IncreaseScaleBy(shift));
    }
    ARROW_ASSIGN_OR_RAISE(auto parts, x.Divide(y));
    arrow::Decimal256 value(op == Op::kDivide ? parts.first : parts.second);
    if (!value.FitsInPrecision(out_type.precision()))
      return InvalidArgument("decimal {} overflows {}", OpName(op), type->ToString());
    auto words = value.little_endian_array();
    builder.UnsafeAppend(arrow::Decimal128(static_cast<int64_t>(words[1]), words[0]));
  }
  ARROW_ASSIGN_OR_RAISE(auto array, builder.Finish());
  return Datum(std::move(array));
}

Result<Datum> IntegersOfType(Op op, const Datum& left, const Datum& right, int64_t rows, const TypePtr& type,
                             Type::type id) {
  switch (id) {
    case Type::INT8:
      return Integers<int8_t>(op, left, right, rows, type);
    case Type::INT16:
      return Integers<int16_t>(op, left, right, rows, type);
    case Type::INT32:
      return Integers<int32_t>(op, left, right, rows, type);
    case Type::UINT8:
      return Integers<uint8_t>(op, left, right, rows, type);
    case Type::UINT16:
      return Integers<uint16_t>(op, left, right, rows, type);
    case Type::UINT32:
      return Integers<uint32_t>(op, left, right, rows, type);
    case Type::UINT64:
      return Integers<uint64_t>(op, left, right, rows, type);
    default:
      return Integers<int64_t>(op, left, right, rows, type);
  }
}

}  // namespace

Result<Datum> Arithmetic(Op op, const Datum& left, const Datum& right, int64_t rows, const TypePtr& result) {
  auto is_null = [](const Datum& side) { return side.is_scalar() && !side.scalar()->is_valid; };
  if (is_null(left) || is_null(right)) return Datum(arrow::MakeNullScalar(result));
  if (left.is_scalar() && right.is_scalar()) {
    ARROW_ASSIGN_OR_RAISE(auto single, ToArray(left, 1));
    ARROW_ASSIGN_OR_RAISE(Datum value, Arithmetic(op, single, right, 1, result));
    ARROW_ASSIGN_OR_RAISE(auto scalar, value.make_array()->GetScalar(0));
    return Datum(std::move(scalar));
  }
  Type::type l = left.type()->id();
  Type::type r = right.type()->id();
  if (IsTemporalType(*left.type()) || IsTemporalType(*right.type()) || arrow::is_interval(l)) {
    return TemporalArithmetic(op, left, right, rows, result);
  }
  if (IsDecimalType(*result)) return Decimals(op, left, right, rows, result);
  switch (l) {
    case Type::DOUBLE:
      return Floats<double>(op, left, right, rows, result);
    case Type::FLOAT:
      return Floats<float>(op, left, right, rows, result);
    case Type::HALF_FLOAT:
      return Halves(op, left, right, rows, result);
    default:
      break;
  }
  if (l == r && (IsIntegerType(*left.type()) || l == Type::DURATION)) {
    return IntegersOfType(op, left, right, rows, result, l);
  }
  return NotSupported("{} {} {}", PrintType(*left.type()), OpName(op), PrintType(*right.type()));
}

Result<Datum> Negate(const Datum& value, int64_t rows) {
  const TypePtr type = value.type();
  if (IsFloatType(*type) && type->id() != Type::HALF_FLOAT)
    return arrow::compute::CallFunction("negate", {value});
  if (IsDecimalType(*type)) return arrow::compute::CallFunction("negate", {value});
  if (type->id() == Type::NA) return value;
  if (type->id() == Type::HALF_FLOAT) {
    auto zero = std::make_shared<arrow::HalfFloatScalar>(uint16_t{0x8000});  // -0.0 - x
    return Arithmetic(Op::kMinus, Datum(zero), value, rows, type);
  }
  if (type->id() == Type::INTERVAL_MONTH_DAY_NANO) return NegateInterval(value, rows);
  ARROW_ASSIGN_OR_RAISE(auto zero, arrow::MakeScalar(type, int64_t{0}));
  return Arithmetic(Op::kMinus, Datum(zero), value, rows, type);
}

}  // namespace lance::expr
