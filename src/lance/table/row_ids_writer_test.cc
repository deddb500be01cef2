#include <gtest/gtest.h>

#include "lance/base/testing.h"
#include "lance/proto/table_format.pb.h"
#include "lance/table/fragment_set.h"
#include "lance/table/row_ids.h"

namespace lance::table {
namespace {

using Case = pb::U64Segment::SegmentCase;

std::span<const uint8_t> Bytes(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// Reads back what was written and returns the kind of its only segment.
Case KindOf(const std::vector<uint64_t>& ids) {
  const std::string bytes = SerializeRowIds(ids);
  auto parsed = RowIdSequence::Parse(Bytes(bytes));
  EXPECT_TRUE(parsed.ok()) << parsed.status().ToString();
  std::vector<uint64_t> read((*parsed)->size());
  (*parsed)->Read({0, read.size()}, read.data());
  EXPECT_EQ(read, ids);
  pb::RowIdSequence message;
  EXPECT_TRUE(message.ParseFromString(bytes));
  return message.segments(0).segment_case();
}

std::vector<uint64_t> Range(uint64_t start, uint64_t end, uint64_t step = 1) {
  std::vector<uint64_t> out;
  for (uint64_t i = start; i < end; i += step) out.push_back(i);
  return out;
}

TEST(RowIdsWriter, PicksTheSmallestForm) {
  EXPECT_EQ(KindOf({}), pb::U64Segment::kRange);
  EXPECT_EQ(KindOf(Range(5, 100)), pb::U64Segment::kRange);
  std::vector<uint64_t> holed = Range(0, 1000);
  holed.erase(holed.begin() + 500);
  EXPECT_EQ(KindOf(holed), pb::U64Segment::kRangeWithHoles);
  EXPECT_EQ(KindOf(Range(0, 1000, 2)), pb::U64Segment::kRangeWithBitmap);
  EXPECT_EQ(KindOf(Range(0, 100'000, 1000)), pb::U64Segment::kSortedArray);
  EXPECT_EQ(KindOf({3, 1, 2}), pb::U64Segment::kArray);
  EXPECT_EQ(KindOf({1, UINT64_MAX}), pb::U64Segment::kSortedArray);
  EXPECT_EQ(KindOf({UINT64_MAX}), pb::U64Segment::kSortedArray);
  EXPECT_EQ(KindOf({0, 1'000'000, 1}), pb::U64Segment::kArray);
}

TEST(RowIdsWriter, WritesBitmapsAsRangesOnRequest) {
  std::vector<uint64_t> ids = Range(0, 10'000);
  std::erase_if(ids, [](uint64_t id) { return id % 5000 < 2000; });
  const std::string bitmap = SerializeRowIds(ids);
  ASSERT_OK_AND_ASSIGN(std::string ranges, WithRangeSegments(bitmap));
  EXPECT_LT(ranges.size(), bitmap.size());
  ASSERT_OK_AND_ASSIGN(auto parsed, RowIdSequence::Parse(Bytes(ranges)));
  EXPECT_EQ(parsed->segments().size(), 2u);
  EXPECT_EQ(parsed->size(), ids.size());
  EXPECT_EQ(parsed->Get(3000), ids[3000]);
}

TEST(RowIdsWriter, KeepsVersions) {
  const std::vector<uint64_t> versions = {1, 1, 3, 3, 3, 2};
  const std::string bytes = SerializeVersions(VersionSequence::FromValues(versions)->runs());
  ASSERT_OK_AND_ASSIGN(auto parsed, VersionSequence::Parse(Bytes(bytes)));
  std::vector<uint64_t> read(parsed->size());
  parsed->Read({0, read.size()}, read.data());
  EXPECT_EQ(read, versions);
}

TEST(FragmentSet, AddsRemovesAndKeepsRuns) {
  FragmentSet set;
  for (const uint64_t id : {5, 3, 4, 9, 1}) set.Add(id);
  EXPECT_EQ(set.ranges(), (RowRanges{{1, 1}, {3, 3}, {9, 1}}));
  set.Add(2);
  EXPECT_EQ(set.ranges(), (RowRanges{{1, 5}, {9, 1}}));
  set.Remove(3);
  set.Remove(9);
  set.Remove(100);
  EXPECT_EQ(set.ranges(), (RowRanges{{1, 2}, {4, 2}}));
  EXPECT_TRUE(set.Contains(5));
  EXPECT_FALSE(set.Contains(3));
  ASSERT_OK_AND_ASSIGN(FragmentSet read, FragmentSet::Parse(set.Serialize()));
  EXPECT_EQ(read, set);
  EXPECT_TRUE(set.Intersects(FragmentSet(RowRanges{{5, 10}})));
  EXPECT_FALSE(set.Intersects(FragmentSet(RowRanges{{3, 1}, {6, 4}})));
}

}  // namespace
}  // namespace lance::table
