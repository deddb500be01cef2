#pragma once

#include <arrow/datum.h>

#include "lance/base/status.h"
#include "lance/expr/logical.h"

namespace lance::expr {

/// Three-valued AND / OR of boolean arrays or scalars.
Result<arrow::Datum> AndOr(bool is_and, const arrow::Datum& left, const arrow::Datum& right);
/// Three-valued NOT.
Result<arrow::Datum> Not(const arrow::Datum& value);
/// value IS [NOT] NULL, TRUE, FALSE or UNKNOWN: never null.
Result<arrow::Datum> Is(const arrow::Datum& value, IsTest test, bool negated, int64_t rows);
/// True when no row can become true by AND (or false by OR) any more: the other operand need not be computed.
bool Decides(bool is_and, const arrow::Datum& value);

}  // namespace lance::expr
