#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "lance/base/status.h"
#include "lance/index/vector/build/encoder.h"
#include "lance/index/vector/build/node_distance.h"
#include "lance/index/vector/build/params.h"
#include "lance/index/vector/format/tensor.h"
#include "lance/index/vector/kmeans/kmeans.h"

namespace lance::index {

/// What training finds out: where partitions lie and how vectors are coded. Immutable, thread-safe.
struct VectorModel {
  VectorIndexKind kind;
  simd::Metric metric = simd::Metric::kL2;
  VectorType type;
  std::vector<float> centroids;  ///< num_partitions * dim; of uint8 columns `modes` instead
  std::vector<uint8_t> modes;
  std::optional<double> loss;
  std::unique_ptr<Encoder> encoder;
  std::vector<float> codebook;  ///< of PQ

  bool bytes() const { return type.element == simd::Element::kUInt8; }
  size_t num_partitions() const { return (bytes() ? modes.size() : centroids.size()) / type.dim; }
  /// Partitions are near by L2 (cosine: of vectors of length 1) or dot.
  simd::Metric assign_metric() const {
    return metric == simd::Metric::kDot ? simd::Metric::kDot : simd::Metric::kL2;
  }
  Tensor CentroidTensor() const;
  /// Distances among the vectors that records stand for.
  Result<std::unique_ptr<NodeDistance>> Distances(std::vector<uint8_t> records, size_t count) const;
};

/// Trains on `sample`, which are rows drawn at random, made as the metric wants them. With centroids or a
/// codebook among the parameters, these are not trained.
Result<VectorModel> TrainModel(VectorRows sample, const VectorType& type, const VectorIndexParams& params,
                               size_t num_partitions, const BuildContext& context);

/// Where partitions lie.
struct Centroids {
  std::vector<float> values;  ///< num_partitions * dim; of uint8 columns `modes` instead
  std::vector<uint8_t> modes;
  double loss = 0;
};

/// Clusters rows that were made as the metric wants them, by its assign_metric (options.metric). Float
/// centroids are what the column's type can keep.
Result<Centroids> TrainCentroids(const VectorRows& rows, const VectorType& type,
                                 const KMeansOptions& options);

/// How vectors of a column must be read for a metric and kind.
VectorRowsOptions RowsOptions(simd::Metric metric, VectorIndexKind kind, simd::Element element);

}  // namespace lance::index
