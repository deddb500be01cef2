#pragma once

#include <memory>

#include "lance/base/status.h"

namespace arrow {
class Array;
class Field;
}  // namespace arrow

namespace lance::scan {

/// JSON columns are kept as JSONB and read as large binary ("lance.json"); people get text ("arrow.json").

/// True when `field` or something inside it is a stored JSON column.
bool HasJson(const arrow::Field& field);
/// The field as people get it.
std::shared_ptr<arrow::Field> WithJsonText(const std::shared_ptr<arrow::Field>& field);
/// The values as people get them. Errors: Corruption.
Result<std::shared_ptr<arrow::Array>> ToJsonText(const std::shared_ptr<arrow::Array>& array,
                                                 const arrow::Field& stored);

}  // namespace lance::scan
