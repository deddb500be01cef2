#pragma once

#include <span>

#include "lance/index/vector/format/tensor.h"

namespace lance::index {

/// float32 values as a tensor of `element`: columns of float16 and float64 keep their centroids in that type.
Tensor NarrowTensor(std::span<const float> values, uint64_t columns, simd::Element element);

}  // namespace lance::index
