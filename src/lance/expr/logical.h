#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "lance/base/status.h"

namespace lance::expr {

struct FunctionInfo;

enum class Op {
  kOr,
  kAnd,
  kEq,
  kNotEq,
  kLt,
  kLtEq,
  kGt,
  kGtEq,
  kDistinct,
  kNotDistinct,
  kPlus,
  kMinus,
  kMultiply,
  kDivide,
  kModulo,
  kBitAnd,
  kBitOr,
  kBitXor,
  kShiftLeft,
  kShiftRight,
  kConcat,
  kRegex,
  kRegexNoCase,
  kNotRegex,
  kNotRegexNoCase,
};

inline bool IsComparison(Op op) { return op >= Op::kEq && op <= Op::kNotDistinct; }
inline bool IsArithmetic(Op op) { return op >= Op::kPlus && op <= Op::kModulo; }
inline bool IsBitwise(Op op) { return op >= Op::kBitAnd && op <= Op::kShiftRight; }
inline bool IsRegex(Op op) { return op >= Op::kRegex; }
/// The operator for swapped operands (a < b is b > a); none for what cannot be swapped so.
std::optional<Op> Swapped(Op op);
/// The operator that is true where this one is false and the other way round, null kept.
std::optional<Op> Negated(Op op);
/// "=", "AND", "IS DISTINCT FROM" ...
const char* OpName(Op op);

enum class LogicalKind {
  kColumn,   ///< name, index
  kLiteral,  ///< literal
  kField,    ///< child 0, name
  kBinary,   ///< op
  kNot,
  kNegative,
  kIs,       ///< test, negated
  kInList,   ///< child 0 in the rest, negated
  kBetween,  ///< gone after coercion
  kLike,     ///< child 0 like child 1; negated, case_insensitive, escape
  kCast,     ///< to type
  kTryCast,
  kFunction,  ///< function
  kCase,      ///< [operand] (when then)* [else]
};

enum class IsTest { kNull, kTrue, kFalse, kUnknown };

struct Logical;
using LogicalPtr = std::shared_ptr<const Logical>;

/// A node of the bound expression. Immutable once built. `type` is null until coercion has run, except for
/// columns, fields of columns, literals and casts.
struct Logical {
  LogicalKind kind = LogicalKind::kLiteral;
  Op op = Op::kEq;
  IsTest test = IsTest::kNull;
  bool negated = false;
  bool case_insensitive = false;
  bool has_operand = false;
  bool has_else = false;
  std::optional<char> escape;
  int index = -1;
  std::string name;
  const FunctionInfo* function = nullptr;
  std::shared_ptr<arrow::Scalar> literal;
  std::shared_ptr<arrow::DataType> type;
  std::vector<LogicalPtr> children;

  const LogicalPtr& child(size_t i) const { return children[i]; }
  bool is_literal() const { return kind == LogicalKind::kLiteral; }
  bool is_binary(Op which) const { return kind == LogicalKind::kBinary && op == which; }
};

LogicalPtr MakeLiteral(std::shared_ptr<arrow::Scalar> value);
LogicalPtr MakeBool(bool value);
LogicalPtr MakeNull(const std::shared_ptr<arrow::DataType>& type);
LogicalPtr MakeBinary(LogicalPtr left, Op op, LogicalPtr right,
                      std::shared_ptr<arrow::DataType> type = nullptr);
LogicalPtr MakeNot(LogicalPtr child);
LogicalPtr MakeIs(LogicalPtr child, IsTest test, bool negated);
/// child CAST to type; the child itself when it has that type.
LogicalPtr MakeCast(LogicalPtr child, const std::shared_ptr<arrow::DataType>& type, bool is_try = false);
/// `node` with other children.
LogicalPtr WithChildren(const Logical& node, std::vector<LogicalPtr> children);
/// Folds a list into a balanced AND / OR tree, so that depth grows with the logarithm of the length.
LogicalPtr MakeChain(std::vector<LogicalPtr> terms, Op op);
/// The terms of an AND / OR tree in order.
void FlattenChain(const LogicalPtr& node, Op op, std::vector<LogicalPtr>* terms);

/// The path of a column, or of a field reached from one, as Expression::columns() has it; empty for anything
/// else.
std::string PathOf(const Logical& node);

/// True when both print the same plan, so mean the same.
bool SameLogical(const Logical& a, const Logical& b);
/// True when the value can differ between calls (random, uuid).
bool IsVolatile(const Logical& node);

/// Plan text as DataFusion prints logical expressions: `i > Int64(5) AND s = Utf8("x")`.
std::string PrintLogical(const Logical& node);
/// Plan text as DataFusion prints physical expressions: `i@0 > 5 AND s@1 = x`.
std::string PrintPhysical(const Logical& node);
/// The value without its type: 5, x, 2020-01-01, NULL.
std::string PrintValue(const arrow::Scalar& value);
/// `Int64(5)`, `Utf8("x")`, `Date32("2020-01-01")`.
std::string PrintLiteral(const arrow::Scalar& value);
/// Type names as DataFusion prints them: Utf8, Timestamp(µs), Decimal128(10, 2).
std::string PrintType(const arrow::DataType& type);

}  // namespace lance::expr
