#pragma once

#include <cstdint>
#include <memory>

#include <arrow/buffer.h>

#include "lance/base/status.h"

namespace lance::index {

/// Brings the further bits of RQ codes, of 1 to 8 bits a dimension, into one byte a dimension, row after row.
/// `blocked`: from blocks of 64 dimensions (see the folder's README); else from a bit stream a row, least
/// significant bit first.
Result<std::shared_ptr<arrow::Buffer>> UnpackExCodes(const arrow::Buffer& stored, size_t rows,
                                                     size_t dimension, uint32_t ex_bits, bool blocked);

}  // namespace lance::index
