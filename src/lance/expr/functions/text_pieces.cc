#include "lance/expr/functions/tables.h"
namespace lance::expr {
std::span<const FunctionInfo> TextPieceFunctions() { return {}; }
}  // namespace lance::expr
