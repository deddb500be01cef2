// Stands in until the filter language is there: weak, so that the real functions take its place by being
// linked. To be deleted with the first of them.
#include <arrow/api.h>

#include "lance/expr/expr.h"

namespace lance::expr {

__attribute__((weak)) Result<std::shared_ptr<const Expression>> ParseFilter(
    std::string_view, const std::shared_ptr<arrow::Schema>&) {
  return NotSupported("filters");
}

__attribute__((weak)) Result<std::shared_ptr<const Expression>> ParseExpression(
    std::string_view, const std::shared_ptr<arrow::Schema>&) {
  return NotSupported("computed columns");
}

}  // namespace lance::expr
