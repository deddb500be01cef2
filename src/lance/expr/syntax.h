#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lance/base/status.h"

namespace lance::expr {

enum class SyntaxKind {
  kName,    ///< texts: path pieces; quoted when a single back-quoted piece
  kNumber,  ///< text
  kString,  ///< text
  kHex,     ///< text: hexadecimal digits
  kTrue,
  kFalse,
  kNull,
  kUnary,     ///< text: NOT - + ~
  kBinary,    ///< text: operator in its canonical spelling; two children
  kChain,     ///< text: AND or OR; two or more children
  kIs,        ///< text: NULL TRUE FALSE UNKNOWN; negated
  kInList,    ///< child 0 in the rest; negated
  kBetween,   ///< child 0 between 1 and 2; negated
  kLike,      ///< text: LIKE ILIKE SIMILAR RLIKE; escape as third child when given; negated
  kCast,      ///< text: type name; texts: its arguments; negated means TRY_CAST
  kTyped,     ///< text: type name; texts: its arguments; child 0 is the string: DATE '2020-01-01'
  kInterval,  ///< text: amount with units
  kFunction,  ///< text: name; children: arguments
  kCase,      ///< flags has_operand, has_else; children: [operand] when then ... [else]
  kArray,     ///< children: elements
  kField,     ///< child 0, text: field name
  kIndex,     ///< child 0 [ child 1 ]
};

/// What was written, before names and types mean anything.
struct Syntax {
  SyntaxKind kind;
  std::string text;
  std::vector<std::string> texts;
  std::vector<std::unique_ptr<Syntax>> children;
  bool negated = false;
  bool quoted = false;
  bool has_operand = false;
  bool has_else = false;
  size_t offset = 0;
  size_t depth = 1;  ///< height of the tree below, this node included
};
using SyntaxPtr = std::unique_ptr<Syntax>;

/// Height above which a tree is refused, so that every pass over it may recurse.
inline constexpr size_t kMaxDepth = 256;

/// Parses one expression. Time and memory are linear in the text; nesting is capped at kMaxDepth.
/// \retval InvalidArgument  says what was expected, what was found, line and column
Result<SyntaxPtr> Parse(std::string_view sql);

}  // namespace lance::expr
