#pragma once

#include <memory>

#include "lance/base/status.h"
#include "lance/schema/schema.h"

namespace arrow {
class Array;
class ArrayData;
}  // namespace arrow

namespace lance::file {

/// Returns the array's data as the writer takes it: extension types are their storage, string and binary
/// views plain strings. Members of structs may come in any order. Errors: InvalidArgument when the type is
/// not the field's.
Result<std::shared_ptr<arrow::ArrayData>> AcceptColumn(const schema::Field& field,
                                                       const std::shared_ptr<arrow::Array>& array);

}  // namespace lance::file
