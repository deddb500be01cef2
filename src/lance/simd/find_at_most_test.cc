#include "lance/simd/find_at_most.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include <hwy/targets.h>

namespace lance::simd {
namespace {

TEST(FindAtMost, FindsTheFirstAtEveryLevel) {
  const int64_t all = hwy::SupportedTargets();
  for (int64_t left = all; left != 0; left &= left - 1) {
    hwy::SetSupportedTargetsForTest(left & -left);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    SCOPED_TRACE(hwy::TargetName(left & -left));
    for (const size_t count : {0, 1, 3, 16, 63, 64, 65, 200}) {
      std::vector<float> values(count, 2.0f);
      EXPECT_EQ(FindAtMost(values.data(), count, 1.0f), count);
      for (size_t at = 0; at < count; ++at) {
        values[at] = std::nanf("");
        EXPECT_EQ(FindAtMost(values.data(), count, 1.0f), count);
        values[at] = 1.0f;  // equal counts
        EXPECT_EQ(FindAtMost(values.data(), count, 1.0f), at);
        values[count - 1] = -INFINITY;  // a later one does not matter
        EXPECT_EQ(FindAtMost(values.data(), count, 1.0f), at);
        values[at] = values[count - 1] = 2.0f;
      }
    }
    const std::vector<float> infinite(20, INFINITY);
    EXPECT_EQ(FindAtMost(infinite.data(), 20, INFINITY), 0u);
  }
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

}  // namespace
}  // namespace lance::simd
