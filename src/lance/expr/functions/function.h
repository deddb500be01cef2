#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/datum.h>
#include <arrow/type_fwd.h>

#include "lance/base/status.h"

namespace lance::expr {

using Types = std::vector<std::shared_ptr<arrow::DataType>>;

/// What a call needs its arguments cast to, and what it returns.
struct Signature {
  Types arguments;
  std::shared_ptr<arrow::DataType> result;
};

/// One scalar function. The tables in this folder list them; FindFunction knows the aliases too.
struct FunctionInfo {
  const char* name;
  /// Decides the signature for arguments of these types; InvalidArgument when none fits.
  Result<Signature> (*sign)(const FunctionInfo& self, const Types& types);
  /// Computes one value per row. Arguments have the types that `sign` asked for, each an array of `rows`
  /// entries or a scalar that stands for all rows. Returns an array of `rows` entries, or a scalar.
  Result<arrow::Datum> (*call)(const std::vector<arrow::Datum>& arguments, int64_t rows,
                               const std::shared_ptr<arrow::DataType>& result);
  bool is_volatile = false;
};

/// Returns nullptr when no function has that name or alias. Names are compared without case.
const FunctionInfo* FindFunction(std::string_view name);

/// Up to three names near to a misspelt one.
std::vector<std::string> NearFunctions(std::string_view name);

}  // namespace lance::expr
