#include "lance/simd/quantized.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "lance/simd/codewords.h"
#include "lance/simd/testing.h"

namespace lance::simd {
namespace {

std::vector<uint8_t> RandomBytes(size_t count, int most, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<uint8_t> out(count);
  for (uint8_t& byte : out) byte = static_cast<uint8_t>(random() % static_cast<unsigned>(most + 1));
  return out;
}

std::vector<float> RandomFloats(size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> out(count);
  for (float& value : out) value = normal(random);
  return out;
}

const size_t kOddSizes[] = {0, 1, 2, 15, 16, 17, 31, 63, 64, 65, 127, 255, 256, 257, 300, 1000};

TEST(QuantizedKernels, SumNibbleTablesAsDefined) {
  ForEachLevel([] {
    for (size_t rows : kOddSizes) {
      for (size_t columns : {1, 2, 5, 16, 33}) {
        // One byte off any alignment.
        const auto codes = RandomBytes(rows * columns + 1, 255, 1);
        const auto tables = RandomBytes(columns * 32 + 1, 255, 2);
        std::vector<uint16_t> expected(rows), actual(rows);
        scalar::SumNibbleTables(codes.data() + 1, rows, columns, tables.data() + 1, expected.data());
        SumNibbleTables(codes.data() + 1, rows, columns, tables.data() + 1, actual.data());
        ASSERT_EQ(actual, expected) << rows << " rows, " << columns << " columns";
      }
    }
  });
}

TEST(QuantizedKernels, SumByteTablesAsDefined) {
  ForEachLevel([] {
    for (size_t rows : kOddSizes) {
      for (size_t columns : {1, 3, 16, 96}) {
        const auto codes = RandomBytes(rows * columns + 1, 255, 3);
        const auto tables = RandomBytes(columns * 256 + 1, 255, 4);
        std::vector<uint16_t> expected(rows), actual(rows);
        scalar::SumByteTables(codes.data() + 1, rows, columns, tables.data() + 1, expected.data());
        SumByteTables(codes.data() + 1, rows, columns, tables.data() + 1, actual.data());
        ASSERT_EQ(actual, expected) << rows << " rows, " << columns << " columns";
      }
    }
  });
}

TEST(QuantizedKernels, FindTheFirstValueThatIsSmallEnough) {
  ForEachLevel([] {
    for (size_t count : kOddSizes) {
      std::vector<uint16_t> values(count, 40000);
      EXPECT_EQ(FindAtMostU16(values.data(), count, 39999), count);
      for (size_t at = 0; at < count; at += 7) {
        values[at] = 39999;
        EXPECT_EQ(FindAtMostU16(values.data(), count, 39999), at);
        values[at] = 40000;
      }
      if (count > 0) {
        EXPECT_EQ(FindAtMostU16(values.data(), count, 65535), 0u);
      }
    }
  });
}

TEST(QuantizedKernels, BoundEstimatesAsDefined) {
  ForEachLevel([] {
    for (size_t rows : kOddSizes) {
      const auto scale = RandomFloats(rows + 1, 11), add = RandomFloats(rows + 1, 12);
      auto error = RandomFloats(rows + 1, 13);
      if (rows > 3) error[3] = std::numeric_limits<float>::quiet_NaN();
      std::vector<uint16_t> sums(rows + 1);
      for (size_t r = 0; r <= rows; ++r) sums[r] = static_cast<uint16_t>(r * 7919);
      for (int with : {0, 1, 2, 3}) {
        EstimateTerms terms{-3.5f, 0.01f, 0.7f, 0.9f, 0.25f, 2.0f, 1.5f};
        terms.add = add.data() + 1;
        if (with & 1) terms.error = error.data() + 1;
        if (with & 2) terms.scale = scale.data() + 1;
        std::vector<float> expected(rows), actual(rows);
        scalar::EstimateLowerBounds(terms, sums.data() + 1, rows, expected.data());
        EstimateLowerBounds(terms, sums.data() + 1, rows, actual.data());
        for (size_t r = 0; r < rows; ++r) {
          if (std::isnan(expected[r])) {
            ASSERT_TRUE(std::isnan(actual[r])) << "row " << r << " of " << rows;
          } else {
            ASSERT_NEAR(actual[r], expected[r], 1e-4f * (1 + std::fabs(expected[r])))
                << "row " << r << " of " << rows;
          }
        }
      }
    }
  });
}

TEST(QuantizedKernels, CompareBytesAsDefined) {
  ForEachLevel([] {
    for (size_t dim : kOddSizes) {
      const auto rows = RandomBytes(3 * dim, 255, 5);
      const auto query = RandomBytes(dim, 255, 6);
      const auto floats = RandomFloats(dim, 7);
      uint64_t expected[3], actual[3];
      scalar::L2Bytes(query.data(), rows.data(), 3, dim, expected);
      L2Bytes(query.data(), rows.data(), 3, dim, actual);
      float expected_dot[3], actual_dot[3];
      scalar::DotBytes(floats.data(), rows.data(), 3, dim, expected_dot);
      DotBytes(floats.data(), rows.data(), 3, dim, actual_dot);
      for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(actual[i], expected[i]) << dim;
        EXPECT_NEAR(actual_dot[i], expected_dot[i], 1e-3 * (1 + static_cast<double>(dim))) << dim;
      }
    }
  });
}

TEST(QuantizedKernels, CompareCodewordsAsDefined) {
  ForEachLevel([] {
    for (auto metric : {CodewordMetric::kL2, CodewordMetric::kDot, CodewordMetric::kNegativeDot}) {
      for (size_t codewords : {16, 256, 5}) {
        for (size_t sub_dim : {1, 3, 8}) {
          const size_t subs = 5, most = 7;
          const auto queries = RandomFloats(most * subs * sub_dim, 8);
          const auto codebook = RandomFloats(subs * sub_dim * codewords, 9);
          std::vector<float> expected(most * subs * codewords), alone(subs * codewords);
          scalar::CodewordDistances(metric, queries.data(), most, codebook.data(), subs, sub_dim, codewords,
                                    expected.data());
          for (size_t count = 0; count <= most; ++count) {
            std::vector<float> actual(count * subs * codewords);
            CodewordDistances(metric, queries.data(), count, codebook.data(), subs, sub_dim, codewords,
                              actual.data());
            for (size_t i = 0; i < actual.size(); ++i) ASSERT_NEAR(actual[i], expected[i], 1e-4);
            if (count == 0) continue;
            // Together or alone is the same to the last bit.
            CodewordDistances(metric, queries.data() + (count - 1) * subs * sub_dim, 1, codebook.data(), subs,
                              sub_dim, codewords, alone.data());
            EXPECT_TRUE(std::equal(alone.begin(), alone.end(), actual.end() - alone.size()));
          }
        }
      }
    }
  });
}

TEST(QuantizedKernels, CompareCodesLikeTheirTables) {
  ForEachLevel([] {
    for (size_t sub_dim : {1, 2, 3, 8, 33}) {
      const size_t subs = 7, rows = 20;
      const auto vector = RandomFloats(subs * sub_dim, 14),
                 codewords = RandomFloats(subs * 256 * sub_dim, 15);
      std::vector<float> codebook(codewords.size()), table(subs * 256), turned(vector.size());
      for (size_t m = 0; m < subs; ++m) {
        for (size_t c = 0; c < 256; ++c) {
          for (size_t d = 0; d < sub_dim; ++d) {
            codebook[(m * sub_dim + d) * 256 + c] = codewords[(m * 256 + c) * sub_dim + d];
          }
        }
      }
      for (size_t i = 0; i < vector.size(); ++i) turned[i % sub_dim * subs + i / sub_dim] = vector[i];
      CodewordDistances(CodewordMetric::kL2, vector.data(), 1, codebook.data(), subs, sub_dim, 256,
                        table.data());
      const auto codes = RandomBytes(subs * rows, 255, 16);
      for (size_t row = 0; row < rows; ++row) {
        float sum = 0;
        for (size_t m = 0; m < subs; ++m) sum += table[m * 256 + codes[m * rows + row]];
        const float actual =
            CodeDistance(turned.data(), codewords.data(), subs, sub_dim, codes.data() + row, rows);
        ASSERT_EQ(actual, sum) << sub_dim;
        const float defined =
            scalar::CodeDistance(turned.data(), codewords.data(), subs, sub_dim, codes.data() + row, rows);
        ASSERT_NEAR(actual, defined, 1e-3 * (1 + defined));
      }
    }
  });
}

TEST(QuantizedKernels, RoundTablesDownWithOneStep) {
  ForEachLevel([] {
    for (size_t entries : {16, 256, 7}) {
      for (size_t count : {1, 2, 33, 300}) {
        const auto tables = RandomFloats(count * entries, 10);
        std::vector<uint8_t> bytes(count * entries);
        const RoundedTables rounded = RoundTables(tables.data(), count, entries, bytes.data());
        ASSERT_GT(rounded.step, 0);
        uint64_t most = 0;
        float bias = 0;
        for (size_t t = 0; t < count; ++t) {
          const float* table = tables.data() + t * entries;
          const float low = *std::min_element(table, table + entries);
          bias += low;
          most += *std::max_element(bytes.begin() + static_cast<ptrdiff_t>(t * entries),
                                    bytes.begin() + static_cast<ptrdiff_t>((t + 1) * entries));
          for (size_t i = 0; i < entries; ++i) {
            const float below = low + rounded.step * static_cast<float>(bytes[t * entries + i]);
            ASSERT_LE(below, table[i] + 1e-5f);
            ASSERT_GE(below + rounded.step * 1.001f, table[i] - 1e-5f);
          }
        }
        EXPECT_LE(most, 65535u);
        EXPECT_NEAR(rounded.bias, bias, 1e-3f);
      }
    }
    float wrong[16] = {};
    uint8_t bytes[16];
    wrong[3] = std::numeric_limits<float>::infinity();
    const RoundedTables rounded = RoundTables(wrong, 1, 16, bytes);
    EXPECT_FALSE(std::isfinite(rounded.bias) && std::isfinite(rounded.step));
  });
}

}  // namespace
}  // namespace lance::simd
