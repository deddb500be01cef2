#include "lance/simd/nearest.h"

#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace lance::simd {
namespace {

std::vector<float> Random(size_t count, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> out(count);
  for (float& value : out) value = normal(random);
  return out;
}

// Checks Find against all distances, computed in double precision.
void CheckNearest(Metric metric, size_t rows, size_t points, size_t dim, size_t stride) {
  const auto data = Random(rows * stride, 1), table = Random(points * dim, 2);
  const auto nearest = NearestPoint::Make(metric, table.data(), points, dim);
  std::vector<uint32_t> ids(rows);
  std::vector<float> distances(rows);
  nearest->Find(data.data(), rows, stride, ids.data(), distances.data());
  for (size_t row = 0; row < rows; ++row) {
    double least = INFINITY;
    for (size_t point = 0; point < points; ++point) {
      double sum = metric == Metric::kL2 ? 0 : 1;
      for (size_t k = 0; k < dim; ++k) {
        const double a = data[row * stride + k], b = table[point * dim + k];
        sum += metric == Metric::kL2 ? (a - b) * (a - b) : -a * b;
      }
      if (point == ids[row]) {
        EXPECT_NEAR(sum, distances[row], 1e-4 * dim) << "row " << row;
      }
      least = std::min(least, sum);
    }
    ASSERT_LT(ids[row], points);
    EXPECT_NEAR(distances[row], least, 1e-4 * dim) << "row " << row << " of " << rows << ", dim " << dim;
  }
}

TEST(NearestPoint, AgreesWithAllDistances) {
  for (const Metric metric : {Metric::kL2, Metric::kDot}) {
    for (const size_t rows : {1, 3, 65, 600}) {
      for (const size_t points : {1, 2, 23, 24, 25, 256}) {
        for (const size_t dim : {1, 7, 8, 33}) CheckNearest(metric, rows, points, dim, dim + 3);
      }
    }
  }
}

TEST(NearestPoint, TakesTheFirstOfEqualPoints) {
  const std::vector<float> points(40, 1.0f), row(2, 0.5f);
  const auto nearest = NearestPoint::Make(Metric::kL2, points.data(), 20, 2);
  uint32_t id = 9;
  nearest->Find(row.data(), 1, 2, &id, nullptr);
  EXPECT_EQ(id, 0u);
}

TEST(NearestPoint, AddsPenalties) {
  const std::vector<float> points = {0, 1, 2}, penalty = {10, 10, 0}, row = {0};
  const auto nearest = NearestPoint::Make(Metric::kL2, points.data(), 3, 1, penalty.data());
  uint32_t id = 9;
  float distance = 0;
  nearest->Find(row.data(), 1, 1, &id, &distance);
  EXPECT_EQ(id, 2u);
  EXPECT_EQ(distance, 4.0f);
}

}  // namespace
}  // namespace lance::simd
