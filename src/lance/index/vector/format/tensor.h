#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "lance/base/status.h"
#include "lance/simd/distance.h"

namespace lance::index {

/// A matrix as index files keep it: row-major, little-endian.
struct Tensor {
  simd::Element element = simd::Element::kFloat32;
  uint64_t rows = 0;
  uint64_t columns = 0;
  std::string data;

  /// All values as float32, rounded where they are float64.
  std::vector<float> ToFloats() const;
  static Tensor FromFloats(std::span<const float> values, uint64_t columns);
  bool operator==(const Tensor&) const = default;
};

/// Bytes of one value.
size_t ElementSize(simd::Element element);
/// `count` values of `element` at `from` as float32.
void ConvertToFloats(simd::Element element, const void* from, size_t count, float* to);

/// Errors: Corruption when shape and data disagree; NotSupported for element types that no vector has.
Result<Tensor> ParseTensor(std::span<const uint8_t> bytes);
std::string SerializeTensor(const Tensor& tensor);

}  // namespace lance::index
