// Lloyd's algorithm (S. P. Lloyd, "Least squares quantization in PCM", 1982). Assignment is a blocked product
// of matrices (simd/nearest.h). Means are taken cluster by cluster in row order, so that the result does not
// depend on threads.
//
// Many clusters are trained as a tree, as the reference does above 256: a few coarse clusters share out the
// centroids in proportion to their rows and each is clustered by itself, which costs sqrt(k) instead of k for
// each row and iteration. A row near the border of two coarse clusters is then badly served; a few iterations
// over everything repair that.
#include "lance/index/vector/kmeans/kmeans.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <mutex>
#include <numeric>
#include <random>

#include "lance/index/vector/kmeans/members.h"
#include "lance/runtime/parallel_for.h"
#include "lance/simd/nearest.h"

namespace lance::index {
namespace {

constexpr size_t kAssignBlock = 4096;
// Rows a cluster is trained on at most, within the tree.
constexpr size_t kRowsPerCluster = 512;
// Within the tree iterations stop earlier: what they miss, the last ones over everything find.
constexpr double kTreeTolerance = 2e-3;

// Iterations of all parts of a training.
struct Progress {
  const KMeansOptions& options;
  std::mutex mutex;
  int done = 0;

  void Add() {
    const std::lock_guard lock(mutex);
    ++done;
    if (options.progress) options.progress(done);
  }
};

struct Trainer {
  const KMeansOptions& options;
  size_t dim;
  runtime::ThreadPool* pool;  // null in parts that run beside others
  Progress* progress;
};

void NormalizeAll(std::span<float> centroids, size_t dim) {
  for (size_t c = 0; c * dim < centroids.size(); ++c) {
    float* v = centroids.data() + c * dim;
    double sum = 0;
    for (size_t k = 0; k < dim; ++k) sum += static_cast<double>(v[k]) * v[k];
    if (!(sum > 0)) continue;
    const auto scale = static_cast<float>(1 / std::sqrt(sum));
    for (size_t k = 0; k < dim; ++k) v[k] *= scale;
  }
}

// Draws k of the rows without replacement.
std::vector<float> DrawRows(const float* rows, size_t num_rows, size_t dim, size_t k, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<uint32_t> order(num_rows);
  std::iota(order.begin(), order.end(), 0u);
  std::vector<float> out(k * dim);
  for (size_t i = 0; i < k; ++i) {
    std::swap(order[i], order[i + random() % (num_rows - i)]);
    std::copy_n(rows + size_t{order[i]} * dim, dim, out.data() + i * dim);
  }
  return out;
}

// Gives every empty cluster half of the largest one: two centroids a little apart.
void SplitLargest(std::vector<size_t>* sizes, std::span<float> centroids, size_t dim) {
  constexpr float kStep = 1.0f / 1024;
  for (size_t i = 0; i < sizes->size(); ++i) {
    if ((*sizes)[i] > 0) continue;
    const size_t largest =
        static_cast<size_t>(std::max_element(sizes->begin(), sizes->end()) - sizes->begin());
    if ((*sizes)[largest] < 2) return;
    (*sizes)[i] = (*sizes)[largest] / 2;
    (*sizes)[largest] -= (*sizes)[i];
    for (size_t k = 0; k < dim; ++k) {
      const float value = centroids[largest * dim + k], step = k % 2 == 0 ? kStep : -kStep;
      centroids[i * dim + k] = value * (1 + step);
      centroids[largest * dim + k] = value * (1 - step);
    }
  }
}

// Means of the clusters; an empty one is split off the largest.
Status UpdateCentroids(const float* rows, std::span<const uint32_t> ids, const Trainer& trainer,
                       std::vector<float>* centroids) {
  const size_t dim = trainer.dim, k = centroids->size() / dim;
  const Members members = GroupByCluster(ids, k);
  std::vector<size_t> sizes(k);
  const size_t tasks = std::min<size_t>(k, 64);
  ARROW_RETURN_NOT_OK(runtime::ParallelFor(
      ids.size() * dim > (1u << 18) ? trainer.pool : nullptr, tasks, [&](size_t task) -> Status {
        std::vector<float> sum(dim);
        for (size_t c = task * k / tasks; c < (task + 1) * k / tasks; ++c) {
          sizes[c] = members.size(c);
          if (sizes[c] == 0) continue;
          std::fill(sum.begin(), sum.end(), 0.0f);
          for (const uint32_t row : members.of(c)) {
            const float* v = rows + size_t{row} * dim;
            for (size_t d = 0; d < dim; ++d) sum[d] += v[d];
          }
          const float scale = 1.0f / static_cast<float>(sizes[c]);
          for (size_t d = 0; d < dim; ++d) (*centroids)[c * dim + d] = sum[d] * scale;
        }
        return Status::OK();
      }));
  SplitLargest(&sizes, *centroids, dim);
  if (trainer.options.metric == simd::Metric::kDot) NormalizeAll(*centroids, dim);
  return Status::OK();
}

// Iterates until the loss settles. Returns the loss of the last assignment.
Result<double> Iterate(const float* rows, size_t num_rows, int max_iterations, double tolerance,
                       Trainer* trainer, std::vector<float>* centroids) {
  std::vector<uint32_t> ids(num_rows);
  std::vector<float> distances(num_rows);
  double loss = std::numeric_limits<double>::infinity();
  for (int i = 0; i < max_iterations; ++i) {
    ARROW_RETURN_NOT_OK(trainer->options.cancellation.Check());
    ARROW_RETURN_NOT_OK(AssignToCentroids(rows, num_rows, trainer->dim, *centroids, trainer->options.metric,
                                          trainer->pool, ids.data(), distances.data()));
    const double now = std::accumulate(distances.begin(), distances.end(), 0.0);
    ARROW_RETURN_NOT_OK(UpdateCentroids(rows, ids, *trainer, centroids));
    trainer->progress->Add();
    const bool settled = std::isfinite(loss) && loss - now <= tolerance * std::abs(now);
    loss = now;
    if (settled) break;
  }
  return loss;
}

Result<KMeansModel> TrainFlat(const float* rows, size_t num_rows, size_t k, uint64_t seed, double tolerance,
                              Trainer* trainer) {
  const size_t used = std::min(num_rows, k * kRowsPerCluster);
  std::vector<float> sample;
  if (used < num_rows) {  // evenly: rows may be sorted
    sample.resize(used * trainer->dim);
    for (size_t i = 0; i < used; ++i) {
      std::copy_n(rows + i * num_rows / used * trainer->dim, trainer->dim, sample.data() + i * trainer->dim);
    }
    rows = sample.data();
  }
  KMeansModel model;
  model.centroids = DrawRows(rows, used, trainer->dim, k, seed);
  if (trainer->options.metric == simd::Metric::kDot) NormalizeAll(model.centroids, trainer->dim);
  ARROW_ASSIGN_OR_RAISE(
      model.loss, Iterate(rows, used, trainer->options.max_iterations, tolerance, trainer, &model.centroids));
  return model;
}

// Shares out k centroids in proportion to the sizes, at most one a row: largest remainders first.
std::vector<size_t> ShareOut(const std::vector<size_t>& sizes, size_t k) {
  const size_t total = std::accumulate(sizes.begin(), sizes.end(), size_t{0});
  std::vector<size_t> out(sizes.size()), order(sizes.size());
  size_t given = 0;
  for (size_t i = 0; i < sizes.size(); ++i) given += out[i] = std::min(k * sizes[i] / total, sizes[i]);
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return k * sizes[a] % total > k * sizes[b] % total; });
  while (given < k) {
    for (size_t i = 0; i < order.size() && given < k; ++i) {
      if (out[order[i]] >= sizes[order[i]]) continue;
      ++out[order[i]];
      ++given;
    }
  }
  return out;
}

Status TrainTree(const float* rows, size_t num_rows, size_t k, uint64_t seed, Trainer* trainer,
                 std::vector<float>* centroids) {
  if (k <= trainer->options.max_flat_k) {
    ARROW_ASSIGN_OR_RAISE(KMeansModel model, TrainFlat(rows, num_rows, k, seed, kTreeTolerance, trainer));
    centroids->insert(centroids->end(), model.centroids.begin(), model.centroids.end());
    return Status::OK();
  }
  const size_t dim = trainer->dim;
  const auto coarse_k =
      std::min<size_t>(64, static_cast<size_t>(std::ceil(std::sqrt(static_cast<double>(k)))));
  ARROW_ASSIGN_OR_RAISE(const KMeansModel coarse,
                        TrainFlat(rows, num_rows, coarse_k, seed, kTreeTolerance, trainer));
  std::vector<uint32_t> ids(num_rows);
  ARROW_RETURN_NOT_OK(AssignToCentroids(rows, num_rows, dim, coarse.centroids, trainer->options.metric,
                                        trainer->pool, ids.data(), nullptr));
  const Members members = GroupByCluster(ids, coarse_k);
  std::vector<size_t> sizes(coarse_k);
  for (size_t c = 0; c < coarse_k; ++c) sizes[c] = members.size(c);
  const std::vector<size_t> shares = ShareOut(sizes, k);
  std::vector<std::vector<float>> parts(coarse_k);
  ARROW_RETURN_NOT_OK(runtime::ParallelFor(trainer->pool, coarse_k, [&](size_t c) -> Status {
    if (shares[c] == 0) return Status::OK();
    Trainer part{trainer->options, dim, nullptr, trainer->progress};
    if (sizes[c] == num_rows) {  // equal rows: no tree divides them
      ARROW_ASSIGN_OR_RAISE(KMeansModel model,
                            TrainFlat(rows, num_rows, shares[c], seed, kTreeTolerance, &part));
      parts[c] = std::move(model.centroids);
      return Status::OK();
    }
    const auto of = members.of(c);
    std::vector<float> gathered(of.size() * dim);
    for (size_t i = 0; i < of.size(); ++i) {
      std::copy_n(rows + size_t{of[i]} * dim, dim, gathered.data() + i * dim);
    }
    const uint64_t child = seed * 6364136223846793005u + 2 * c + 1;
    return TrainTree(gathered.data(), of.size(), shares[c], child, &part, &parts[c]);
  }));
  for (const std::vector<float>& part : parts) centroids->insert(centroids->end(), part.begin(), part.end());
  return Status::OK();
}

}  // namespace

Result<KMeansModel> TrainKMeans(const float* rows, size_t num_rows, size_t dim,
                                const KMeansOptions& options) {
  LANCE_CHECK_ARG(options.k > 0 && dim > 0, "k-means needs at least one cluster and one dimension");
  LANCE_CHECK_ARG(num_rows >= options.k,
                  "KMeans cannot train {} centroids with {} vectors; choose a smaller K (< {})", options.k,
                  num_rows, num_rows);
  LANCE_CHECK_ARG(options.initial.empty() || options.initial.size() == options.k * dim,
                  "k-means begins with {} floats, {} centroids of {} dimensions need {}",
                  options.initial.size(), options.k, dim, options.k * dim);
  LANCE_CHECK_ARG(options.metric == simd::Metric::kL2 || options.metric == simd::Metric::kDot,
                  "k-means over floats takes the metrics l2 and dot");
  Progress progress{.options = options};
  Trainer trainer{options, dim, options.pool, &progress};
  KMeansModel model;
  if (!options.initial.empty()) {
    model.centroids.assign(options.initial.begin(), options.initial.end());
    if (options.metric == simd::Metric::kDot) NormalizeAll(model.centroids, dim);
    ARROW_ASSIGN_OR_RAISE(model.loss, Iterate(rows, num_rows, options.max_iterations, options.tolerance,
                                              &trainer, &model.centroids));
    return model;
  }
  if (options.k <= options.max_flat_k)
    return TrainFlat(rows, num_rows, options.k, options.seed, options.tolerance, &trainer);
  ARROW_RETURN_NOT_OK(TrainTree(rows, num_rows, options.k, options.seed, &trainer, &model.centroids));
  const int refine = std::max(1, std::min(options.refine_iterations, options.max_iterations));
  ARROW_ASSIGN_OR_RAISE(model.loss,
                        Iterate(rows, num_rows, refine, options.tolerance, &trainer, &model.centroids));
  return model;
}

Status AssignToCentroids(const float* rows, size_t num_rows, size_t dim, std::span<const float> centroids,
                         simd::Metric metric, runtime::ThreadPool* pool, uint32_t* ids, float* distances) {
  const auto nearest = simd::NearestPoint::Make(metric, centroids.data(), centroids.size() / dim, dim);
  const size_t blocks = (num_rows + kAssignBlock - 1) / kAssignBlock;
  const bool parallel = num_rows * centroids.size() > (1u << 20);
  return runtime::ParallelFor(parallel ? pool : nullptr, blocks, [&](size_t block) -> Status {
    const size_t first = block * kAssignBlock;
    nearest->Find(rows + first * dim, std::min(kAssignBlock, num_rows - first), dim, ids + first,
                  distances == nullptr ? nullptr : distances + first);
    return Status::OK();
  });
}

}  // namespace lance::index
