// K-modes (Z. Huang, 1998) over bits: Lloyd's iterations with the Hamming distance and the majority as mean.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <random>

#include "lance/index/vector/kmeans/kmeans.h"
#include "lance/index/vector/kmeans/members.h"
#include "lance/runtime/parallel_for.h"

namespace lance::index {
namespace {

constexpr size_t kBlock = 1024;

// The majority of each bit over some rows; ties give 0.
void Majority(const uint8_t* rows, std::span<const uint32_t> of, size_t dim, uint8_t* out) {
  std::vector<uint32_t> counts(dim * 8, 0);
  for (const uint32_t row : of) {
    const uint8_t* v = rows + size_t{row} * dim;
    for (size_t bit = 0; bit < dim * 8; ++bit) counts[bit] += v[bit / 8] >> (bit % 8) & 1;
  }
  std::memset(out, 0, dim);
  for (size_t bit = 0; bit < dim * 8; ++bit) {
    if (2 * counts[bit] > of.size()) out[bit / 8] |= static_cast<uint8_t>(1u << (bit % 8));
  }
}

}  // namespace

Status AssignToModes(const uint8_t* rows, size_t num_rows, size_t dim, std::span<const uint8_t> centroids,
                     runtime::ThreadPool* pool, uint32_t* ids, float* distances) {
  const size_t k = centroids.size() / dim, blocks = (num_rows + kBlock - 1) / kBlock;
  return runtime::ParallelFor(pool, blocks, [&](size_t block) -> Status {
    std::vector<float> scores(k);
    for (size_t row = block * kBlock; row < std::min(num_rows, (block + 1) * kBlock); ++row) {
      simd::Distances(simd::Metric::kHamming, simd::Element::kUInt8, rows + row * dim, centroids.data(), k,
                      dim, scores.data());
      const auto least = std::min_element(scores.begin(), scores.end());
      ids[row] = static_cast<uint32_t>(least - scores.begin());
      if (distances != nullptr) distances[row] = *least;
    }
    return Status::OK();
  });
}

Result<KModesModel> TrainKModes(const uint8_t* rows, size_t num_rows, size_t dim,
                                const KMeansOptions& options) {
  const size_t k = options.k;
  LANCE_CHECK_ARG(k > 0 && dim > 0, "k-modes needs at least one cluster and one byte");
  LANCE_CHECK_ARG(num_rows >= k,
                  "KMeans cannot train {} centroids with {} vectors; choose a smaller K (< {})", k, num_rows,
                  num_rows);
  KModesModel model;
  model.centroids.resize(k * dim);
  std::mt19937_64 random(options.seed);
  std::vector<uint32_t> order(num_rows);
  std::iota(order.begin(), order.end(), 0u);
  for (size_t i = 0; i < k; ++i) {
    std::swap(order[i], order[i + random() % (num_rows - i)]);
    std::memcpy(model.centroids.data() + i * dim, rows + size_t{order[i]} * dim, dim);
  }
  std::vector<uint32_t> ids(num_rows);
  std::vector<float> distances(num_rows);
  double loss = std::numeric_limits<double>::infinity();
  for (int i = 0; i < options.max_iterations; ++i) {
    ARROW_RETURN_NOT_OK(options.cancellation.Check());
    ARROW_RETURN_NOT_OK(
        AssignToModes(rows, num_rows, dim, model.centroids, options.pool, ids.data(), distances.data()));
    model.loss = std::accumulate(distances.begin(), distances.end(), 0.0);
    const Members members = GroupByCluster(ids, k);
    ARROW_RETURN_NOT_OK(runtime::ParallelFor(options.pool, k, [&](size_t c) -> Status {
      uint8_t* to = model.centroids.data() + c * dim;
      if (members.size(c) > 0) {
        Majority(rows, members.of(c), dim, to);
      } else {  // an empty cluster begins anew at some row
        std::memcpy(to, rows + (options.seed + c * 0x9E3779B97F4A7C15u + i) % num_rows * dim, dim);
      }
      return Status::OK();
    }));
    if (options.progress) options.progress(i + 1);
    if (std::isfinite(loss) && loss - model.loss <= options.tolerance * model.loss) break;
    loss = model.loss;
  }
  return model;
}

}  // namespace lance::index
