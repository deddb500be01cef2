#include "lance/simd/distance.h"

#include <cmath>
#include <cstring>
#include <random>

#include "lance/simd/distance_scalar.h"
#include "lance/simd/testing.h"

namespace lance::simd {
namespace {

constexpr Metric kFloatMetrics[] = {Metric::kL2, Metric::kCosine, Metric::kDot};

size_t Width(Element element) {
  switch (element) {
    case Element::kUInt8:
      return 1;
    case Element::kFloat16:
    case Element::kBFloat16:
      return 2;
    case Element::kFloat32:
      return 4;
    case Element::kFloat64:
      return 8;
  }
  return 0;
}

// `count` numbers of around 1, as bytes that start at an odd address.
class Values {
 public:
  Values(Element element, size_t count, int seed) : bytes_(count * Width(element) + 1) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    for (size_t i = 0; i < count; ++i) {
      const float value = normal(random);
      uint8_t* to = data() + i * Width(element);
      switch (element) {
        case Element::kUInt8:
          *to = static_cast<uint8_t>(random());
          break;
        case Element::kFloat16: {
          // Exponents 2^-7 to 2^0.
          const auto half = static_cast<uint16_t>((random() & 0x83FF) | ((8 + random() % 8) << 10));
          std::memcpy(to, &half, 2);
          break;
        }
        case Element::kBFloat16:
          std::memcpy(to, reinterpret_cast<const char*>(&value) + 2, 2);
          break;
        case Element::kFloat32:
          std::memcpy(to, &value, 4);
          break;
        case Element::kFloat64: {
          const double wide = value;
          std::memcpy(to, &wide, 8);
        }
      }
    }
  }
  uint8_t* data() { return bytes_.data() + 1; }

 private:
  std::vector<uint8_t> bytes_;
};

void ExpectNear(const std::vector<float>& actual, const std::vector<float>& want, float tolerance) {
  ASSERT_EQ(actual.size(), want.size());
  for (size_t i = 0; i < want.size(); ++i) {
    if (std::isnan(want[i])) {
      EXPECT_TRUE(std::isnan(actual[i])) << i << " " << actual[i];
    } else if (std::isinf(want[i])) {
      EXPECT_EQ(actual[i], want[i]) << i;
    } else {
      EXPECT_NEAR(actual[i], want[i], tolerance * std::max(1.0f, std::abs(want[i]))) << i;
    }
  }
}

TEST(Distances, EveryLevelEqualsScalar) {
  ForEachLevel([] {
    for (const Element element :
         {Element::kFloat16, Element::kBFloat16, Element::kFloat32, Element::kFloat64}) {
      for (const Metric metric : kFloatMetrics) {
        for (const size_t dim : {1, 2, 3, 7, 8, 15, 16, 17, 31, 32, 33, 64, 100, 128, 1536, 1537}) {
          for (const size_t rows : {1, 3, 4, 9}) {
            SCOPED_TRACE(fmt::format("element {} metric {} dim {} rows {}", static_cast<int>(element),
                                     static_cast<int>(metric), dim, rows));
            Values query(element, dim, 1), vectors(element, dim * rows, 2);
            // The reference reads numbers where they are: give it aligned ones.
            std::vector<uint64_t> a(dim), b(dim * rows);
            std::memcpy(a.data(), query.data(), dim * Width(element));
            std::memcpy(b.data(), vectors.data(), dim * rows * Width(element));
            std::vector<float> want(rows), actual(rows);
            scalar::Distances(metric, element, a.data(), b.data(), rows, dim, want.data());
            // Elements are aligned as Arrow's buffers are, not more.
            Distances(metric, element, a.data(), b.data(), rows, dim, actual.data());
            ExpectNear(actual, want, 2e-5f);
          }
        }
      }
    }
  });
}

TEST(Distances, CountsDifferentBits) {
  ForEachLevel([] {
    for (const size_t dim : {1, 7, 8, 16, 31, 64, 65, 128, 200, 1000}) {
      Values query(Element::kUInt8, dim, 1), vectors(Element::kUInt8, dim * 5, 2);
      std::vector<float> want(5), actual(5);
      scalar::Distances(Metric::kHamming, Element::kUInt8, query.data(), vectors.data(), 5, dim, want.data());
      Distances(Metric::kHamming, Element::kUInt8, query.data(), vectors.data(), 5, dim, actual.data());
      EXPECT_EQ(actual, want) << dim;
    }
  });
}

TEST(Distances, HaveTheValuesOfTheirDefinitions) {
  ForEachLevel([] {
    const std::vector<float> query = {1, 2, 2}, vectors = {1, 2, 2, 4, 6, 2, 0, 0, 0, -1, -2, -2};
    std::vector<float> out(4);
    Distances(Metric::kL2, Element::kFloat32, query.data(), vectors.data(), 4, 3, out.data());
    ExpectNear(out, {0, 25, 9, 36}, 0);
    Distances(Metric::kDot, Element::kFloat32, query.data(), vectors.data(), 4, 3, out.data());
    ExpectNear(out, {-8, -19, 1, 10}, 0);
    Distances(Metric::kCosine, Element::kFloat32, query.data(), vectors.data(), 4, 3, out.data());
    // A vector of zeros has no direction.
    ExpectNear(out, {0, 1 - 20.0f / 3 / std::sqrt(56.0f), std::nanf(""), 2}, 1e-6f);
  });
}

TEST(Distances, KeepNotANumberAndInfinity) {
  ForEachLevel([] {
    for (const size_t dim : {3, 16, 35}) {
      std::vector<float> query(dim, 1), vectors(dim * 3, 1);
      vectors[dim - 1] = std::nanf("");
      vectors[dim] = INFINITY;
      std::vector<float> out(3);
      Distances(Metric::kL2, Element::kFloat32, query.data(), vectors.data(), 3, dim, out.data());
      ExpectNear(out, {std::nanf(""), INFINITY, 0}, 0);
      std::vector<float> queries(dim * 20, 1), batch(60);
      BatchDistancesF32(Metric::kL2, queries.data(), 20, vectors.data(), 3, dim, batch.data());
      for (size_t q = 0; q < 20; ++q) {
        ExpectNear({batch.begin() + q * 3, batch.begin() + q * 3 + 3}, {std::nanf(""), INFINITY, 0}, 0);
      }
    }
  });
}

TEST(BatchDistances, EqualTheDistancesOfEachQuery) {
  ForEachLevel([] {
    for (const Metric metric : kFloatMetrics) {
      for (const size_t queries : {1, 2, 9, 17, 100, 113}) {
        for (const size_t rows : {1, 3, 4, 6}) {
          for (const size_t dim : {1, 16, 50, 128}) {
            SCOPED_TRACE(fmt::format("metric {} queries {} rows {} dim {}", static_cast<int>(metric), queries,
                                     rows, dim));
            Values a(Element::kFloat32, dim * queries, 3), b(Element::kFloat32, dim * rows, 4);
            std::vector<float> query(dim * queries), vectors(dim * rows), want(queries * rows),
                actual(queries * rows);
            std::memcpy(query.data(), a.data(), query.size() * 4);
            std::memcpy(vectors.data(), b.data(), vectors.size() * 4);
            for (size_t q = 0; q < queries; ++q) {
              scalar::Distances(metric, Element::kFloat32, query.data() + q * dim, vectors.data(), rows, dim,
                                want.data() + q * rows);
            }
            BatchDistancesF32(metric, query.data(), queries, vectors.data(), rows, dim, actual.data());
            ExpectNear(actual, want, 2e-5f);
          }
        }
      }
    }
  });
}

TEST(L2Estimator, StaysWithinItsErrorBound) {
  for (size_t dim : {1, 3, 128, 771}) {
    for (float shift : {0.0f, 1000.0f}) {
      std::mt19937 random(7);
      std::normal_distribution<float> normal(shift, 1.0f);
      std::vector<float> queries(40 * dim), vectors(13 * dim);
      for (float& value : queries) value = normal(random);
      for (float& value : vectors) value = normal(random);
      auto estimator = L2Estimator::Make(queries.data(), 40, dim);
      if (estimator == nullptr) GTEST_SKIP() << "no SIMD";
      std::vector<float> estimates(40 * 13), norms(13), exact(13);
      estimator->Estimate(vectors.data(), 13, estimates.data(), norms.data());
      for (size_t q = 0; q < 40; ++q) {
        Distances(Metric::kL2, Element::kFloat32, queries.data() + q * dim, vectors.data(), 13, dim,
                  exact.data());
        for (size_t r = 0; r < 13; ++r) {
          const float bound = estimator->ErrorBound(q, norms[r]);
          EXPECT_LE(std::abs(estimates[q * 13 + r] - exact[r]), bound) << dim << " " << shift;
          EXPECT_LT(bound, 0.01f * (norms[r] + 1)) << "a bound that says nothing";
        }
      }
    }
  }
}

TEST(L2Estimator, SaysNothingAboutWhatIsNotFinite) {
  std::vector<float> queries(40 * 4, 1.0f), vectors(3 * 4, 1.0f);
  vectors[0] = std::numeric_limits<float>::quiet_NaN();
  vectors[4] = 3e38f;
  auto estimator = L2Estimator::Make(queries.data(), 40, 4);
  if (estimator == nullptr) GTEST_SKIP() << "no SIMD";
  std::vector<float> estimates(40 * 3), norms(3);
  estimator->Estimate(vectors.data(), 3, estimates.data(), norms.data());
  EXPECT_TRUE(std::isinf(estimator->ErrorBound(0, norms[0])));
  EXPECT_TRUE(std::isinf(estimator->ErrorBound(0, norms[1])));
  EXPECT_TRUE(std::isfinite(estimator->ErrorBound(0, norms[2])));
  EXPECT_EQ(L2Estimator::Make(queries.data(), 1, 4), nullptr) << "one query is not worth packing";
}

TEST(BatchDistances, GiveZeroForEqualVectors) {
  ForEachLevel([] {
    Values a(Element::kFloat32, 128 * 40, 5);
    std::vector<float> vectors(128 * 40), out(40 * 40);
    std::memcpy(vectors.data(), a.data(), vectors.size() * 4);
    BatchDistancesF32(Metric::kL2, vectors.data(), 40, vectors.data(), 40, 128, out.data());
    for (size_t q = 0; q < 40; ++q) EXPECT_EQ(out[q * 40 + q], 0.0f);
  });
}

}  // namespace
}  // namespace lance::simd
