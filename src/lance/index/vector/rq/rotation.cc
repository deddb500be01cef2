#include "lance/index/vector/rq/rotation.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace lance::index {
namespace {

constexpr size_t kRounds = 4;

void FlipSigns(const uint8_t* signs, std::span<float> values) {
  for (size_t i = 0; i < values.size(); ++i) {
    if ((signs[i / 8] >> (i % 8) & 1) != 0) values[i] = -values[i];
  }
}

// Walsh-Hadamard; the size is a power of two.
void Transform(std::span<float> values, float scale) {
  for (size_t half = 1; half < values.size(); half *= 2) {
    for (size_t block = 0; block < values.size(); block += 2 * half) {
      for (size_t i = block; i < block + half; ++i) {
        const float x = values[i], y = values[i + half];
        values[i] = x + y;
        values[i + half] = x - y;
      }
    }
  }
  for (float& value : values) value *= scale;
}

}  // namespace

void ApplyFastRotation(std::span<const uint8_t> signs, std::span<float> values) {
  const size_t size = values.size();
  if (size == 0) return;
  const size_t round_bytes = (size + 7) / 8;
  const size_t power = std::bit_floor(size);
  const float scale = 1.0f / std::sqrt(static_cast<float>(power));
  for (size_t round = 0; round < kRounds; ++round) {
    FlipSigns(signs.data() + round * round_bytes, values);
    Transform(round % 2 == 0 ? values.first(power) : values.last(power), scale);
    if (power == size) continue;
    const size_t half = size / 2;
    for (size_t i = 0; i < half; ++i) {
      const float x = values[i], y = values[half + i];
      values[i] = x + y;
      values[half + i] = x - y;
    }
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
