#include "lance/expr/logical.h"

#include <arrow/api.h>

#include "lance/expr/functions/function.h"

namespace lance::expr {

std::optional<Op> Swapped(Op op) {
  switch (op) {
    case Op::kEq:
    case Op::kNotEq:
    case Op::kDistinct:
    case Op::kNotDistinct:
      return op;
    case Op::kLt:
      return Op::kGt;
    case Op::kLtEq:
      return Op::kGtEq;
    case Op::kGt:
      return Op::kLt;
    case Op::kGtEq:
      return Op::kLtEq;
    default:
      return std::nullopt;
  }
}

std::optional<Op> Negated(Op op) {
  switch (op) {
    case Op::kEq:
      return Op::kNotEq;
    case Op::kNotEq:
      return Op::kEq;
    case Op::kLt:
      return Op::kGtEq;
    case Op::kLtEq:
      return Op::kGt;
    case Op::kGt:
      return Op::kLtEq;
    case Op::kGtEq:
      return Op::kLt;
    case Op::kDistinct:
      return Op::kNotDistinct;
    case Op::kNotDistinct:
      return Op::kDistinct;
    case Op::kRegex:
      return Op::kNotRegex;
    case Op::kRegexNoCase:
      return Op::kNotRegexNoCase;
    case Op::kNotRegex:
      return Op::kRegex;
    case Op::kNotRegexNoCase:
      return Op::kRegexNoCase;
    default:
      return std::nullopt;
  }
}

const char* OpName(Op op) {
  static constexpr const char* kNames[] = {"OR",
                                           "AND",
                                           "=",
                                           "!=",
                                           "<",
                                           "<=",
                                           ">",
                                           ">=",
                                           "IS DISTINCT FROM",
                                           "IS NOT DISTINCT FROM",
                                           "+",
                                           "-",
                                           "*",
                                           "/",
                                           "%",
                                           "&",
                                           "|",
                                           "BIT_XOR",
                                           "<<",
                                           ">>",
                                           "||",
                                           "~",
                                           "~*",
                                           "!~",
                                           "!~*"};
  return kNames[static_cast<int>(op)];
}

LogicalPtr MakeLiteral(std::shared_ptr<arrow::Scalar> value) {
  auto node = std::make_shared<Logical>();
  node->kind = LogicalKind::kLiteral;
  node->type = value->type;
  node->literal = std::move(value);
  return node;
}

LogicalPtr MakeBool(bool value) { return MakeLiteral(std::make_shared<arrow::BooleanScalar>(value)); }
LogicalPtr MakeNull(const std::shared_ptr<arrow::DataType>& type) {
  return MakeLiteral(arrow::MakeNullScalar(type));
}

LogicalPtr MakeBinary(LogicalPtr left, Op op, LogicalPtr right, std::shared_ptr<arrow::DataType> type) {
  auto node = std::make_shared<Logical>();
  node->kind = LogicalKind::kBinary;
  node->op = op;
  node->type = type ? std::move(type) : (op <= Op::kNotDistinct || IsRegex(op)) ? arrow::boolean() : nullptr;
  node->children = {std::move(left), std::move(right)};
  return node;
}

LogicalPtr MakeNot(LogicalPtr child) {
  auto node = std::make_shared<Logical>();
  node->kind = LogicalKind::kNot;
  node->type = arrow::boolean();
  node->children = {std::move(child)};
  return node;
}

LogicalPtr MakeIs(LogicalPtr child, IsTest test, bool negated) {
  auto node = std::make_shared<Logical>();
  node->kind = LogicalKind::kIs;
  node->test = test;
  node->negated = negated;
  node->type = arrow::boolean();
  node->children = {std::move(child)};
  return node;
}

LogicalPtr MakeCast(LogicalPtr child, const std::shared_ptr<arrow::DataType>& type, bool is_try) {
  if (child->type && child->type->Equals(*type)) return child;
  auto node = std::make_shared<Logical>();
  node->kind = is_try ? LogicalKind::kTryCast : LogicalKind::kCast;
  node->type = type;
  node->children = {std::move(child)};
  return node;
}

LogicalPtr WithChildren(const Logical& node, std::vector<LogicalPtr> children) {
  if (children == node.children) return std::make_shared<Logical>(node);
  auto out = std::make_shared<Logical>(node);
  out->children = std::move(children);
  return out;
}

LogicalPtr MakeChain(std::vector<LogicalPtr> terms, Op op) {
  if (terms.empty()) return MakeBool(op == Op::kAnd);
  while (terms.size() > 1) {
    size_t out = 0;
    for (size_t i = 0; i < terms.size(); i += 2) {
      terms[out++] = i + 1 < terms.size() ? MakeBinary(terms[i], op, terms[i + 1]) : terms[i];
    }
    terms.resize(out);
  }
  return terms[0];
}

void FlattenChain(const LogicalPtr& node, Op op, std::vector<LogicalPtr>* terms) {
  if (!node->is_binary(op)) {
    terms->push_back(node);
    return;
  }
  FlattenChain(node->child(0), op, terms);
  FlattenChain(node->child(1), op, terms);
}

bool SameLogical(const Logical& a, const Logical& b) {
  if (&a == &b) return true;
  if (a.kind != b.kind || a.children.size() != b.children.size() || a.name != b.name || a.op != b.op ||
      a.test != b.test || a.negated != b.negated || a.case_insensitive != b.case_insensitive ||
      a.escape != b.escape || a.index != b.index || a.function != b.function ||
      a.has_operand != b.has_operand || a.has_else != b.has_else) {
    return false;
  }
  if (a.type && b.type && !a.type->Equals(*b.type)) return false;
  if (a.literal && b.literal && !a.literal->Equals(*b.literal)) return false;
  for (size_t i = 0; i < a.children.size(); ++i) {
    if (!SameLogical(*a.child(i), *b.child(i))) return false;
  }
  return true;
}

bool IsVolatile(const Logical& node) {
  if (node.kind == LogicalKind::kFunction && node.function->is_volatile) return true;
  for (const LogicalPtr& child : node.children) {
    if (IsVolatile(*child)) return true;
  }
  return false;
}

}  // namespace lance::expr
