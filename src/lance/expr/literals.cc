// Lance reads a literal beside a column as a value of that column's type before the general coercion sees it,
// and refuses when the value does not fit: `u8 = 256` is an error, not an empty result.
#include <cmath>
#include <limits>

#include <arrow/api.h>
#include <arrow/util/float16.h>

#include "lance/expr/binder.h"
#include "lance/expr/evaluate.h"
#include "lance/expr/type_rules.h"

namespace lance::expr {
namespace {

using arrow::Type;
using arrow::internal::checked_cast;
using ScalarPtr = std::shared_ptr<arrow::Scalar>;

template <typename ArrowType>
ScalarPtr Fit(__int128 value) {
  using T = typename ArrowType::c_type;
  if (value < static_cast<__int128>(std::numeric_limits<T>::min()) ||
      value > static_cast<__int128>(std::numeric_limits<T>::max())) {
    return nullptr;
  }
  return std::make_shared<typename arrow::TypeTraits<ArrowType>::ScalarType>(static_cast<T>(value));
}

ScalarPtr HalfFloat(double value) {
  // Beyond the tie above the largest finite value a literal would become infinite: refused. So is a value
  // that would collapse to zero.
  if (std::isfinite(value) && std::abs(value) >= 65520.0) return nullptr;
  auto half = arrow::util::Float16::FromDouble(value);
  if (half.is_zero() && value != 0) return nullptr;
  return std::make_shared<arrow::HalfFloatScalar>(half.bits());
}

ScalarPtr CoerceInteger(__int128 value, const ScalarPtr& literal, const TypePtr& type) {
  switch (type->id()) {
    case Type::INT8:
      return Fit<arrow::Int8Type>(value);
    case Type::INT16:
      return Fit<arrow::Int16Type>(value);
    case Type::INT32:
      return Fit<arrow::Int32Type>(value);
    case Type::INT64:
      return Fit<arrow::Int64Type>(value);
    case Type::UINT8:
      return Fit<arrow::UInt8Type>(value);
    case Type::UINT16:
      return Fit<arrow::UInt16Type>(value);
    case Type::UINT32:
      return Fit<arrow::UInt32Type>(value);
    case Type::UINT64:
      return Fit<arrow::UInt64Type>(value);
    case Type::HALF_FLOAT:
      return HalfFloat(static_cast<double>(value));
    case Type::FLOAT:
      return std::make_shared<arrow::FloatScalar>(static_cast<float>(value));
    case Type::DOUBLE:
      return std::make_shared<arrow::DoubleScalar>(static_cast<double>(value));
    case Type::TIME32:
      if (value < std::numeric_limits<int32_t>::min() || value > std::numeric_limits<int32_t>::max())
        return nullptr;
      return std::make_shared<arrow::Time32Scalar>(static_cast<int32_t>(value), type);
    case Type::DECIMAL128:
    case Type::DECIMAL256:
      return CastScalar(literal, type, false).ValueOr(nullptr);
    default:
      return nullptr;
  }
}

ScalarPtr CoerceFloat(double value, const TypePtr& type) {
  switch (type->id()) {
    case Type::HALF_FLOAT:
      return HalfFloat(value);
    case Type::FLOAT:
      return std::make_shared<arrow::FloatScalar>(static_cast<float>(value));
    case Type::DOUBLE:
      return std::make_shared<arrow::DoubleScalar>(value);
    default:
      return nullptr;
  }
}

ScalarPtr CoerceBytes(const ScalarPtr& literal, const TypePtr& type) {
  const auto& bytes = checked_cast<const arrow::BaseBinaryScalar&>(*literal);
  if (type->id() == Type::BINARY) return literal;
  if (type->id() == Type::LARGE_BINARY) {
    return bytes.is_valid ? std::make_shared<arrow::LargeBinaryScalar>(bytes.value)
                          : arrow::MakeNullScalar(type);
  }
  if (type->id() == Type::FIXED_SIZE_BINARY && bytes.is_valid &&
      bytes.value->size() == checked_cast<const arrow::FixedSizeBinaryType&>(*type).byte_width()) {
    return std::make_shared<arrow::FixedSizeBinaryScalar>(bytes.value, type);
  }
  return nullptr;
}

// The type of a column or of a field reached from one; null for anything else.
TypePtr ColumnType(const Logical& node) {
  if (node.kind == LogicalKind::kColumn) return node.type;
  if (node.kind == LogicalKind::kField && ColumnType(*node.child(0))) return node.type;
  return nullptr;
}

Result<LogicalPtr> CoerceOperand(const LogicalPtr& node, const TypePtr& type);

Result<LogicalPtr> CoerceLiteralNode(const LogicalPtr& node, const TypePtr& type) {
  ScalarPtr value = CoerceLiteral(node->literal, type);
  if (!value) {
    return InvalidArgument("Received literal {} and could not convert to literal of type '{}'",
                           PrintLiteral(*node->literal), PrintType(*type));
  }
  return MakeLiteral(std::move(value));
}

// CAST(0.5 AS double) beside a float column: narrowed when exact, so that the column needs no cast.
LogicalPtr NarrowDouble(const LogicalPtr& node, const TypePtr& type) {
  if (type->id() != Type::FLOAT || node->type->id() != Type::DOUBLE || !node->child(0)->is_literal())
    return node;
  auto value = CastScalar(node->child(0)->literal, arrow::float64(), false);
  if (!value.ok()) return node;
  if (!(*value)->is_valid) return MakeNull(type);
  double wide = checked_cast<const arrow::DoubleScalar&>(**value).value;
  float narrow = static_cast<float>(wide);
  if (static_cast<double>(narrow) != wide) return node;
  return MakeLiteral(std::make_shared<arrow::FloatScalar>(narrow));
}

Result<LogicalPtr> CoerceOperand(const LogicalPtr& node, const TypePtr& type) {
  if (node->is_literal()) return CoerceLiteralNode(node, type);
  if (node->kind == LogicalKind::kCast) return NarrowDouble(node, type);
  if (node->kind != LogicalKind::kBinary) return node;
  ARROW_ASSIGN_OR_RAISE(LogicalPtr left, CoerceOperand(node->child(0), type));
  ARROW_ASSIGN_OR_RAISE(LogicalPtr right, CoerceOperand(node->child(1), type));
  return MakeBinary(left, node->op, right);
}

bool IsLiteralArithmetic(const Logical& node) {
  if (node.is_literal()) return true;
  bool fits = node.kind == LogicalKind::kBinary && (IsArithmetic(node.op) || node.op == Op::kShiftLeft ||
                                                    node.op == Op::kShiftRight || node.op == Op::kConcat);
  return fits && IsLiteralArithmetic(*node.child(0)) && IsLiteralArithmetic(*node.child(1));
}

Result<LogicalPtr> ResolveBinaryNode(const LogicalPtr& node) {
  const LogicalPtr& left = node->child(0);
  const LogicalPtr& right = node->child(1);
  auto simple = [](const Logical& side) { return side.is_literal() || side.kind == LogicalKind::kCast; };
  if (TypePtr type = ColumnType(*left)) {
    if (!simple(*right) && !(right->kind == LogicalKind::kBinary && IsLiteralArithmetic(*right))) return node;
    ARROW_ASSIGN_OR_RAISE(LogicalPtr coerced, CoerceOperand(right, type));
    return MakeBinary(left, node->op, coerced);
  }
  if (TypePtr type = ColumnType(*right)) {
    if (!simple(*left)) return node;
    ARROW_ASSIGN_OR_RAISE(LogicalPtr coerced, CoerceOperand(left, type));
    return MakeBinary(coerced, node->op, right);
  }
  return node;
}

}  // namespace

ScalarPtr CoerceLiteral(const ScalarPtr& literal, const TypePtr& type) {
  Type::type id = literal->type->id();
  if (id == Type::NA) return literal;
  if (type->id() == Type::DICTIONARY) {
    return CoerceLiteral(literal, checked_cast<const arrow::DictionaryType&>(*type).value_type());
  }
  if (literal->type->Equals(*type)) return literal;
  if (!literal->is_valid && !IsBinaryType(*literal->type)) return nullptr;
  switch (id) {
    case Type::INT64:
      return CoerceInteger(checked_cast<const arrow::Int64Scalar&>(*literal).value, literal, type);
    case Type::UINT64:
      return CoerceInteger(checked_cast<const arrow::UInt64Scalar&>(*literal).value, literal, type);
    case Type::DOUBLE:
      return CoerceFloat(checked_cast<const arrow::DoubleScalar&>(*literal).value, type);
    case Type::STRING:
      if (type->id() != Type::LARGE_STRING) return nullptr;
      return std::make_shared<arrow::LargeStringScalar>(
          checked_cast<const arrow::StringScalar&>(*literal).value);
    case Type::BINARY:
      return CoerceBytes(literal, type);
    case Type::LIST:
      return IsListType(*type) ? CastScalar(literal, type, false).ValueOr(nullptr) : nullptr;
    default:
      return nullptr;
  }
}

Result<LogicalPtr> ResolveLiterals(const LogicalPtr& node) {
  switch (node->kind) {
    case LogicalKind::kBetween: {
      TypePtr type = ColumnType(*node->child(0));
      if (!type) return node;
      ARROW_ASSIGN_OR_RAISE(LogicalPtr low, CoerceOperand(node->child(1), type));
      ARROW_ASSIGN_OR_RAISE(LogicalPtr high, CoerceOperand(node->child(2), type));
      return WithChildren(*node, {node->child(0), low, high});
    }
    case LogicalKind::kBinary: {
      if (node->op != Op::kAnd && node->op != Op::kOr) return ResolveBinaryNode(node);
      ARROW_ASSIGN_OR_RAISE(LogicalPtr left, ResolveLiterals(node->child(0)));
      ARROW_ASSIGN_OR_RAISE(LogicalPtr right, ResolveLiterals(node->child(1)));
      return MakeBinary(left, node->op, right);
    }
    case LogicalKind::kInList: {
      if (node->child(0)->kind != LogicalKind::kColumn) return node;
      std::vector<LogicalPtr> children = node->children;
      for (size_t i = 1; i < children.size(); ++i) {
        ARROW_ASSIGN_OR_RAISE(children[i], CoerceOperand(children[i], node->child(0)->type));
      }
      return WithChildren(*node, std::move(children));
    }
    default:
      return node;
  }
}

}  // namespace lance::expr
