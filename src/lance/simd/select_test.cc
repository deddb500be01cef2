#include "lance/simd/select.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include <hwy/targets.h>

namespace lance::simd {
namespace {

template <typename T>
void CheckAll(std::vector<T> values) {
  std::vector<T> sorted = values;
  std::sort(sorted.begin(), sorted.end());
  for (size_t k = 1; k <= values.size(); k += 1 + values.size() / 50) {
    ASSERT_EQ(KthSmallest(values.data(), values.size(), k), sorted[k - 1]) << k << " of " << values.size();
  }
}

TEST(KthSmallest, IsWhatSortingGivesAtEveryLevel) {
  const int64_t all = hwy::SupportedTargets();
  for (int64_t left = all; left != 0; left &= left - 1) {
    hwy::SetSupportedTargetsForTest(left & -left);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    SCOPED_TRACE(hwy::TargetName(left & -left));
    std::mt19937 random(5);
    for (const size_t count : {1, 2, 15, 16, 17, 31, 33, 64, 65, 127, 1000}) {
      std::vector<uint16_t> words(count);
      for (uint16_t& word : words) word = static_cast<uint16_t>(random());
      CheckAll(words);
      for (uint16_t& word : words) word = static_cast<uint16_t>(random() % 3);  // many equal ones
      CheckAll(words);
      CheckAll(std::vector<uint16_t>(count, UINT16_MAX));
      std::normal_distribution<float> normal;
      std::vector<float> floats(count);
      for (float& value : floats) value = normal(random) * (random() % 2 == 0 ? 1e-30f : 1e30f);
      CheckAll(floats);
      floats[count / 2] = INFINITY;
      floats[count / 3] = -INFINITY;
      CheckAll(floats);
      CheckAll(std::vector<float>(count, 1.5f));
    }
  }
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

}  // namespace
}  // namespace lance::simd
