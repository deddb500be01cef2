// Introspection. Digests (md5, sha256 ...) are not there yet.
#include <arrow/api.h>

#include "lance/expr/functions/signatures.h"
#include "lance/expr/functions/tables.h"

namespace lance::expr {
namespace {

Result<Signature> SignTypeOf(const FunctionInfo& self, const Types& types) {
  if (types.size() != 1) return BadArguments(self, types, "one argument");
  return Signature{types, arrow::utf8()};
}
Result<arrow::Datum> TypeOf(const std::vector<arrow::Datum>& values, int64_t, const TypePtr&) {
  return arrow::Datum(std::make_shared<arrow::StringScalar>(PrintType(*values[0].type())));
}

const FunctionInfo kFunctions[] = {{"arrow_typeof", SignTypeOf, TypeOf}};

}  // namespace

std::span<const FunctionInfo> IntrospectionFunctions() { return kFunctions; }

}  // namespace lance::expr
