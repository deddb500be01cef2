#pragma once

#include <memory>

#include "lance/base/status.h"

namespace arrow {
class Array;
class DataType;
}  // namespace arrow

namespace lance::dataset {

/// Whether a column may change from one type to the other: within integers, floats, times, strings, binaries,
/// decimals and lists of such; dictionaries count as their values.
bool IsAllowedCast(const arrow::DataType& from, const arrow::DataType& to);

/// The values as another type; members of structs are cast one by one, by position.
/// Errors: InvalidArgument when a value does not fit.
Result<std::shared_ptr<arrow::Array>> CastColumn(const std::shared_ptr<arrow::Array>& values,
                                                 const std::shared_ptr<arrow::DataType>& type);

}  // namespace lance::dataset
