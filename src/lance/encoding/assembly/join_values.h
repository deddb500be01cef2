#pragma once

#include <memory>
#include <vector>

#include "lance/base/status.h"

namespace arrow {
class ArrayData;
class DataType;
}  // namespace arrow

namespace lance::encoding {

/// Joins the values of several pages into one array; a single part is handed out as it is, none makes an
/// empty array of `type`.
Result<std::shared_ptr<arrow::ArrayData>> JoinValues(std::vector<std::shared_ptr<arrow::ArrayData>> parts,
                                                     const std::shared_ptr<arrow::DataType>& type);

}  // namespace lance::encoding
