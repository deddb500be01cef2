#pragma once

#include <memory>

#include <arrow/buffer.h>

#include "lance/base/status.h"

namespace lance::index {

/// Brings sign codes of RQ from the packed form of a partition (blocks of 32 rows, see the folder's README)
/// into plain columns: byte column after byte column, `rows` bytes each.
Result<std::shared_ptr<arrow::Buffer>> UnpackSignCodes(const arrow::Buffer& packed, size_t rows,
                                                       size_t columns);

}  // namespace lance::index
