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

TEST(LevelBits, FindsRowsAsAWalkOverTheLevelsDoes) {
  std::mt19937 random(4);
  for (uint64_t count : {1, 2, 63, 64, 65, 127, 128, 129, 1000}) {
    for (unsigned one_in : {1, 3, 100}) {
      std::vector<uint16_t> rep(count), def(count);
      for (uint64_t i = 0; i < count; ++i) {
        rep[i] = random() % one_in == 0 ? 2 : static_cast<uint16_t>(random() % 2);
        def[i] = static_cast<uint16_t>(random() % 4);
      }
      std::vector<RowPlace> starts;  // of each row, and behind the last
      std::vector<RowPlace> starts_without_def;
      uint64_t value = 0;
      for (uint64_t i = 0; i < count; ++i) {
        if (i == 0 || rep[i] == 2) {
          starts.push_back({i, value});
          starts_without_def.push_back({i, i});
        }
        value += def[i] <= 1;
      }
      starts.push_back({count, value});
      starts_without_def.push_back({count, count});
      const uint64_t num_rows = starts.size() - 1;
      for (uint64_t step : {1, 2, 7}) {
        std::vector<RowRange> rows;
        for (uint64_t row = random() % 2; row < num_rows; row += step + random() % 2) {
          rows.push_back({row, std::min<uint64_t>(1 + random() % step, num_rows - row)});
        }
        std::vector<RowPlace> found(2 * rows.size()), found_without_def(2 * rows.size());
        FindRows(rep.data(), def.data(), count, 2, 1, rows, found.data());
        FindRows(rep.data(), nullptr, count, 2, 1, rows, found_without_def.data());
        for (size_t i = 0; i < found.size(); ++i) {
          const uint64_t row = i % 2 == 0 ? rows[i / 2].start : rows[i / 2].end();
          EXPECT_EQ(found[i].level, starts[row].level) << row << " of " << num_rows;
          EXPECT_EQ(found[i].value, starts[row].value) << row << " of " << num_rows;
          EXPECT_EQ(found_without_def[i].level, starts_without_def[row].level);
          EXPECT_EQ(found_without_def[i].value, starts_without_def[row].value);
        }
      }
    }
  }
}

}  // namespace
}  // namespace lance::encoding
