#pragma once

#include <arrow/api.h>

#include "lance/expr/functions/function.h"
#include "lance/expr/type_rules.h"

namespace lance::expr {

/// "Function 'lower' ..., got lower(Int64)"
inline Status BadArguments(const FunctionInfo& self, const Types& types, std::string_view needs) {
  std::string given;
  for (size_t i = 0; i < types.size(); ++i) given += (i > 0 ? ", " : "") + PrintType(*types[i]);
  return InvalidArgument("Function '{}' needs {}, got {}({}). You might need to add explicit type casts",
                         self.name, needs, self.name, given);
}

inline bool IsNullType(const arrow::DataType& type) { return type.id() == arrow::Type::NA; }

/// utf8 for utf8 and null, large_utf8 for large_utf8; null when it is no text.
inline TypePtr TextOrNull(const TypePtr& type) {
  if (IsNullType(*type)) return arrow::utf8();
  return IsStringType(*type) ? type : nullptr;
}

/// Text arguments only, `min` to `max` of them; each keeps its width.
template <int kMin, int kMax>
Result<Types> TextArguments(const FunctionInfo& self, const Types& types) {
  if (types.size() < kMin || types.size() > kMax) {
    return BadArguments(
        self, types,
        kMin == kMax ? fmt::format("{} arguments", kMin) : fmt::format("{} to {} arguments", kMin, kMax));
  }
  Types out;
  for (const TypePtr& type : types) {
    out.push_back(TextOrNull(type));
    if (!out.back()) return BadArguments(self, types, "text");
  }
  return out;
}

}  // namespace lance::expr
