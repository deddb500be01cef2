#include "lance/encoding/levels/level_bits.h"

#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace lance::encoding {
namespace {

// Every kernel against the loop that defines it, at sizes around whole vectors and at odd addresses.
TEST(LevelBits, AgreesWithPlainLoops) {
  std::mt19937 random(3);
  for (uint64_t count : {0, 1, 7, 8, 9, 31, 32, 33, 63, 64, 65, 1000, 1027}) {
    for (uint64_t shift : {0, 1}) {
      std::vector<uint16_t> levels(count + 1), reps(count + 1);
      for (uint64_t i = 0; i <= count; ++i) {
        levels[i] = static_cast<uint16_t>(random() % 3 == 0 ? random() : random() % 4);
        reps[i] = static_cast<uint16_t>(random() % 3);
      }
      const uint64_t n = count == 0 ? 0 : count + 1 - shift;
      const uint16_t* def = levels.data() + shift;
      const uint16_t* rep = reps.data() + shift;
      for (uint16_t limit : {0, 2, 40000, 65535}) {
        uint64_t at_most = 0, equal = 0, starts = 0;
        uint16_t highest = 0;
        for (uint64_t i = 0; i < n; ++i) {
          at_most += def[i] <= limit;
          equal += def[i] == limit;
          starts += rep[i] != 0 && def[i] <= limit;
          highest = std::max(highest, def[i]);
        }
        EXPECT_EQ(CountAtMost(def, n, limit), at_most);
        EXPECT_EQ(CountEqual(def, n, limit), equal);
        EXPECT_EQ(CountStarts(rep, def, n, limit), starts);
        EXPECT_EQ(MaxLevel(def, n), highest);
        std::vector<uint8_t> bits((n + 7) / 8 + 1, 0xAA);
        AtMostBits(def, n, limit, bits.data());
        for (uint64_t i = 0; i < (n + 7) / 8 * 8; ++i) {
          EXPECT_EQ(bits[i / 8] >> (i % 8) & 1, i < n && def[i] <= limit) << i << " of " << n;
        }
        EXPECT_EQ(bits.back(), 0xAA);
      }
    }
  }
}

}  // namespace
}  // namespace lance::encoding
