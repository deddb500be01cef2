#include "lance/simd/rotation.h"

#include <random>
#include <vector>

#include "lance/simd/testing.h"

namespace lance::simd {
namespace {

std::vector<float> RandomFloats(size_t count) {
  std::mt19937 random(17);
  std::normal_distribution<float> normal;
  std::vector<float> out(count);
  for (float& value : out) value = normal(random);
  return out;
}

TEST(RotationKernels, NegateWhereABitIsSet) {
  ForEachLevel([] {
    for (size_t count : {0, 1, 7, 8, 9, 100, 257}) {
      const auto before = RandomFloats(count);
      std::vector<uint8_t> signs((count + 7) / 8);
      for (size_t i = 0; i < signs.size(); ++i) signs[i] = static_cast<uint8_t>(i * 89 + 3);
      auto after = before;
      FlipSigns(signs.data(), after.data(), count);
      for (size_t i = 0; i < count; ++i) {
        ASSERT_EQ(after[i], (signs[i / 8] >> (i % 8) & 1) != 0 ? -before[i] : before[i]) << i;
      }
    }
  });
}

TEST(RotationKernels, TransformAsDefined) {
  ForEachLevel([] {
    for (size_t size = 1; size <= 1024; size *= 2) {
      // One float off any alignment.
      auto actual = RandomFloats(size + 1), expected = actual;
      HadamardTransform(actual.data() + 1, size, 0.25f);
      float* values = expected.data() + 1;
      for (size_t half = 1; half < size; half *= 2) {
        for (size_t i = 0; i < size; ++i) {
          if ((i & half) != 0) continue;
          const float x = values[i], y = values[i + half];
          values[i] = x + y;
          values[i + half] = x - y;
        }
      }
      for (size_t i = 0; i < size; ++i) values[i] *= 0.25f;
      ASSERT_EQ(actual, expected) << size;
    }
  });
}

TEST(RotationKernels, AddAndSubtractPairs) {
  ForEachLevel([] {
    for (size_t count : {0, 1, 3, 16, 17, 100}) {
      const auto before = RandomFloats(2 * count);
      auto after = before;
      AddAndSubtract(after.data(), after.data() + count, count);
      for (size_t i = 0; i < count; ++i) {
        ASSERT_EQ(after[i], before[i] + before[count + i]);
        ASSERT_EQ(after[count + i], before[i] - before[count + i]);
      }
    }
  });
}

}  // namespace
}  // namespace lance::simd
