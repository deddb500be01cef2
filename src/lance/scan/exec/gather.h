#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "lance/base/status.h"

namespace arrow {
class ArrayData;
}

namespace lance::scan {

/// The entries of an array at `positions`, which must lie inside it. Nullptr for types that this has no fast
/// way for: all but fixed-width values of 1, 2, 4, 8 and 16 bytes, strings and bytes. Faster than Arrow's
/// filter, which walks runs of bits, where many short runs are wanted. Errors: ResourceExhausted.
Result<std::shared_ptr<arrow::ArrayData>> Gather(const arrow::ArrayData& array,
                                                 std::span<const uint32_t> positions);

}  // namespace lance::scan
