// Plan text in the forms that users of DataFusion know.
#include <cmath>

#include <arrow/api.h>
#include <arrow/util/float16.h>

#include "lance/expr/functions/function.h"
#include "lance/expr/kernels/calendar.h"
#include "lance/expr/logical.h"
#include "lance/expr/type_rules.h"

namespace lance::expr {
namespace {

using arrow::Type;
using arrow::internal::checked_cast;

const char* UnitName(arrow::TimeUnit::type unit) {
  switch (unit) {
    case arrow::TimeUnit::SECOND:
      return "s";
    case arrow::TimeUnit::MILLI:
      return "ms";
    case arrow::TimeUnit::MICRO:
      return "µs";
    default:
      return "ns";
  }
}
const char* UnitWord(arrow::TimeUnit::type unit) {
  switch (unit) {
    case arrow::TimeUnit::SECOND:
      return "Second";
    case arrow::TimeUnit::MILLI:
      return "Millisecond";
    case arrow::TimeUnit::MICRO:
      return "Microsecond";
    default:
      return "Nanosecond";
  }
}

std::string PrintReal(double value, bool single) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  if (value == 0) return std::signbit(value) ? "-0" : "0";
  std::string text = single ? fmt::format("{}", static_cast<float>(value)) : fmt::format("{}", value);
  if (text.find('e') != std::string::npos && std::abs(value) >= 1) text = fmt::format("{:.0f}", value);
  return text;
}

std::string PrintBytes(std::string_view bytes) {
  std::string out;
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i > 0) out += ",";
    out += std::to_string(static_cast<unsigned char>(bytes[i]));
  }
  return out;
}

std::string BytesOf(const arrow::Scalar& value) {
  return checked_cast<const arrow::BaseBinaryScalar&>(value).value->ToString();
}

std::string PrintElement(const arrow::Scalar& value) {
  if (!value.is_valid) return "NULL";
  if (IsStringType(*value.type)) return BytesOf(value);
  return value.ToString();
}

}  // namespace

std::string PrintValue(const arrow::Scalar& value) {
  if (!value.is_valid) return "NULL";
  switch (value.type->id()) {
    case Type::DOUBLE:
      return PrintReal(checked_cast<const arrow::DoubleScalar&>(value).value, false);
    case Type::FLOAT:
      return PrintReal(checked_cast<const arrow::FloatScalar&>(value).value, true);
    case Type::HALF_FLOAT:
      return PrintReal(
          arrow::util::Float16::FromBits(checked_cast<const arrow::HalfFloatScalar&>(value).value).ToFloat(),
          true);
    case Type::STRING:
    case Type::LARGE_STRING:
      return BytesOf(value);
    case Type::BINARY:
    case Type::LARGE_BINARY:
    case Type::FIXED_SIZE_BINARY:
      return PrintBytes(BytesOf(value));
    case Type::DATE32:
      return FormatDate(checked_cast<const arrow::Date32Scalar&>(value).value);
    case Type::DATE64:
      return FormatDate(FloorDiv(checked_cast<const arrow::Date64Scalar&>(value).value, 86400000));
    case Type::TIMESTAMP:
      return std::to_string(checked_cast<const arrow::TimestampScalar&>(value).value);
    case Type::TIME32:
      return std::to_string(checked_cast<const arrow::Time32Scalar&>(value).value);
    case Type::TIME64:
      return std::to_string(checked_cast<const arrow::Time64Scalar&>(value).value);
    case Type::DURATION:
      return std::to_string(checked_cast<const arrow::DurationScalar&>(value).value);
    case Type::INTERVAL_MONTH_DAY_NANO: {
      auto span = checked_cast<const arrow::MonthDayNanoIntervalScalar&>(value).value;
      return fmt::format("IntervalMonthDayNano {{ months: {}, days: {}, nanoseconds: {} }}", span.months,
                         span.days, span.nanoseconds);
    }
    case Type::LIST:
    case Type::LARGE_LIST:
    case Type::FIXED_SIZE_LIST: {
      const auto& array = *checked_cast<const arrow::BaseListScalar&>(value).value;
      std::string out = "[";
      for (int64_t i = 0; i < array.length(); ++i) {
        if (i > 0) out += ", ";
        auto element = array.GetScalar(i);
        out += element.ok() ? PrintElement(**element) : "?";
      }
      return out + "]";
    }
    default:
      return value.ToString();
  }
}

namespace {

std::string DecimalLiteral(const arrow::Scalar& value, const char* name) {
  const auto& type = checked_cast<const arrow::DecimalType&>(*value.type);
  std::string digits = "None";
  if (value.is_valid) {
    std::string integer = value.type->id() == Type::DECIMAL128
                              ? checked_cast<const arrow::Decimal128Scalar&>(value).value.ToIntegerString()
                              : checked_cast<const arrow::Decimal256Scalar&>(value).value.ToIntegerString();
    digits = "Some(" + integer + ")";
  }
  return fmt::format("{}({},{},{})", name, digits, type.precision(), type.scale());
}

// Binding strength, to print brackets only where reading needs them.
int Strength(const Logical& node) {
  if (node.kind == LogicalKind::kBinary) {
    switch (node.op) {
      case Op::kOr:
        return 5;
      case Op::kAnd:
        return 10;
      case Op::kPlus:
      case Op::kMinus:
        return 30;
      case Op::kMultiply:
      case Op::kDivide:
      case Op::kModulo:
        return 40;
      case Op::kBitAnd:
      case Op::kBitOr:
      case Op::kBitXor:
      case Op::kShiftLeft:
      case Op::kShiftRight:
      case Op::kConcat:
        return 25;
      default:
        return 20;
    }
  }
  return 100;
}

class Printer {
 public:
  explicit Printer(bool physical) : physical_(physical) {}

  std::string Print(const Logical& node) const {
    switch (node.kind) {
      case LogicalKind::kColumn:
        return physical_ ? fmt::format("{}@{}", node.name, node.index) : node.name;
      case LogicalKind::kLiteral:
        return physical_ ? PrintValue(*node.literal) : PrintLiteral(*node.literal);
      case LogicalKind::kField:
        return fmt::format("get_field({}, {})", Print(*node.child(0)),
                           physical_ ? node.name : "Utf8(\"" + node.name + "\")");
      case LogicalKind::kBinary:
        return fmt::format("{} {} {}", Operand(*node.child(0), node), OpName(node.op),
                           Operand(*node.child(1), node));
      case LogicalKind::kNot:
        return "NOT " + Bracketed(*node.child(0));
      case LogicalKind::kNegative:
        return "(- " + Print(*node.child(0)) + ")";
      case LogicalKind::kIs:
        return Operand(*node.child(0), node) + (node.negated ? " IS NOT " : " IS ") + TestName(node.test);
      case LogicalKind::kInList:
        return InList(node);
      case LogicalKind::kBetween:
        return Print(*node.child(0)) + (node.negated ? " NOT BETWEEN " : " BETWEEN ") +
               Print(*node.child(1)) + " AND " + Print(*node.child(2));
      case LogicalKind::kLike:
        return Print(*node.child(0)) + (node.negated ? " NOT " : " ") +
               (node.case_insensitive ? "ILIKE " : "LIKE ") + Print(*node.child(1)) +
               (node.escape ? fmt::format(" ESCAPE '{}'", *node.escape) : "");
      case LogicalKind::kCast:
      case LogicalKind::kTryCast:
        return fmt::format("{}({} AS {})", node.kind == LogicalKind::kCast ? "CAST" : "TRY_CAST",
                           Print(*node.child(0)), PrintType(*node.type));
      case LogicalKind::kFunction:
        return node.name + "(" + List(node.children, 0) + ")";
      case LogicalKind::kCase:
        return Case(node);
    }
    return "?";
  }

 private:
  static const char* TestName(IsTest test) {
    switch (test) {
      case IsTest::kNull:
        return "NULL";
      case IsTest::kTrue:
        return "TRUE";
      case IsTest::kFalse:
        return "FALSE";
      default:
        return "UNKNOWN";
    }
  }
  std::string Operand(const Logical& child, const Logical& parent) const {
    bool brackets = child.kind == LogicalKind::kBinary && Strength(child) < Strength(parent);
    return brackets ? "(" + Print(child) + ")" : Print(child);
  }
  std::string Bracketed(const Logical& child) const {
    return child.kind == LogicalKind::kBinary ? "(" + Print(child) + ")" : Print(child);
  }
  std::string List(const std::vector<LogicalPtr>& nodes, size_t from) const {
    std::string out;
    for (size_t i = from; i < nodes.size(); ++i) out += (i > from ? ", " : "") + Print(*nodes[i]);
    return out;
  }
  std::string InList(const Logical& node) const {
    const char* word = node.negated ? " NOT IN " : " IN ";
    if (physical_) return Print(*node.child(0)) + word + "(SET) ([" + List(node.children, 1) + "])";
    return Print(*node.child(0)) + word + "([" + List(node.children, 1) + "])";
  }
  std::string Case(const Logical& node) const {
    std::string out = "CASE";
    size_t at = 0;
    if (node.has_operand) out += " " + Print(*node.child(at++));
    size_t end = node.children.size() - (node.has_else ? 1 : 0);
    for (; at + 1 < end + 1 && at + 1 <= end; at += 2) {
      out += " WHEN " + Print(*node.child(at)) + " THEN " + Print(*node.child(at + 1));
    }
    if (node.has_else) out += " ELSE " + Print(*node.children.back());
    return out + " END";
  }
  bool physical_;
};

}  // namespace

std::string PrintType(const arrow::DataType& type) {
  switch (type.id()) {
    case Type::NA:
      return "Null";
    case Type::BOOL:
      return "Boolean";
    case Type::INT8:
      return "Int8";
    case Type::INT16:
      return "Int16";
    case Type::INT32:
      return "Int32";
    case Type::INT64:
      return "Int64";
    case Type::UINT8:
      return "UInt8";
    case Type::UINT16:
      return "UInt16";
    case Type::UINT32:
      return "UInt32";
    case Type::UINT64:
      return "UInt64";
    case Type::HALF_FLOAT:
      return "Float16";
    case Type::FLOAT:
      return "Float32";
    case Type::DOUBLE:
      return "Float64";
    case Type::STRING:
      return "Utf8";
    case Type::LARGE_STRING:
      return "LargeUtf8";
    case Type::BINARY:
      return "Binary";
    case Type::LARGE_BINARY:
      return "LargeBinary";
    case Type::FIXED_SIZE_BINARY:
      return fmt::format("FixedSizeBinary({})",
                         checked_cast<const arrow::FixedSizeBinaryType&>(type).byte_width());
    case Type::DATE32:
      return "Date32";
    case Type::DATE64:
      return "Date64";
    case Type::TIME32:
    case Type::TIME64:
      return fmt::format("Time{}({})", type.id() == Type::TIME32 ? 32 : 64,
                         UnitName(checked_cast<const arrow::TimeType&>(type).unit()));
    case Type::TIMESTAMP: {
      const auto& stamp = checked_cast<const arrow::TimestampType&>(type);
      if (stamp.timezone().empty()) return fmt::format("Timestamp({})", UnitName(stamp.unit()));
      return fmt::format("Timestamp({}, \"{}\")", UnitName(stamp.unit()), stamp.timezone());
    }
    case Type::DURATION:
      return fmt::format("Duration({})", UnitName(checked_cast<const arrow::DurationType&>(type).unit()));
    case Type::INTERVAL_MONTH_DAY_NANO:
      return "Interval(MonthDayNano)";
    case Type::DECIMAL128:
    case Type::DECIMAL256: {
      const auto& decimal = checked_cast<const arrow::DecimalType&>(type);
      return fmt::format("Decimal{}({}, {})", decimal.bit_width(), decimal.precision(), decimal.scale());
    }
    case Type::LIST:
      return fmt::format("List({})", PrintType(*type.field(0)->type()));
    case Type::LARGE_LIST:
      return fmt::format("LargeList({})", PrintType(*type.field(0)->type()));
    case Type::FIXED_SIZE_LIST:
      return fmt::format("FixedSizeList({} x {})",
                         checked_cast<const arrow::FixedSizeListType&>(type).list_size(),
                         PrintType(*type.field(0)->type()));
    case Type::STRUCT: {
      std::string out = "Struct(";
      for (int i = 0; i < type.num_fields(); ++i) {
        out += fmt::format("{}\"{}\": {}", i > 0 ? ", " : "", type.field(i)->name(),
                           PrintType(*type.field(i)->type()));
      }
      return out + ")";
    }
    case Type::DICTIONARY: {
      const auto& dictionary = checked_cast<const arrow::DictionaryType&>(type);
      return fmt::format("Dictionary({}, {})", PrintType(*dictionary.index_type()),
                         PrintType(*dictionary.value_type()));
    }
    default:
      return type.ToString();
  }
}

std::string PrintLiteral(const arrow::Scalar& value) {
  switch (value.type->id()) {
    case Type::NA:
      return "NULL";
    case Type::DECIMAL128:
      return DecimalLiteral(value, "Decimal128");
    case Type::DECIMAL256:
      return DecimalLiteral(value, "Decimal256");
    case Type::TIMESTAMP: {
      const auto& stamp = checked_cast<const arrow::TimestampType&>(*value.type);
      std::string zone = stamp.timezone().empty() ? "None" : "Some(\"" + stamp.timezone() + "\")";
      return fmt::format("Timestamp{}({}, {})", UnitWord(stamp.unit()), PrintValue(value), zone);
    }
    case Type::TIME32:
    case Type::TIME64:
      return fmt::format("Time{}{}(\"{}\")", value.type->id() == Type::TIME32 ? 32 : 64,
                         UnitWord(checked_cast<const arrow::TimeType&>(*value.type).unit()),
                         PrintValue(value));
    case Type::DURATION:
      return fmt::format("Duration{}(\"{}\")",
                         UnitWord(checked_cast<const arrow::DurationType&>(*value.type).unit()),
                         PrintValue(value));
    case Type::STRING:
    case Type::LARGE_STRING:
    case Type::BINARY:
    case Type::LARGE_BINARY:
    case Type::FIXED_SIZE_BINARY:
    case Type::DATE32:
    case Type::DATE64:
      if (!value.is_valid) break;
      return fmt::format("{}(\"{}\")",
                         value.type->id() == Type::FIXED_SIZE_BINARY
                             ? fmt::format("FixedSizeBinary({}, ", 0).substr(0, 15)
                             : PrintType(*value.type),
                         PrintValue(value));
    case Type::INTERVAL_MONTH_DAY_NANO:
      return fmt::format("IntervalMonthDayNano(\"{}\")", PrintValue(value));
    case Type::LIST:
      return "List(" + PrintValue(value) + ")";
    case Type::LARGE_LIST:
      return "LargeList(" + PrintValue(value) + ")";
    case Type::FIXED_SIZE_LIST:
      return "FixedSizeList(" + PrintValue(value) + ")";
    default:
      break;
  }
  return fmt::format("{}({})", PrintType(*value.type), PrintValue(value));
}

std::string PrintLogical(const Logical& node) { return Printer(false).Print(node); }
std::string PrintPhysical(const Logical& node) { return Printer(true).Print(node); }

}  // namespace lance::expr
