#include "lance/index/vector/kmeans/kmeans.h"
#include "lance/index/vector/kmeans/spatial_order.h"

#include <algorithm>
#include <random>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "lance/runtime/thread_pool.h"

namespace lance::index {
namespace {

// Rows around `centers` random points, far apart.
std::vector<float> Clustered(size_t rows, size_t dim, size_t centers, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> points(centers * dim), out(rows * dim);
  for (float& value : points) value = 10 * normal(random);
  for (size_t row = 0; row < rows; ++row) {
    for (size_t k = 0; k < dim; ++k) out[row * dim + k] = points[row % centers * dim + k] + normal(random);
  }
  return out;
}

TEST(KMeans, FindsClusters) {
  const size_t rows = 4000, dim = 16;
  const auto data = Clustered(rows, dim, 8, 1);
  KMeansOptions options;
  options.k = 64;
  const KMeansModel model = TrainKMeans(data.data(), rows, dim, options).ValueOrDie();
  ASSERT_EQ(model.centroids.size(), options.k * dim);
  // Within a cluster a row is about dim away from its mean; several means for each are nearer.
  EXPECT_LT(model.loss / rows, 1.0 * dim);
}

TEST(KMeans, ManyClustersAreEvenAndIndependentOfThreads) {
  const size_t rows = 20'000, dim = 8;
  const auto data = Clustered(rows, dim, 50, 2);
  KMeansOptions options;
  options.k = 400;
  const KMeansModel one = TrainKMeans(data.data(), rows, dim, options).ValueOrDie();
  runtime::ThreadPool pool(3);
  options.pool = &pool;
  int iterations = 0;
  options.progress = [&](int done) { iterations = done; };
  const KMeansModel many = TrainKMeans(data.data(), rows, dim, options).ValueOrDie();
  EXPECT_EQ(one.centroids, many.centroids);
  EXPECT_GT(iterations, 3);
  std::vector<uint32_t> ids(rows);
  ASSERT_TRUE(
      AssignToCentroids(data.data(), rows, dim, many.centroids, simd::Metric::kL2, &pool, ids.data(), nullptr)
          .ok());
  std::vector<size_t> sizes(options.k);
  for (const uint32_t id : ids) ++sizes[id];
  EXPECT_LT(*std::max_element(sizes.begin(), sizes.end()), 8 * rows / options.k);
  EXPECT_GT(std::count_if(sizes.begin(), sizes.end(), [](size_t size) { return size > 0; }), 390);
}

TEST(KMeans, SplitsWhatIsEqual) {
  const std::vector<float> data(600 * 4, 1.0f);
  KMeansOptions options;
  options.k = 300;
  const KMeansModel model = TrainKMeans(data.data(), 600, 4, options).ValueOrDie();
  EXPECT_EQ(model.centroids.size(), 1200u);
}

TEST(KMeans, DotCentroidsHaveLengthOne) {
  const auto data = Clustered(500, 4, 5, 3);
  KMeansOptions options;
  options.k = 10;
  options.metric = simd::Metric::kDot;
  const KMeansModel model = TrainKMeans(data.data(), 500, 4, options).ValueOrDie();
  for (size_t c = 0; c < options.k; ++c) {
    float norm = 0;
    for (size_t k = 0; k < 4; ++k) norm += model.centroids[c * 4 + k] * model.centroids[c * 4 + k];
    EXPECT_NEAR(norm, 1, 1e-4);
  }
}

TEST(KMeans, RefusesFewerRowsThanClusters) {
  const std::vector<float> data(8);
  KMeansOptions options;
  options.k = 5;
  EXPECT_TRUE(Is(TrainKMeans(data.data(), 4, 2, options).status(), ErrorKind::kInvalidArgument));
}

TEST(KMeans, IsCancelled) {
  const auto data = Clustered(500, 4, 5, 3);
  KMeansOptions options;
  options.k = 5;
  options.cancellation.Cancel();
  EXPECT_TRUE(Is(TrainKMeans(data.data(), 500, 4, options).status(), ErrorKind::kCancelled));
}

TEST(KModes, FindsBitPatterns) {
  std::vector<uint8_t> data;
  for (int row = 0; row < 200; ++row) {
    for (int byte = 0; byte < 4; ++byte) data.push_back(row % 2 == 0 ? 0x0F : 0xF0);
    data.back() ^= static_cast<uint8_t>(1u << (row / 2 % 8));
  }
  KMeansOptions options;
  options.k = 2;
  options.seed = 7;
  const KModesModel model = TrainKModes(data.data(), 200, 4, options).ValueOrDie();
  EXPECT_LE(model.loss, 400.0);
}

// Points of a grid: neighbours in the order are near each other, unlike in the order of the rows.
TEST(SpatialOrder, PutsNearPointsSideBySide) {
  constexpr size_t kSide = 16;
  std::vector<float> points;
  for (size_t i = 0; i < kSide * kSide; ++i) {
    const size_t shuffled = i * 149 % (kSide * kSide);
    points.push_back(static_cast<float>(shuffled % kSide));
    points.push_back(static_cast<float>(shuffled / kSide));
  }
  const auto order = SpatialOrder(points.data(), kSide * kSide, 2);
  auto sorted = order;
  std::sort(sorted.begin(), sorted.end());
  for (size_t i = 0; i < sorted.size(); ++i) ASSERT_EQ(sorted[i], i);
  const auto steps = [&](const auto& of) {
    double sum = 0;
    for (size_t i = 1; i < of.size(); ++i) {
      sum += std::hypot(points[2 * of[i]] - points[2 * of[i - 1]],
                        points[2 * of[i] + 1] - points[2 * of[i - 1] + 1]);
    }
    return sum / static_cast<double>(of.size());
  };
  EXPECT_LT(steps(order), 2.5);
  EXPECT_GT(steps(sorted), 5);
  EXPECT_TRUE(SpatialOrder(nullptr, 0, 2).empty());
  const std::vector<float> same(20, 1.0f);
  EXPECT_EQ(SpatialOrder(same.data(), 10, 2).size(), 10u);
}

}  // namespace
}  // namespace lance::index
