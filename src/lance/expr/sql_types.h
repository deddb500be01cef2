#pragma once

#include <memory>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "lance/base/status.h"

namespace lance::expr {

/// The type that CAST(... AS name(arguments)) names. `name` is upper case.
/// \retval InvalidArgument  an unknown name, with the list of the known ones
Result<std::shared_ptr<arrow::DataType>> ParseSqlType(const std::string& name,
                                                      const std::vector<std::string>& arguments);

/// The type that arrow_cast(..., 'Int32') names; the simple types, timestamps, decimals and
/// lists of these.
Result<std::shared_ptr<arrow::DataType>> ParseArrowTypeName(const std::string& name);

/// '1 day', '2 hours 3 minutes', '1.5 seconds'.
Result<std::shared_ptr<arrow::Scalar>> ParseInterval(const std::string& text);

}  // namespace lance::expr
