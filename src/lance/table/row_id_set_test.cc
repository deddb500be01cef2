#include "lance/table/row_id_set.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "lance/table/row_ids.h"

namespace lance::table {
namespace {

RowIdSet Parse(const std::string& bytes) {
  auto parsed = RowIdSet::Parse({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  return parsed.ValueOr(RowIdSet());
}

RowIdSet SetOf(const std::vector<uint64_t>& ids) { return Parse(RowIdSet::Serialize(ids)); }

TEST(RowIdSet, WritesTheBytesOfTheReference) {
  // serialize_row_addrs([5, 1, 1]) of pylance 14.0.2.
  const std::string expected(
      "\x01\0\0\0\0\0\0\0\x14\0\0\0\x3a\x30\0\0\x01\0\0\0\0\0\x01\0\x10\0\0\0\x01\0\x05\0", 32);
  EXPECT_EQ(RowIdSet::Serialize(std::vector<uint64_t>{5, 1, 1}), expected);
  EXPECT_EQ(RowIdSet::Serialize({}), std::string(4, '\0'));
}

TEST(RowIdSet, HoldsWhatWasWritten) {
  std::mt19937_64 random(5);
  std::set<uint64_t> members;
  for (int i = 0; i < 20000; ++i) members.insert((random() % 3) << 32 | random() % 40000);
  members.insert(UINT64_MAX);
  const RowIdSet set = SetOf({members.begin(), members.end()});
  EXPECT_EQ(set.count(), members.size());
  for (uint64_t upper = 0; upper < 4; ++upper) {
    uint64_t found = 0;
    for (const RowRange& range : set.LowerHalves(static_cast<uint32_t>(upper), 30000)) {
      for (uint64_t low = range.start; low < range.end(); ++low) {
        ASSERT_TRUE(members.contains(upper << 32 | low));
        ++found;
      }
    }
    for (uint64_t low = 0; low < 40000; ++low) {
      const bool member = members.contains(upper << 32 | low);
      ASSERT_EQ(set.Contains(upper << 32 | low), member);
      if (member && low < 30000) --found;
    }
    EXPECT_EQ(found, 0u);
  }
  EXPECT_TRUE(set.Contains(UINT64_MAX));
}

TEST(RowIdSet, TakesAWholeUpperHalf) {
  const RowIdSet set = Parse(std::string("\x01\0\0\0\x02\0\0\0\0\0\0\0", 12));
  EXPECT_TRUE(set.Contains(uint64_t{2} << 32 | 77));
  EXPECT_FALSE(set.Contains(77));
  EXPECT_EQ(set.LowerHalves(2, 10), (RowRanges{{0, 10}}));
  EXPECT_EQ(set.count(), UINT64_MAX);
}

TEST(RowIdSet, RefusesDamagedBytes) {
  for (const std::string& bytes :
       {std::string(), std::string("abc"), std::string("\x01\0\0\0\0\0\0\0\x14\0\0\0\x3a", 13),
        std::string("\xff\xff\xff\xff", 4), std::string("\x01\0\0\0\0\0\0\0\x02\0\0\0zz", 14)}) {
    auto parsed = RowIdSet::Parse({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
    EXPECT_TRUE(Is(parsed.status(), ErrorKind::kCorruption)) << parsed.status();
  }
}

TEST(RowIdMask, CombinesAllowedAndBlockedAddresses) {
  RowIdMask mask;
  EXPECT_EQ(mask.RowsOf(3, 10, nullptr), (RowRanges{{0, 10}}));
  const uint64_t third = uint64_t{3} << 32;
  mask.block = SetOf({third, third + 4, third + 5, third + 9, 7});
  EXPECT_EQ(mask.RowsOf(3, 10, nullptr), (RowRanges{{1, 3}, {6, 3}}));
  EXPECT_EQ(mask.RowsOf(0, 8, nullptr), (RowRanges{{0, 7}}));
  mask.allow = SetOf({third + 2, third + 3, third + 4, third + 8, third + 50});
  EXPECT_EQ(mask.RowsOf(3, 10, nullptr), (RowRanges{{2, 2}, {8, 1}}));
  EXPECT_TRUE(mask.RowsOf(0, 8, nullptr).empty());
}

TEST(RowIdMask, LooksStableIdsUp) {
  std::vector<uint64_t> ids;
  for (uint64_t i = 0; i < 10000; ++i) ids.push_back((i * 7919) % 10007 + (uint64_t{1} << 33));
  auto sequence = RowIdSequence::FromValues(ids);
  for (size_t members : {size_t{3}, size_t{5000}}) {  // by lookup and in order
    std::vector<uint64_t> wanted;
    for (size_t i = 0; i < members; ++i) wanted.push_back(ids[(i * 31) % ids.size()]);
    wanted.push_back(1);
    RowIdMask mask;
    mask.allow = SetOf(wanted);
    const std::set<uint64_t> set(wanted.begin(), wanted.end());
    const RowRanges rows = mask.RowsOf(0, ids.size(), sequence.get());
    EXPECT_EQ(CountRows(rows), set.size() - 1);
    for (const RowRange& range : rows) {
      for (uint64_t row = range.start; row < range.end(); ++row) ASSERT_TRUE(set.contains(ids[row]));
    }
  }
}

}  // namespace
}  // namespace lance::table
