#include "lance/expr/functions/tables.h"
namespace lance::expr {
std::span<const FunctionInfo> TextFunctions() { return {}; }
}  // namespace lance::expr
