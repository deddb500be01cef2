#include "lance/simd/set_bits.h"

#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace lance::simd {
namespace {

TEST(ListSetBits, FindsTheOnesOfAnyLengthAndDensity) {
  std::mt19937 random(5);
  for (size_t count : {0, 1, 7, 8, 63, 64, 65, 127, 1000, 8192}) {
    for (int percent : {0, 1, 30, 99, 100}) {
      std::vector<uint8_t> bits((count + 7) / 8, 0);
      std::vector<uint32_t> wanted;
      for (size_t i = 0; i < bits.size() * 8; ++i) {
        if (static_cast<int>(random() % 100) >= percent) continue;
        bits[i / 8] = static_cast<uint8_t>(bits[i / 8] | 1 << i % 8);  // bits behind `count` too
        if (i < count) wanted.push_back(static_cast<uint32_t>(i));
      }
      std::vector<uint32_t> found(wanted.size() + kSetBitsSlack, 7);
      found.resize(ListSetBits(bits.data(), count, found.data()));
      EXPECT_EQ(found, wanted) << count << " bits, " << percent << " %";
    }
  }
}

}  // namespace
}  // namespace lance::simd
