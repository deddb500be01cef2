#pragma once

#include <memory>

#include <arrow/datum.h>
#include <arrow/type_fwd.h>

#include "lance/base/status.h"

namespace lance::expr {

/// The values as `type`. Floats become integers by cutting the fraction; strings are read as numbers, dates
/// and times; decimals round half away from zero. What does not fit is an error, or null with `is_try`.
/// \retval InvalidArgument  "Cannot cast string 'a' to value of Int32 type" ...; NotSupported  no such
/// conversion
Result<arrow::Datum> Cast(const arrow::Datum& value, int64_t rows,
                          const std::shared_ptr<arrow::DataType>& type, bool is_try);

}  // namespace lance::expr
