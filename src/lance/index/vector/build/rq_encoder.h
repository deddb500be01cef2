#pragma once

#include <memory>
#include <vector>

#include "lance/index/vector/build/encoder.h"

namespace lance::index {

struct RqSettings {
  size_t dim = 0;                           ///< a multiple of 8
  uint32_t num_bits = 5;                    ///< 1 to 9
  simd::Metric metric = simd::Metric::kL2;  ///< kL2 (also of cosine) or kDot
  std::vector<uint8_t> signs;               ///< of the rotation: 4 * dim / 8 bytes
  std::vector<float> centroids;             ///< num_partitions * dim
  bool row_major = false;                   ///< else sign codes are packed by 32 rows
};

/// Random signs of a rotation.
std::vector<uint8_t> MakeRotationSigns(size_t dim, uint64_t seed);

/// RaBitQ codes of rotated residuals. Errors: InvalidArgument.
Result<std::unique_ptr<Encoder>> MakeRqEncoder(RqSettings settings);

}  // namespace lance::index
