#pragma once

#include <cstdint>
#include <span>

#include "lance/index/vector/segment.h"

namespace lance::index {

/// Four rounds of random signs and a Walsh-Hadamard transform, in place; of a size that is no power of two
/// the transform takes turns on the first and the last values, and pairs are mixed. `signs` has ceil(size /
/// 8) bytes a round, a set bit negates.
void ApplyFastRotation(std::span<const uint8_t> signs, std::span<float> values);

/// Rotates `vector` (of any size up to the code's) into `out`, of model.code_dimension values.
void Rotate(const QuantizerModel& model, std::span<const float> vector, float* out);

}  // namespace lance::index
