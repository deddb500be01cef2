#include "lance/store/ahead_object.h"

#include <arrow/buffer.h>
#include <gtest/gtest.h>

namespace lance::store {
namespace {

std::vector<std::pair<uint64_t, uint64_t>> Joined(std::vector<ByteRange> ranges, FetchBudget budget) {
  std::vector<std::pair<uint64_t, uint64_t>> out;
  for (const ByteRange& range : JoinRanges(std::move(ranges), budget))
    out.emplace_back(range.offset, range.length);
  return out;
}

using Pairs = std::vector<std::pair<uint64_t, uint64_t>>;

TEST(JoinRanges, JoinsNearestFirstAsFarAsTheBudgetGoes) {
  const std::vector<ByteRange> ranges = {{100, 10}, {0, 10}, {30, 10}, {111, 4}};
  EXPECT_EQ(Joined(ranges, {}), (Pairs{{0, 10}, {30, 10}, {100, 10}, {111, 4}}));
  EXPECT_EQ(Joined(ranges, {1000, 1}), (Pairs{{0, 10}, {30, 10}, {100, 15}}));
  EXPECT_EQ(Joined(ranges, {1000, 21}), (Pairs{{0, 40}, {100, 15}}));
  EXPECT_EQ(Joined(ranges, {30, 1000}), (Pairs{{0, 40}, {100, 15}}));
  EXPECT_EQ(Joined(ranges, {1000, 1000}), (Pairs{{0, 115}}));
  EXPECT_EQ(Joined({}, {1000, 1000}), Pairs{});
  // Without a budget what overlaps or touches.
  EXPECT_EQ(Joined({{0, 10}, {5, 2}, {10, 3}, {12, 8}}, {}), (Pairs{{0, 20}}));
}

// Counts what is asked of it.
class Counted : public ReadableObject {
 public:
  const std::string& path() const override { return path_; }
  uint64_t size() const override { return 1000; }
  Status ReadInto(ByteRange range, uint8_t* out) override {
    ++reads;
    for (uint64_t i = 0; i < range.length; ++i) out[i] = static_cast<uint8_t>(range.offset + i);
    return Status::OK();
  }
  int reads = 0;

 private:
  std::string path_ = "counted";
};

void Check(const std::shared_ptr<arrow::Buffer>& buffer, ByteRange range) {
  ASSERT_EQ(static_cast<uint64_t>(buffer->size()), range.length);
  for (uint64_t i = 0; i < range.length; ++i) {
    ASSERT_EQ(buffer->data()[i], static_cast<uint8_t>(range.offset + i));
  }
}

TEST(AheadObject, ServesWhatWasFetchedAsLongAsItIsHeld) {
  const auto inner = std::make_shared<Counted>();
  AheadObject object(inner);
  const std::vector<ByteRange> wanted = {{505, 3}, {10, 5}, {300, 7}, {108, 4}};
  {
    const auto fetched = object.Fetch({{0, 50}, {100, 20}, {500, 20}}, {50, 60}).ValueOrDie();
    EXPECT_EQ(fetched->ranges.size(), 2u);
    EXPECT_EQ(inner->reads, 2);
    const auto got = object.ReadMany(wanted).ValueOrDie();
    for (size_t i = 0; i < wanted.size(); ++i) Check(got[i], wanted[i]);
    EXPECT_EQ(inner->reads, 3);  // what lies at 300
    const ByteRange gap{60, 10}, over{515, 10};
    Check(object.Read(gap).ValueOrDie(), gap);
    uint8_t bytes[10];
    ASSERT_TRUE(object.ReadInto(gap, bytes).ok());
    EXPECT_EQ(bytes[9], 69);
    EXPECT_EQ(inner->reads, 3);
    Check(object.Read(over).ValueOrDie(), over);
    EXPECT_EQ(inner->reads, 4);
    const auto viewed = object.ViewMany(wanted).ValueOrDie();
    for (size_t i = 0; i < wanted.size(); ++i) Check(viewed[i], wanted[i]);
    EXPECT_EQ(inner->reads, 5);
  }
  const auto got = object.ReadMany(wanted).ValueOrDie();
  for (size_t i = 0; i < wanted.size(); ++i) Check(got[i], wanted[i]);
  EXPECT_EQ(inner->reads, 9);
}

}  // namespace
}  // namespace lance::store
