// Rewrites that keep three-valued results on every row: constants folded, comparisons put as `column op
// literal`, casts moved from columns to literals, short IN lists opened.
#include <cmath>
#include <limits>

#include <arrow/api.h>
#include <arrow/util/float16.h>

#include "lance/expr/binder.h"
#include "lance/expr/evaluate.h"
#include "lance/expr/functions/function.h"
#include "lance/expr/type_rules.h"

namespace lance::expr {
namespace {

using arrow::Type;
using arrow::internal::checked_cast;
using ScalarPtr = std::shared_ptr<arrow::Scalar>;

// IN lists up to this long over a plain column become a chain of comparisons.
constexpr size_t kOpenedList = 3;

std::optional<bool> BoolLiteral(const Logical& node) {
  if (!node.is_literal() || node.type->id() != Type::BOOL || !node.literal->is_valid) return std::nullopt;
  return checked_cast<const arrow::BooleanScalar&>(*node.literal).value;
}

bool IsNullLiteral(const Logical& node) { return node.is_literal() && !node.literal->is_valid; }

// The two encodings of a float zero, negative first; nulls for anything else.
std::pair<ScalarPtr, ScalarPtr> ZeroEncodings(const Logical& node) {
  if (!node.is_literal() || !node.literal->is_valid) return {};
  switch (node.type->id()) {
    case Type::DOUBLE:
      if (checked_cast<const arrow::DoubleScalar&>(*node.literal).value != 0) return {};
      return {std::make_shared<arrow::DoubleScalar>(-0.0), std::make_shared<arrow::DoubleScalar>(0.0)};
    case Type::FLOAT:
      if (checked_cast<const arrow::FloatScalar&>(*node.literal).value != 0) return {};
      return {std::make_shared<arrow::FloatScalar>(-0.0f), std::make_shared<arrow::FloatScalar>(0.0f)};
    case Type::HALF_FLOAT:
      if ((checked_cast<const arrow::HalfFloatScalar&>(*node.literal).value & 0x7fff) != 0) return {};
      return {std::make_shared<arrow::HalfFloatScalar>(uint16_t{0x8000}),
              std::make_shared<arrow::HalfFloatScalar>(uint16_t{0})};
    default:
      return {};
  }
}

LogicalPtr MakeInList(LogicalPtr value, std::vector<LogicalPtr> list, bool negated) {
  auto out = std::make_shared<Logical>();
  out->kind = LogicalKind::kInList;
  out->negated = negated;
  out->type = arrow::boolean();
  out->children.push_back(std::move(value));
  for (LogicalPtr& item : list) out->children.push_back(std::move(item));
  return out;
}

// Comparisons run in total order, where -0.0 is below 0.0; a zero literal is put so that both count as zero.
LogicalPtr RewriteZero(const LogicalPtr& node) {
  auto [negative, positive] = ZeroEncodings(*node->child(1));
  if (!negative) return nullptr;
  const LogicalPtr& value = node->child(0);
  auto both = [&](bool negated) {
    return MakeInList(value, {MakeLiteral(negative), MakeLiteral(positive)}, negated);
  };
  switch (node->op) {
    case Op::kLt:
    case Op::kGtEq:
      return MakeBinary(value, node->op, MakeLiteral(negative));
    case Op::kGt:
    case Op::kLtEq:
      return MakeBinary(value, node->op, MakeLiteral(positive));
    case Op::kEq:
    case Op::kNotEq:
      return both(node->op == Op::kNotEq);
    default:
      return MakeIs(both(false), IsTest::kTrue, node->op == Op::kDistinct);
  }
}

// The literal on the other side of a cast; null when the cast must stay. Round trips prove that nothing is
// lost.
ScalarPtr UncastLiteral(const TypePtr& inner, const ScalarPtr& literal, bool equality) {
  const TypePtr& outer = literal->type;
  if (!literal->is_valid) return nullptr;
  bool numbers =
      (IsIntegerType(*inner) || IsDecimalType(*inner)) && (IsIntegerType(*outer) || IsDecimalType(*outer));
  bool clocks =
      (inner->id() == Type::TIMESTAMP && (outer->id() == Type::INT64 || outer->id() == Type::TIMESTAMP)) ||
      (inner->id() == Type::DATE32 && outer->id() == Type::INT32);
  bool text = equality && IsIntegerType(*inner) && IsStringType(*outer);
  if (!numbers && !clocks && !text) return nullptr;
  auto back = CastScalar(literal, inner, false);
  if (!back.ok() || !(*back)->is_valid) return nullptr;
  auto again = CastScalar(*back, outer, false);
  if (!again.ok() || !(*again)->Equals(*literal)) return nullptr;
  return *back;
}

bool Foldable(const Logical& node) {
  switch (node.kind) {
    case LogicalKind::kColumn:
    case LogicalKind::kField:
    case LogicalKind::kLiteral:
    case LogicalKind::kBetween:
      return false;
    case LogicalKind::kFunction:
      if (node.function->is_volatile) return false;
      break;
    default:
      break;
  }
  for (const LogicalPtr& child : node.children) {
    if (!child->is_literal()) return false;
  }
  return true;
}

LogicalPtr SimplifyNot(const LogicalPtr& child) {
  switch (child->kind) {
    case LogicalKind::kNot:
      return child->child(0);
    case LogicalKind::kInList:
    case LogicalKind::kLike:
    case LogicalKind::kIs: {
      auto out = std::make_shared<Logical>(*child);
      out->negated = !out->negated;
      return out;
    }
    case LogicalKind::kBinary: {
      if (child->op == Op::kAnd || child->op == Op::kOr) {
        std::vector<LogicalPtr> terms;
        FlattenChain(child, child->op, &terms);
        for (LogicalPtr& term : terms) term = SimplifyNot(term);
        return MakeChain(std::move(terms), child->op == Op::kAnd ? Op::kOr : Op::kAnd);
      }
      std::optional<Op> negated = Negated(child->op);
      if (negated) return MakeBinary(child->child(0), *negated, child->child(1));
      break;
    }
    default:
      break;
  }
  if (auto value = BoolLiteral(*child)) return MakeBool(!*value);
  if (IsNullLiteral(*child)) return child;
  return MakeNot(child);
}

LogicalPtr SimplifyChain(const LogicalPtr& node) {
  bool is_and = node->op == Op::kAnd;
  std::vector<LogicalPtr> terms;
  FlattenChain(node, node->op, &terms);
  std::vector<LogicalPtr> kept;
  // Comparing every pair is worth it only for chains that people write.
  bool dedupe = terms.size() <= 64;
  for (LogicalPtr& term : terms) {
    if (auto value = BoolLiteral(*term)) {
      if (*value == is_and) continue;  // the neutral one
      return term;                     // decides the chain
    }
    bool seen = false;
    if (dedupe && !IsVolatile(*term)) {
      for (const LogicalPtr& other : kept) seen = seen || SameLogical(*other, *term);
    }
    if (!seen) kept.push_back(std::move(term));
  }
  if (kept.empty()) return MakeBool(is_and);
  return MakeChain(std::move(kept), node->op);
}

Result<LogicalPtr> SimplifyComparison(LogicalPtr node) {
  if (node->child(0)->is_literal() && !node->child(1)->is_literal()) {
    node = MakeBinary(node->child(1), *Swapped(node->op), node->child(0));
  }
  const LogicalPtr& left = node->child(0);
  const LogicalPtr& right = node->child(1);
  bool null_safe = node->op == Op::kDistinct || node->op == Op::kNotDistinct;
  if (!null_safe && IsNullLiteral(*right)) return MakeNull(arrow::boolean());
  if (left->kind == LogicalKind::kColumn && right->kind == LogicalKind::kColumn && left->name > right->name) {
    node = MakeBinary(right, *Swapped(node->op), left);
    return SimplifyComparison(node);
  }
  if (auto value = BoolLiteral(*right); value && left->type->id() == Type::BOOL) {
    if (node->op == Op::kEq) return *value ? left : SimplifyNot(left);
    if (node->op == Op::kNotEq) return *value ? SimplifyNot(left) : left;
  }
  if (node->op == Op::kEq && !left->is_literal() && SameLogical(*left, *right) && !IsVolatile(*left)) {
    return MakeBinary(MakeIs(left, IsTest::kNull, true), Op::kOr, MakeNull(arrow::boolean()));
  }
  bool cast = left->kind == LogicalKind::kCast || left->kind == LogicalKind::kTryCast;
  if (cast && right->is_literal()) {
    const LogicalPtr& inner = left->child(0);
    bool equality = node->op == Op::kEq || node->op == Op::kNotEq;
    if (ScalarPtr literal = UncastLiteral(inner->type, right->literal, equality)) {
      return SimplifyComparison(MakeBinary(inner, node->op, MakeLiteral(literal)));
    }
  }
  LogicalPtr zero = RewriteZero(node);
  return zero ? zero : node;
}

Result<LogicalPtr> SimplifyInList(const LogicalPtr& node) {
  const LogicalPtr& value = node->child(0);
  if (IsNullLiteral(*value)) return MakeNull(arrow::boolean());
  size_t count = node->children.size() - 1;
  bool open = count == 1 || (count <= kOpenedList && value->kind == LogicalKind::kColumn);
  if (!open || IsVolatile(*value)) {
    std::vector<LogicalPtr> list;
    for (size_t i = 1; i < node->children.size(); ++i) {
      auto [negative, positive] = ZeroEncodings(*node->child(i));
      if (negative) {
        list.push_back(MakeLiteral(negative));
        list.push_back(MakeLiteral(positive));
      } else {
        list.push_back(node->child(i));
      }
    }
    return MakeInList(value, std::move(list), node->negated);
  }
  std::vector<LogicalPtr> terms;
  for (size_t i = 1; i < node->children.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(LogicalPtr term, SimplifyComparison(MakeBinary(
                                               value, node->negated ? Op::kNotEq : Op::kEq, node->child(i))));
    terms.push_back(std::move(term));
  }
  return SimplifyChain(MakeChain(std::move(terms), node->negated ? Op::kAnd : Op::kOr));
}

// A pattern without wildcards is an equality; a null one answers null.
LogicalPtr SimplifyLike(const LogicalPtr& node) {
  const LogicalPtr& pattern = node->child(1);
  if (!pattern->is_literal()) return node;
  if (IsNullLiteral(*pattern)) return MakeNull(arrow::boolean());
  if (node->case_insensitive || !IsStringType(*node->child(0)->type)) return node;
  std::string text = checked_cast<const arrow::BaseBinaryScalar&>(*pattern->literal).value->ToString();
  if (text.find_first_of("%_\\") != std::string::npos || node->escape.value_or('\\') != '\\') return node;
  LogicalPtr literal = MakeCast(pattern, node->child(0)->type);
  if (!literal->is_literal()) return node;
  return MakeBinary(node->child(0), node->negated ? Op::kNotEq : Op::kEq, literal);
}

Result<LogicalPtr> SimplifyNode(const LogicalPtr& node) {
  switch (node->kind) {
    case LogicalKind::kNot:
      return SimplifyNot(node->child(0));
    case LogicalKind::kNegative:
      return node->child(0)->kind == LogicalKind::kNegative ? node->child(0)->child(0) : node;
    case LogicalKind::kBinary:
      if (node->op == Op::kAnd || node->op == Op::kOr) return SimplifyChain(node);
      return IsComparison(node->op) ? SimplifyComparison(node) : node;
    case LogicalKind::kInList:
      return SimplifyInList(node);
    case LogicalKind::kLike:
      return SimplifyLike(node);
    default:
      return node;
  }
}

}  // namespace

Result<LogicalPtr> Simplify(const LogicalPtr& node) {
  if (node->children.empty() && node->kind != LogicalKind::kFunction) return node;
  std::vector<LogicalPtr> children;
  children.reserve(node->children.size());
  for (const LogicalPtr& child : node->children) {
    ARROW_ASSIGN_OR_RAISE(LogicalPtr simple, Simplify(child));
    children.push_back(std::move(simple));
  }
  LogicalPtr out = children == node->children ? node : WithChildren(*node, std::move(children));
  ARROW_ASSIGN_OR_RAISE(out, SimplifyNode(out));
  if (!Foldable(*out)) return out;
  auto value = EvaluateConstant(*out);
  if (value.ok()) return MakeLiteral(std::move(*value));
  // A cast of a literal that fails will fail on every row: say so now. Other errors (a division by zero) may
  // stand in a branch that is never reached.
  bool cast = out->kind == LogicalKind::kCast || out->kind == LogicalKind::kLike || IsRegex(out->op);
  if (cast && Is(value.status(), ErrorKind::kInvalidArgument)) return value.status();
  return out;
}

}  // namespace lance::expr
