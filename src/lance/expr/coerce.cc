#include <arrow/api.h>

#include "lance/expr/binder.h"
#include "lance/expr/functions/function.h"
#include "lance/expr/type_rules.h"

namespace lance::expr {
namespace {

using arrow::Type;
using arrow::internal::checked_cast;

TypePtr Undictionary(const TypePtr& type) {
  return type->id() == Type::DICTIONARY ? checked_cast<const arrow::DictionaryType&>(*type).value_type()
                                        : type;
}

// A dictionary column beside a literal of its value type stays encoded: kernels compare each distinct value
// once.
bool KeepsDictionary(const LogicalPtr& side, const LogicalPtr& other, const TypePtr& common) {
  return side->type->id() == Type::DICTIONARY && other->is_literal() &&
         Undictionary(side->type)->Equals(*common);
}

Status NeedBoolean(const LogicalPtr& child, std::string_view what) {
  if (child->type->id() == Type::BOOL || child->type->id() == Type::NA) return Status::OK();
  return InvalidArgument("{} needs a boolean, but {} is {}", what, PrintLogical(*child),
                         PrintType(*child->type));
}

Result<LogicalPtr> CoerceBinary(const LogicalPtr& node) {
  const LogicalPtr& left = node->child(0);
  const LogicalPtr& right = node->child(1);
  ARROW_ASSIGN_OR_RAISE(BinaryTypes types, ResolveBinary(node->op, left->type, right->type));
  bool compares = IsComparison(node->op) && types.left->id() != Type::DICTIONARY;
  LogicalPtr l = compares && KeepsDictionary(left, right, types.left) ? left : MakeCast(left, types.left);
  LogicalPtr r = compares && KeepsDictionary(right, left, types.right) ? right : MakeCast(right, types.right);
  // Two dictionary columns are compared by value.
  if (IsComparison(node->op) && types.left->id() == Type::DICTIONARY) {
    l = MakeCast(l, Undictionary(types.left));
    r = MakeCast(r, Undictionary(types.right));
  }
  return MakeBinary(l, node->op, r, types.result);
}

Result<LogicalPtr> CoerceInList(const LogicalPtr& node) {
  TypePtr common = Undictionary(node->child(0)->type);
  for (size_t i = 1; i < node->children.size(); ++i) {
    const TypePtr& type = node->child(i)->type;
    TypePtr next = ComparisonType(common, type);
    if (!next) {
      return InvalidArgument("cannot find a common type of {} and {} for the IN list", PrintType(*common),
                             PrintType(*type));
    }
    common = Undictionary(next);
  }
  bool literals = true;
  std::vector<LogicalPtr> children;
  for (size_t i = 1; i < node->children.size(); ++i) literals &= node->child(i)->is_literal();
  for (size_t i = 0; i < node->children.size(); ++i) {
    const LogicalPtr& child = node->child(i);
    bool keep = i == 0 && literals && child->type->id() == Type::DICTIONARY &&
                Undictionary(child->type)->Equals(*common);
    children.push_back(keep ? child : MakeCast(child, common));
  }
  auto out = std::make_shared<Logical>(*node);
  out->children = std::move(children);
  out->type = arrow::boolean();
  return out;
}

Result<LogicalPtr> CoerceBetween(const LogicalPtr& node) {
  const LogicalPtr& value = node->child(0);
  auto side = [&](Op op, const LogicalPtr& bound) { return CoerceBinary(MakeBinary(value, op, bound)); };
  ARROW_ASSIGN_OR_RAISE(LogicalPtr low, side(node->negated ? Op::kLt : Op::kGtEq, node->child(1)));
  ARROW_ASSIGN_OR_RAISE(LogicalPtr high, side(node->negated ? Op::kGt : Op::kLtEq, node->child(2)));
  return MakeBinary(low, node->negated ? Op::kOr : Op::kAnd, high);
}

Result<LogicalPtr> CoerceLike(const LogicalPtr& node) {
  const LogicalPtr& value = node->child(0);
  const LogicalPtr& pattern = node->child(1);
  TypePtr common = LikeType(value->type, pattern->type);
  if (!common) {
    return InvalidArgument("There isn't a common type to coerce {} and {} in LIKE expression",
                           PrintType(*value->type), PrintType(*pattern->type));
  }
  // The kernels read both offset widths, so only other types are cast.
  auto cast = [&](const LogicalPtr& side) {
    return IsStringType(*side->type) ? side : MakeCast(side, common);
  };
  bool keep = value->type->id() == Type::DICTIONARY && IsStringType(*Undictionary(value->type)) &&
              pattern->is_literal();
  return WithChildren(*node, {keep ? value : cast(value), cast(pattern)});
}

Result<LogicalPtr> CoerceCase(const LogicalPtr& node) {
  std::vector<LogicalPtr> children = node->children;
  size_t first = node->has_operand ? 1 : 0;
  size_t pairs_end = children.size() - (node->has_else ? 1 : 0);
  TypePtr result;
  auto merge = [&](const LogicalPtr& value) -> Status {
    TypePtr next = result ? UnionType(result, value->type) : value->type;
    if (!next) {
      return InvalidArgument("the branches of CASE have no common type: {} and {}", PrintType(*result),
                             PrintType(*value->type));
    }
    result = Undictionary(next);
    return Status::OK();
  };
  for (size_t i = first + 1; i < pairs_end; i += 2) ARROW_RETURN_NOT_OK(merge(children[i]));
  if (node->has_else) ARROW_RETURN_NOT_OK(merge(children.back()));
  for (size_t i = first; i < pairs_end; i += 2) {
    if (node->has_operand) {
      // CASE x WHEN 1 THEN ... is CASE WHEN x = 1 THEN ...
      ARROW_ASSIGN_OR_RAISE(children[i], CoerceBinary(MakeBinary(children[0], Op::kEq, children[i])));
    } else {
      ARROW_RETURN_NOT_OK(NeedBoolean(children[i], "CASE WHEN"));
      children[i] = MakeCast(children[i], arrow::boolean());
    }
    children[i + 1] = MakeCast(children[i + 1], result);
  }
  if (node->has_else) children.back() = MakeCast(children.back(), result);
  if (node->has_operand) children.erase(children.begin());
  auto out = std::make_shared<Logical>(*node);
  out->has_operand = false;
  out->type = result;
  out->children = std::move(children);
  return out;
}

Result<LogicalPtr> CoerceFunction(const LogicalPtr& node) {
  Types types;
  for (const LogicalPtr& child : node->children) types.push_back(Undictionary(child->type));
  ARROW_ASSIGN_OR_RAISE(Signature signature, node->function->sign(*node->function, types));
  auto out = std::make_shared<Logical>(*node);
  for (size_t i = 0; i < out->children.size(); ++i)
    out->children[i] = MakeCast(out->children[i], signature.arguments[i]);
  out->type = signature.result;
  return out;
}

Result<LogicalPtr> CoerceNegative(const LogicalPtr& node) {
  const TypePtr type = Undictionary(node->child(0)->type);
  bool fits = arrow::is_signed_integer(type->id()) || IsFloatType(*type) || IsDecimalType(*type) ||
              type->id() == Type::DURATION || type->id() == Type::INTERVAL_MONTH_DAY_NANO ||
              type->id() == Type::NA;
  if (!fits) {
    return InvalidArgument("Negation only supports signed numeric, duration and interval types, {} is {}",
                           PrintLogical(*node->child(0)), PrintType(*type));
  }
  auto out = std::make_shared<Logical>(*node);
  out->children = {MakeCast(node->child(0), type)};
  out->type = type;
  return out;
}

}  // namespace

Result<LogicalPtr> Coerce(const LogicalPtr& node) {
  if (node->children.empty() && node->kind != LogicalKind::kFunction) return node;
  std::vector<LogicalPtr> children;
  children.reserve(node->children.size());
  for (const LogicalPtr& child : node->children) {
    ARROW_ASSIGN_OR_RAISE(LogicalPtr coerced, Coerce(child));
    children.push_back(std::move(coerced));
  }
  LogicalPtr with = WithChildren(*node, std::move(children));
  switch (node->kind) {
    case LogicalKind::kBinary:
      return CoerceBinary(with);
    case LogicalKind::kNot:
      ARROW_RETURN_NOT_OK(NeedBoolean(with->child(0), "NOT"));
      return MakeNot(MakeCast(with->child(0), arrow::boolean()));
    case LogicalKind::kIs:
      if (node->test == IsTest::kNull) return with;
      ARROW_RETURN_NOT_OK(NeedBoolean(with->child(0), "IS TRUE, FALSE or UNKNOWN"));
      return MakeIs(MakeCast(with->child(0), arrow::boolean()), node->test, node->negated);
    case LogicalKind::kNegative:
      return CoerceNegative(with);
    case LogicalKind::kInList:
      return CoerceInList(with);
    case LogicalKind::kBetween:
      return CoerceBetween(with);
    case LogicalKind::kLike:
      return CoerceLike(with);
    case LogicalKind::kCase:
      return CoerceCase(with);
    case LogicalKind::kFunction:
      return CoerceFunction(with);
    case LogicalKind::kCast:
    case LogicalKind::kTryCast:
      return MakeCast(with->child(0), node->type, node->kind == LogicalKind::kTryCast);
    default:
      return with;
  }
}

}  // namespace lance::expr
