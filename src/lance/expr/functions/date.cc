#include "lance/expr/functions/tables.h"
namespace lance::expr {
std::span<const FunctionInfo> DateFunctions() { return {}; }
}  // namespace lance::expr
