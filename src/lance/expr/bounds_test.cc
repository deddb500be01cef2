#include "lance/expr/bounds.h"

#include <arrow/api.h>
#include <gtest/gtest.h>

namespace lance::expr {
namespace {

std::vector<ColumnBounds> BoundsOf(const std::string& filter) {
  auto schema = arrow::schema({arrow::field("i", arrow::int64()), arrow::field("s", arrow::utf8()),
                               arrow::field("st", arrow::struct_({arrow::field("x", arrow::int64())}))});
  return ExtractBounds(*ParseFilter(filter, schema).ValueOrDie());
}

TEST(ExtractBounds, TakesTheTightestOfAllTerms) {
  auto bounds = BoundsOf("i > 3 and i >= 5 and i < 100 and 90 >= i");
  ASSERT_EQ(bounds.size(), 1u);
  EXPECT_EQ(bounds[0].column, "i");
  EXPECT_TRUE(bounds[0].low->Equals(arrow::Int64Scalar(5)));
  EXPECT_TRUE(bounds[0].low_inclusive);
  EXPECT_TRUE(bounds[0].high->Equals(arrow::Int64Scalar(90)));
  EXPECT_TRUE(bounds[0].not_null);
}

TEST(ExtractBounds, ReadsEqualityAndLists) {
  auto bounds = BoundsOf("i in (7, 3, 5) and s = 'a'");
  ASSERT_EQ(bounds.size(), 2u);
  EXPECT_EQ(bounds[0].one_of.size(), 3u);
  EXPECT_TRUE(bounds[0].low->Equals(arrow::Int64Scalar(3)));
  EXPECT_TRUE(bounds[0].high->Equals(arrow::Int64Scalar(7)));
  EXPECT_EQ(bounds[1].one_of.size(), 1u);
  EXPECT_EQ(BoundsOf("i in (1, 2, 3, 4, 5)")[0].one_of.size(), 5u);
}

TEST(ExtractBounds, LeavesOutWhatItCannotUse) {
  EXPECT_TRUE(BoundsOf("i = 1 or s = 'a'").empty());
  EXPECT_TRUE(BoundsOf("i + 1 > 5").empty());
  EXPECT_TRUE(BoundsOf("i not in (1, 2, 3, 4)").empty());
  EXPECT_TRUE(BoundsOf("i is distinct from 1").empty());
}

TEST(ExtractBounds, KnowsNullsAndNestedPaths) {
  EXPECT_TRUE(BoundsOf("i is null")[0].is_null);
  EXPECT_TRUE(BoundsOf("st.x is not null")[0].not_null);
  EXPECT_EQ(BoundsOf("st.x > 1")[0].column, "st.x");
}

}  // namespace
}  // namespace lance::expr
