#include "lance/expr/functions/tables.h"
namespace lance::expr {
std::span<const FunctionInfo> MathFunctions() { return {}; }
}  // namespace lance::expr
