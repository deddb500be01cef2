#include "lance/expr/functions/tables.h"
namespace lance::expr {
std::span<const FunctionInfo> HashFunctions() { return {}; }
}  // namespace lance::expr
