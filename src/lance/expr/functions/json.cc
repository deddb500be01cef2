#include "lance/expr/functions/tables.h"
namespace lance::expr {
std::span<const FunctionInfo> JsonFunctions() { return {}; }
}  // namespace lance::expr
