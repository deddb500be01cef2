#pragma once

#include <memory>
#include <span>
#include <vector>

#include "lance/index/vector/build/encoder.h"
#include "lance/index/vector/kmeans/kmeans.h"

namespace lance::index {

struct PqShape {
  size_t dim = 0;
  size_t num_sub_vectors = 0;
  uint32_t num_bits = 8;  ///< 8 or 4
  size_t sub_dim() const { return dim / num_sub_vectors; }
  size_t num_codes() const { return size_t{1} << num_bits; }
  Status Validate() const;
};

/// Trains the codebook of each sub-vector by itself: [sub_vector][code][sub_dim]. `options` says how; k is
/// set by the shape. Errors: InvalidArgument when there are fewer rows than codes.
Result<std::vector<float>> TrainCodebook(const float* rows, size_t num_rows, const PqShape& shape,
                                         const KMeansOptions& options);

/// How codes are made. With centroids (num_partitions * dim) of the residuals, without of the vectors.
struct PqEncoderSettings {
  PqShape shape;
  std::vector<float> codebook;
  std::vector<float> centroids;
  simd::Element element = simd::Element::kFloat32;  ///< of the codebook in the file
  bool row_major = false;                           ///< else a partition's codes lie column after column
};
std::unique_ptr<Encoder> MakePqEncoder(PqEncoderSettings settings);

/// What codes stand for, dim floats a row.
void DecodePq(const PqShape& shape, std::span<const float> codebook, std::span<const uint8_t> codes,
              size_t count, float* out);

}  // namespace lance::index
