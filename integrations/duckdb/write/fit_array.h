#pragma once

#include <memory>

#include <arrow/result.h>

namespace arrow {
class Array;
class Field;
}  // namespace arrow

namespace lance::sql {

/// Casts values to the type of a table's column: the inverse of type_mapping.h, and what else Arrow casts
/// without loss (rounding to 16-bit floats excepted). The same array when nothing changes.
/// Errors: Invalid names the column.
arrow::Result<std::shared_ptr<arrow::Array>> FitArray(const std::shared_ptr<arrow::Array>& array,
                                                      const arrow::Field& column);

}  // namespace lance::sql
