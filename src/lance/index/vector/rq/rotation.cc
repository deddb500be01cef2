#include "lance/index/vector/rq/rotation.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "lance/simd/rotation.h"

namespace lance::index {
namespace {

constexpr size_t kRounds = 4;

}  // namespace

void ApplyFastRotation(std::span<const uint8_t> signs, std::span<float> values) {
  const size_t size = values.size();
  if (size == 0) return;
  const size_t round_bytes = (size + 7) / 8;
  const size_t power = std::bit_floor(size);
  const float scale = 1.0f / std::sqrt(static_cast<float>(power));
  for (size_t round = 0; round < kRounds; ++round) {
    simd::FlipSigns(signs.data() + round * round_bytes, values.data(), size);
    simd::HadamardTransform(round % 2 == 0 ? values.data() : values.data() + (size - power), power, scale);
    if (power < size) simd::AddAndSubtract(values.data(), values.data() + size / 2, size / 2);
  }
  if (power == size) return;
  for (float& value : values) value *= 0.25f;
}

void Rotate(const QuantizerModel& model, std::span<const float> vector, float* out) {
  const size_t size = model.code_dimension;
  if (model.rq().rotation == RqMetadata::Rotation::kFast) {
    std::copy(vector.begin(), vector.end(), out);
    std::fill(out + vector.size(), out + size, 0.0f);
    ApplyFastRotation(*model.rq().rotation_signs, {out, size});
    return;
  }
  for (size_t r = 0; r < size; ++r) {
    const float* row = model.rotation.data() + r * size;
    float sum = 0;
    for (size_t d = 0; d < vector.size(); ++d) sum += row[d] * vector[d];
    out[r] = sum;
  }
}

}  // namespace lance::index
