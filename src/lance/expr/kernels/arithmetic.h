#pragma once

#include <arrow/datum.h>

#include "lance/base/status.h"
#include "lance/expr/logical.h"

namespace lance::expr {

/// left `op` right for +, -, *, /, %, the bitwise operators and dates with spans. Integers wrap; integer
/// division by zero and the quotient that does not fit are errors; floats follow IEEE 754. \retval
/// InvalidArgument  "Divide by zero", or a decimal or date that leaves its range
Result<arrow::Datum> Arithmetic(Op op, const arrow::Datum& left, const arrow::Datum& right, int64_t rows,
                                const std::shared_ptr<arrow::DataType>& result);

/// The number with its sign changed; integers wrap.
Result<arrow::Datum> Negate(const arrow::Datum& value, int64_t rows);

}  // namespace lance::expr
