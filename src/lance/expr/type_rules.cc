// The coercion rules of the SQL dialect: which type two operands meet in. Widening only, but for comparisons
// of a string with a number, which read the string as that number.
#include "lance/expr/type_rules.h"

#include <algorithm>

#include <arrow/api.h>
#include <arrow/extension_type.h>

namespace lance::expr {
namespace {

using arrow::Type;
using arrow::internal::checked_cast;

TypePtr DecimalOf(bool wide, int precision, int scale) {
  int max = wide ? 76 : 38;
  precision = std::clamp(precision, 1, max);
  scale = std::min(scale, max);
  return wide ? arrow::decimal256(precision, scale) : arrow::decimal128(precision, scale);
}

// The decimal that holds every value of a numeric type (the float ones by convention).
TypePtr AsDecimal(const TypePtr& type, bool wide) {
  switch (type->id()) {
    case Type::INT8:
    case Type::UINT8:
      return DecimalOf(wide, 3, 0);
    case Type::INT16:
    case Type::UINT16:
      return DecimalOf(wide, 5, 0);
    case Type::INT32:
    case Type::UINT32:
      return DecimalOf(wide, 10, 0);
    case Type::INT64:
    case Type::UINT64:
      return DecimalOf(wide, 20, 0);
    case Type::HALF_FLOAT:
      return DecimalOf(wide, 6, 3);
    case Type::FLOAT:
      return DecimalOf(wide, 14, 7);
    case Type::DOUBLE:
      return DecimalOf(wide, 30, 15);
    default:
      return IsDecimalType(*type) ? type : nullptr;
  }
}

TypePtr WiderDecimal(const TypePtr& left, const TypePtr& right) {
  const auto& a = checked_cast<const arrow::DecimalType&>(*left);
  const auto& b = checked_cast<const arrow::DecimalType&>(*right);
  bool wide = a.bit_width() > 128 || b.bit_width() > 128;
  int scale = std::max(a.scale(), b.scale());
  int whole = std::max(a.precision() - a.scale(), b.precision() - b.scale());
  return DecimalOf(wide, whole + scale, scale);
}

TypePtr DecimalMeeting(const TypePtr& left, const TypePtr& right) {
  const TypePtr& decimal = IsDecimalType(*left) ? left : right;
  bool wide = decimal->id() == Type::DECIMAL256;
  TypePtr a = AsDecimal(left, wide);
  TypePtr b = AsDecimal(right, wide);
  return a && b ? WiderDecimal(a, b) : nullptr;
}

int IntegerWidth(const arrow::DataType& type) {
  return checked_cast<const arrow::FixedWidthType&>(type).bit_width();
}

TypePtr IntegerMeeting(const TypePtr& left, const TypePtr& right) {
  bool left_signed = arrow::is_signed_integer(left->id());
  bool right_signed = arrow::is_signed_integer(right->id());
  int left_width = IntegerWidth(*left);
  int right_width = IntegerWidth(*right);
  if (left_signed == right_signed) return left_width >= right_width ? left : right;
  int signed_width = left_signed ? left_width : right_width;
  int unsigned_width = left_signed ? right_width : left_width;
  if (unsigned_width == 64) return arrow::decimal128(20, 0);
  switch (std::max(signed_width, unsigned_width * 2)) {
    case 16:
      return arrow::int16();
    case 32:
      return arrow::int32();
    default:
      return arrow::int64();
  }
}

TypePtr StringMeeting(const TypePtr& left, const TypePtr& right) {
  if (!IsStringType(*left) || !IsStringType(*right)) return nullptr;
  return left->id() == Type::LARGE_STRING || right->id() == Type::LARGE_STRING ? arrow::large_utf8()
                                                                               : arrow::utf8();
}

TypePtr BinaryMeeting(const TypePtr& left, const TypePtr& right) {
  auto fits = [](const TypePtr& type) { return IsBinaryType(*type) || IsStringType(*type); };
  if (!fits(left) || !fits(right) || (IsStringType(*left) && IsStringType(*right))) return nullptr;
  if (left->id() == Type::FIXED_SIZE_BINARY || right->id() == Type::FIXED_SIZE_BINARY) {
    const TypePtr& other = left->id() == Type::FIXED_SIZE_BINARY ? right : left;
    return other->id() == Type::BINARY ? arrow::binary() : nullptr;
  }
  bool small = (left->id() == Type::BINARY || left->id() == Type::STRING) &&
               (right->id() == Type::BINARY || right->id() == Type::STRING);
  return small ? arrow::binary() : arrow::large_binary();
}

TypePtr NullMeeting(const TypePtr& left, const TypePtr& right) {
  if (left->id() == Type::NA) return right;
  if (right->id() == Type::NA) return left;
  return nullptr;
}

// Timestamps of different units meet in the coarser one, as the reference does.
TypePtr TemporalMeeting(const TypePtr& left, const TypePtr& right) {
  if (left->id() == Type::TIMESTAMP && right->id() == Type::TIMESTAMP) {
    const auto& a = checked_cast<const arrow::TimestampType&>(*left);
    const auto& b = checked_cast<const arrow::TimestampType&>(*right);
    return arrow::timestamp(std::min(a.unit(), b.unit()), a.timezone().empty() ? b.timezone() : a.timezone());
  }
  auto is_date = [](const TypePtr& type) { return arrow::is_date(type->id()); };
  auto is_span = [](const TypePtr& type) {
    return type->id() == Type::DURATION || arrow::is_interval(type->id());
  };
  if (is_span(left) && is_span(right)) return arrow::month_day_nano_interval();
  if (is_date(left) && IsIntegerType(*right)) return left;
  if (is_date(right) && IsIntegerType(*left)) return right;
  if (is_date(left) && is_date(right)) return arrow::date64();
  bool left_clock = left->id() == Type::TIMESTAMP || arrow::is_time(left->id());
  bool right_clock = right->id() == Type::TIMESTAMP || arrow::is_time(right->id());
  if ((is_date(left) && right_clock) || (is_date(right) && left_clock))
    return arrow::timestamp(arrow::TimeUnit::NANO);
  return nullptr;
}

TypePtr StringTemporal(const TypePtr& left, const TypePtr& right) {
  const TypePtr& other = IsStringType(*left) ? right : left;
  if (!IsStringType(*left) && !IsStringType(*right)) return nullptr;
  if (arrow::is_date(other->id()) || arrow::is_time(other->id())) return other;
  if (other->id() != Type::TIMESTAMP) return nullptr;
  return arrow::timestamp(arrow::TimeUnit::NANO,
                          checked_cast<const arrow::TimestampType&>(*other).timezone());
}

template <typename Meet>
TypePtr ListMeeting(const TypePtr& left, const TypePtr& right, Meet meet) {
  if (!IsListType(*left) || !IsListType(*right)) return nullptr;
  TypePtr value = meet(ListValueType(*left), ListValueType(*right));
  if (!value) return nullptr;
  auto field = arrow::field("item", value);
  if (left->id() == Type::LARGE_LIST || right->id() == Type::LARGE_LIST) return arrow::large_list(field);
  if (left->id() == Type::FIXED_SIZE_LIST && right->id() == Type::FIXED_SIZE_LIST) {
    int size = checked_cast<const arrow::FixedSizeListType&>(*left).list_size();
    if (size == checked_cast<const arrow::FixedSizeListType&>(*right).list_size()) {
      return arrow::fixed_size_list(field, size);
    }
  }
  return arrow::list(field);
}

TypePtr DictionaryValue(const TypePtr& type) {
  return type->id() == Type::DICTIONARY ? checked_cast<const arrow::DictionaryType&>(*type).value_type()
                                        : type;
}

enum class Prefer { kNumber, kString };

TypePtr Meet(const TypePtr& left_in, const TypePtr& right_in, Prefer prefer) {
  if (left_in->Equals(*right_in)) return left_in;
  TypePtr left = DictionaryValue(PlainType(left_in));
  TypePtr right = DictionaryValue(PlainType(right_in));
  if (left->Equals(*right)) return left;
  if (TypePtr t = NumericType(left, right)) return t;
  if (TypePtr t = TemporalMeeting(left, right)) return t;
  if (TypePtr t = StringMeeting(left, right)) return t;
  auto again = [prefer](const TypePtr& a, const TypePtr& b) { return Meet(a, b, prefer); };
  if (TypePtr t = ListMeeting(left, right, again)) return t;
  if (TypePtr t = NullMeeting(left, right)) return t;
  bool left_string = IsStringType(*left);
  if ((left_string && IsNumericType(*right)) || (IsStringType(*right) && IsNumericType(*left))) {
    return left_string == (prefer == Prefer::kString) ? left : right;
  }
  if (TypePtr t = StringTemporal(left, right)) return t;
  return BinaryMeeting(left, right);
}

bool IsDuration(const TypePtr& t) { return t->id() == Type::DURATION; }
bool IsInterval(const TypePtr& t) { return arrow::is_interval(t->id()); }
bool IsTimestamp(const TypePtr& t) { return t->id() == Type::TIMESTAMP; }
bool IsDate(const TypePtr& t) { return arrow::is_date(t->id()); }
arrow::TimeUnit::type UnitOf(const TypePtr& t) {
  return IsTimestamp(t) ? checked_cast<const arrow::TimestampType&>(*t).unit()
                        : checked_cast<const arrow::DurationType&>(*t).unit();
}

// Dates, times and spans; null members when the pair is none of them.
BinaryTypes TemporalArithmetic(Op op, const TypePtr& left, const TypePtr& right) {
  bool sum = op == Op::kPlus || op == Op::kMinus;
  if (!sum) return {};
  TypePtr span = arrow::month_day_nano_interval();
  if (op == Op::kMinus && IsDate(left) && IsDate(right) && left->Equals(*right))
    return {left, right, arrow::int64()};
  if ((IsDate(left) || IsTimestamp(left)) && IsInterval(right)) return {left, span, left};
  if (op == Op::kPlus && IsInterval(left) && (IsDate(right) || IsTimestamp(right)))
    return {span, right, right};
  if (IsDate(left) && IsIntegerType(*right)) return {left, right, left};
  if (op == Op::kPlus && IsIntegerType(*left) && IsDate(right)) return {left, right, right};
  if (IsTimestamp(left) && IsDuration(right)) return {left, arrow::duration(UnitOf(left)), left};
  if (op == Op::kPlus && IsDuration(left) && IsTimestamp(right))
    return {arrow::duration(UnitOf(right)), right, right};
  if (IsDuration(left) && IsDuration(right)) {
    TypePtr unit = arrow::duration(std::max(UnitOf(left), UnitOf(right)));
    return {unit, unit, unit};
  }
  if (IsInterval(left) && IsInterval(right)) return {span, span, span};
  if (op == Op::kMinus && (IsTimestamp(left) || IsDate(left)) && (IsTimestamp(right) || IsDate(right))) {
    TypePtr common = TemporalMeeting(left, right);
    if (common && IsTimestamp(common)) return {common, common, arrow::duration(UnitOf(common))};
  }
  return {};
}

Result<BinaryTypes> DecimalArithmetic(Op op, const TypePtr& left, const TypePtr& right) {
  bool wide = left->id() == Type::DECIMAL256 || right->id() == Type::DECIMAL256;
  TypePtr l = AsDecimal(left, wide);
  TypePtr r = AsDecimal(right, wide);
  if (wide) {  // both operands take the wide form
    auto widen = [](const TypePtr& t) {
      const auto& d = checked_cast<const arrow::DecimalType&>(*t);
      return arrow::decimal256(d.precision(), d.scale());
    };
    l = widen(l);
    r = widen(r);
  }
  const auto& a = checked_cast<const arrow::DecimalType&>(*l);
  const auto& b = checked_cast<const arrow::DecimalType&>(*r);
  int whole = std::max(a.precision() - a.scale(), b.precision() - b.scale());
  int scale = std::max(a.scale(), b.scale());
  switch (op) {
    case Op::kPlus:
    case Op::kMinus:
      return BinaryTypes{l, r, DecimalOf(wide, whole + scale + 1, scale)};
    case Op::kMultiply:
      return BinaryTypes{l, r, DecimalOf(wide, a.precision() + b.precision() + 1, a.scale() + b.scale())};
    case Op::kDivide: {
      int quotient_scale = std::min(a.scale() + 4, wide ? 76 : 38);
      int precision = a.precision() - a.scale() + b.scale() + quotient_scale;
      return BinaryTypes{l, r, DecimalOf(wide, precision, quotient_scale)};
    }
    default: {
      int precision = std::min(a.precision() - a.scale(), b.precision() - b.scale()) + scale;
      return BinaryTypes{l, r, DecimalOf(wide, precision, scale)};
    }
  }
}

}  // namespace

bool IsStringType(const arrow::DataType& type) {
  return type.id() == Type::STRING || type.id() == Type::LARGE_STRING;
}
bool IsBinaryType(const arrow::DataType& type) {
  return type.id() == Type::BINARY || type.id() == Type::LARGE_BINARY || type.id() == Type::FIXED_SIZE_BINARY;
}
bool IsIntegerType(const arrow::DataType& type) { return arrow::is_integer(type.id()); }
bool IsFloatType(const arrow::DataType& type) { return arrow::is_floating(type.id()); }
bool IsDecimalType(const arrow::DataType& type) {
  return type.id() == Type::DECIMAL128 || type.id() == Type::DECIMAL256;
}
bool IsNumericType(const arrow::DataType& type) {
  return IsIntegerType(type) || IsFloatType(type) || IsDecimalType(type);
}
bool IsListType(const arrow::DataType& type) {
  return type.id() == Type::LIST || type.id() == Type::LARGE_LIST || type.id() == Type::FIXED_SIZE_LIST;
}
bool IsTemporalType(const arrow::DataType& type) {
  return arrow::is_date(type.id()) || arrow::is_time(type.id()) || type.id() == Type::TIMESTAMP;
}
const TypePtr& ListValueType(const arrow::DataType& type) { return type.field(0)->type(); }

TypePtr PlainType(const TypePtr& type) {
  if (type->id() != Type::EXTENSION) return type;
  return PlainType(checked_cast<const arrow::ExtensionType&>(*type).storage_type());
}

TypePtr NumericType(const TypePtr& left, const TypePtr& right) {
  if (!IsNumericType(*left) || !IsNumericType(*right)) return nullptr;
  if (left->Equals(*right)) return left;
  if (IsDecimalType(*left) || IsDecimalType(*right)) return DecimalMeeting(left, right);
  for (Type::type id : {Type::DOUBLE, Type::FLOAT, Type::HALF_FLOAT}) {
    if (left->id() == id) return left;
    if (right->id() == id) return right;
  }
  return IntegerMeeting(left, right);
}

TypePtr ComparisonType(const TypePtr& left, const TypePtr& right) {
  return Meet(left, right, Prefer::kNumber);
}
TypePtr UnionType(const TypePtr& left, const TypePtr& right) { return Meet(left, right, Prefer::kString); }

TypePtr RegexType(const TypePtr& left_in, const TypePtr& right_in) {
  TypePtr left = DictionaryValue(left_in);
  TypePtr right = DictionaryValue(right_in);
  if (TypePtr t = StringMeeting(left, right)) return t;
  if (left->id() == Type::NA && right->id() == Type::NA) return arrow::utf8();
  if (left->id() == Type::NA && IsStringType(*right)) return right;
  if (right->id() == Type::NA && IsStringType(*left)) return left;
  return nullptr;
}

TypePtr LikeType(const TypePtr& left_in, const TypePtr& right_in) {
  if (TypePtr t = RegexType(left_in, right_in)) return t;
  TypePtr left = DictionaryValue(left_in);
  TypePtr right = DictionaryValue(right_in);
  auto text_or_bytes = [](const TypePtr& t) {
    return IsStringType(*t) || t->id() == Type::BINARY || t->id() == Type::LARGE_BINARY;
  };
  if (text_or_bytes(left) && text_or_bytes(right) && (IsStringType(*left) || IsStringType(*right))) {
    return arrow::large_utf8();
  }
  return nullptr;
}

TypePtr BitwiseType(const TypePtr& left, const TypePtr& right) {
  if (left->id() == Type::NA && IsIntegerType(*right)) return right;
  if (right->id() == Type::NA && IsIntegerType(*left)) return left;
  if (!IsIntegerType(*left) || !IsIntegerType(*right)) return nullptr;
  TypePtr meeting = IntegerMeeting(left, right);
  return IsIntegerType(*meeting) ? meeting : nullptr;
}

TypePtr ConcatType(const TypePtr& left_in, const TypePtr& right_in) {
  TypePtr left = DictionaryValue(left_in);
  TypePtr right = DictionaryValue(right_in);
  if (TypePtr t = StringMeeting(left, right)) return t;
  bool left_bytes = IsBinaryType(*left);
  bool right_bytes = IsBinaryType(*right);
  if (left_bytes && right_bytes) {
    return left->id() == Type::LARGE_BINARY || right->id() == Type::LARGE_BINARY ? arrow::large_binary()
                                                                                 : arrow::binary();
  }
  if (left_bytes || right_bytes) return nullptr;
  auto prints = [](const TypePtr& t) { return !t->id() || !arrow::is_nested(t->id()); };
  if (IsStringType(*left) && prints(right)) return left;
  if (IsStringType(*right) && prints(left)) return right;
  return nullptr;
}

Result<BinaryTypes> ResolveBinary(Op op, const TypePtr& left_in, const TypePtr& right_in) {
  TypePtr left = PlainType(left_in);
  TypePtr right = PlainType(right_in);
  auto refuse = [&](std::string_view what) {
    return InvalidArgument("cannot infer a common type for {} {} {} {}", what, PrintType(*left), OpName(op),
                           PrintType(*right));
  };
  if (op == Op::kAnd || op == Op::kOr) {
    auto fits = [](const TypePtr& t) { return t->id() == Type::BOOL || t->id() == Type::NA; };
    if (!fits(left) || !fits(right)) return refuse("the logical operation");
    return BinaryTypes{arrow::boolean(), arrow::boolean(), arrow::boolean()};
  }
  if (IsComparison(op)) {
    TypePtr common = ComparisonType(left, right);
    if (!common) return refuse("the comparison");
    return BinaryTypes{common, common, arrow::boolean()};
  }
  if (IsRegex(op)) {
    TypePtr common = RegexType(left, right);
    if (!common) return refuse("the regular expression");
    return BinaryTypes{common, common, arrow::boolean()};
  }
  if (IsBitwise(op)) {
    TypePtr common = BitwiseType(left, right);
    if (!common) return refuse("the bitwise operation");
    return BinaryTypes{common, common, common};
  }
  if (op == Op::kConcat) {
    TypePtr common = ConcatType(left, right);
    if (!common) return refuse("the concatenation");
    return BinaryTypes{common, common, common};
  }
  left = DictionaryValue(left);
  right = DictionaryValue(right);
  if (BinaryTypes temporal = TemporalArithmetic(op, left, right); temporal.result) return temporal;
  bool decimal = (IsDecimalType(*left) || IsDecimalType(*right)) && !IsFloatType(*left) &&
                 !IsFloatType(*right) && (IsNumericType(*left) || left->id() == Type::NA) &&
                 (IsNumericType(*right) || right->id() == Type::NA);
  if (decimal) {
    if (left->id() == Type::NA) left = right;
    if (right->id() == Type::NA) right = left;
    return DecimalArithmetic(op, left, right);
  }
  if (left->id() == Type::NA && IsNumericType(*right)) left = right;
  if (right->id() == Type::NA && IsNumericType(*left)) right = left;
  if (IsNumericType(*left) && IsNumericType(*right)) {
    TypePtr common;
    if (IsFloatType(*left) || IsFloatType(*right)) {
      common = left->id() == Type::DOUBLE || right->id() == Type::DOUBLE ||
                       (IsDecimalType(*left) || IsDecimalType(*right))
                   ? arrow::float64()
                   : NumericType(left, right);
    } else {
      common = NumericType(left, right);
    }
    if (IsDecimalType(*common)) return DecimalArithmetic(op, common, common);
    return BinaryTypes{common, common, common};
  }
  return refuse("the arithmetic");
}

}  // namespace lance::expr
