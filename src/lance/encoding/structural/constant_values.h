#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "lance/base/status.h"
#include "lance/encoding/core/leaf_shape.h"

namespace arrow {
class ArrayData;
}

namespace lance::encoding {

/// One value: the bytes of a fixed-width one (a boolean in bit 0), or those of a string.
struct ConstantValue {
  std::vector<uint8_t> bytes;
};

/// Reads the value that a layout carries in its message.
Result<ConstantValue> InlineConstant(const LeafShape& shape, std::span<const uint8_t> stored);
/// Reads a value buffer: u32 count, so many u32 lengths, then the Arrow buffers of an array of one.
Result<ConstantValue> StoredConstant(const LeafShape& shape, std::span<const uint8_t> stored);

/// Makes an array of `count` times the value.
Result<std::shared_ptr<arrow::ArrayData>> RepeatValue(const LeafShape& shape, const ConstantValue& value,
                                                      uint64_t count);
/// Makes an array of `count` values that are null by their levels; its contents are zeros.
Result<std::shared_ptr<arrow::ArrayData>> NullValues(const LeafShape& shape, uint64_t count);

}  // namespace lance::encoding
