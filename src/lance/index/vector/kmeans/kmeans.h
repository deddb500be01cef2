#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "lance/base/status.h"
#include "lance/runtime/cancellation.h"
#include "lance/simd/distance.h"

namespace lance::runtime {
class ThreadPool;
}

namespace lance::index {

/// How k-means is trained. Rows and centroids are float32, row-major.
struct KMeansOptions {
  simd::Metric metric = simd::Metric::kL2;  ///< kL2 or kDot (then centroids have length 1)
  size_t k = 0;
  int max_iterations = 50;
  double tolerance = 1e-4;  ///< stops when the loss falls by less than this share
  /// More clusters than this are trained as a tree of two or more levels, sizes in proportion to the rows
  /// below, and then refined with all centroids competing for all rows.
  size_t max_flat_k = 256;
  int refine_iterations = 3;
  uint64_t seed = 42;  ///< the same rows, options and seed give the same centroids, on any number of threads
  std::span<const float> initial;  ///< k * dim floats to begin with; empty: rows drawn at random
  runtime::ThreadPool* pool = nullptr;
  runtime::CancellationToken cancellation;
  std::function<void(int iterations_done)> progress;  ///< so far, in all parts; one call at a time
};

struct KMeansModel {
  std::vector<float> centroids;  ///< k * dim
  double loss = 0;  ///< sum over rows of the distance to the nearest centroid, when last assigned
};

/// Clusters `num_rows` finite rows. Errors: InvalidArgument when there are fewer rows than clusters;
/// Cancelled. Empty clusters take half of the largest one.
Result<KMeansModel> TrainKMeans(const float* rows, size_t num_rows, size_t dim, const KMeansOptions& options);

/// Writes the nearest centroid of each row, and its distance unless `distances` is null, on all threads.
Status AssignToCentroids(const float* rows, size_t num_rows, size_t dim, std::span<const float> centroids,
                         simd::Metric metric, runtime::ThreadPool* pool, uint32_t* ids, float* distances);

/// K-modes over bit vectors of `dim` bytes with the Hamming distance: each bit of a centroid is what most of
/// its rows have.
struct KModesModel {
  std::vector<uint8_t> centroids;
  double loss = 0;
};
Result<KModesModel> TrainKModes(const uint8_t* rows, size_t num_rows, size_t dim,
                                const KMeansOptions& options);

Status AssignToModes(const uint8_t* rows, size_t num_rows, size_t dim, std::span<const uint8_t> centroids,
                     runtime::ThreadPool* pool, uint32_t* ids, float* distances);

}  // namespace lance::index
