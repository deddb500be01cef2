#include "lance/encoding/assembly/levels.h"

#include <arrow/api.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lance::encoding {
namespace {

using testing::ElementsAre;

BufferPtr Levels16(const std::vector<uint16_t>& levels) { return arrow::Buffer::FromVector(levels); }

struct PageSpec {
  std::vector<Layer> layers;
  std::vector<uint16_t> rep;
  std::vector<uint16_t> def;
  int64_t num_values = 0;
};

DecodedPage MakePage(const PageSpec& spec) {
  DecodedPage page;
  page.values = arrow::ArrayData::Make(arrow::null(), spec.num_values, {nullptr}, spec.num_values);
  page.layers = spec.layers;
  if (!spec.rep.empty()) page.rep = Levels16(spec.rep);
  if (!spec.def.empty()) page.def = Levels16(spec.def);
  page.num_levels = std::max(spec.rep.size(), spec.def.size());
  return page;
}

Result<LeafLevels> Make(const std::vector<PageSpec>& pages, const std::vector<LayerKind>& shape) {
  std::vector<PageLevels> made;
  for (const PageSpec& page : pages) {
    ARROW_ASSIGN_OR_RAISE(PageLevels one, PageLevels::Make(MakePage(page), shape, "page"));
    made.push_back(std::move(one));
  }
  return LeafLevels(std::move(made));
}

std::string Bits(const Validity& validity, uint64_t length) {
  if (validity.bitmap == nullptr) return "all";
  std::string out;
  int64_t nulls = 0;
  for (uint64_t i = 0; i < length; ++i) {
    const bool valid = arrow::bit_util::GetBit(validity.bitmap->data(), static_cast<int64_t>(i));
    out += valid ? '1' : '0';
    nulls += !valid;
  }
  EXPECT_TRUE(validity.null_count < 0 || validity.null_count == nulls);
  return out;
}

std::vector<int32_t> Offsets(const ListOffsets& lists) {
  const auto* begin = reinterpret_cast<const int32_t*>(lists.offsets->data());
  return {begin, begin + lists.num_lists + 1};
}

constexpr auto kItem = LayerKind::kItem;
constexpr auto kList = LayerKind::kList;

// The example of README.md: [[1, null], null, [], [2]].
TEST(LeafLevels, PeelsListsWithNullsAndEmpties) {
  PageSpec page{{Layer::kNullableItem, Layer::kNullAndEmptyList}, {1, 0, 1, 1, 1}, {0, 1, 2, 3, 0}, 3};
  auto levels = Make({page}, {kItem, kList});
  ASSERT_TRUE(levels.ok()) << levels.status();
  EXPECT_EQ(Bits(*levels->PeelItems(3), 3), "101");
  auto lists = levels->PeelLists(false, 3);
  ASSERT_TRUE(lists.ok()) << lists.status();
  EXPECT_THAT(Offsets(*lists), ElementsAre(0, 2, 2, 2, 3));
  EXPECT_EQ(Bits(lists->validity, 4), "1011");
}

// Rows [{<0,1>, <>, <2>}, {<3>}, {}], [], [{<4>}] of a triple list without nulls; every empty list is hidden
// from what is inside of it.
TEST(LeafLevels, PeelsThreeListsFromTheInside) {
  PageSpec page{{Layer::kAllValidItem, Layer::kEmptyableList, Layer::kEmptyableList, Layer::kEmptyableList},
                {3, 0, 1, 1, 2, 2, 3, 3},
                {0, 0, 1, 0, 0, 2, 3, 0},
                5};
  auto levels = Make({page}, {kItem, kList, kList, kList});
  ASSERT_TRUE(levels.ok()) << levels.status();
  EXPECT_EQ(Bits(*levels->PeelItems(5), 5), "all");
  auto inner = levels->PeelLists(false, 5);
  ASSERT_TRUE(inner.ok()) << inner.status();
  EXPECT_THAT(Offsets(*inner), ElementsAre(0, 2, 2, 3, 4, 5));
  auto middle = levels->PeelLists(false, 5);
  ASSERT_TRUE(middle.ok()) << middle.status();
  EXPECT_THAT(Offsets(*middle), ElementsAre(0, 3, 4, 4, 5));
  auto outer = levels->PeelLists(true, 4);
  ASSERT_TRUE(outer.ok()) << outer.status();
  EXPECT_EQ(outer->num_lists, 3u);
  const auto* offsets = reinterpret_cast<const int64_t*>(outer->offsets->data());
  EXPECT_THAT(std::vector<int64_t>(offsets, offsets + 4), ElementsAre(0, 3, 3, 4));
}

// struct<struct<int>>: the outermost null wins.
TEST(LeafLevels, PeelsStructsByTheirLevels) {
  PageSpec page{{Layer::kNullableItem, Layer::kNullableItem, Layer::kNullableItem}, {}, {0, 3, 2, 1}, 4};
  auto levels = Make({page}, {kItem, kItem, kItem});
  ASSERT_TRUE(levels.ok());
  EXPECT_EQ(Bits(*levels->PeelItems(4), 4), "1000");
  EXPECT_EQ(Bits(*levels->PeelItems(4), 4), "1001");
  EXPECT_EQ(Bits(*levels->PeelItems(4), 4), "1011");
}

// A null struct around a list makes the list null and hides its items.
TEST(LeafLevels, NullStructAroundAListIsANullList) {
  PageSpec page{
      {Layer::kAllValidItem, Layer::kEmptyableList, Layer::kNullableItem}, {1, 1, 1, 0}, {2, 1, 0, 0}, 2};
  auto levels = Make({page}, {kItem, kList, kItem});
  ASSERT_TRUE(levels.ok());
  EXPECT_EQ(Bits(*levels->PeelItems(2), 2), "all");
  auto lists = levels->PeelLists(false, 2);
  ASSERT_TRUE(lists.ok()) << lists.status();
  EXPECT_THAT(Offsets(*lists), ElementsAre(0, 0, 0, 2));
  EXPECT_EQ(Bits(lists->validity, 3), "011");
  EXPECT_EQ(Bits(*levels->PeelItems(3), 3), "011");
}

TEST(LeafLevels, JoinsPagesWhoseLayersDiffer) {
  PageSpec nulls{{Layer::kNullableItem, Layer::kNullableList}, {1, 1, 0}, {2, 0, 1}, 2};
  PageSpec plain{{Layer::kAllValidItem, Layer::kAllValidList}, {1, 0, 1}, {}, 3};
  auto levels = Make({plain, nulls, plain}, {kItem, kList});
  ASSERT_TRUE(levels.ok());
  EXPECT_EQ(Bits(*levels->PeelItems(8), 8), "11110111");
  auto lists = levels->PeelLists(false, 8);
  ASSERT_TRUE(lists.ok()) << lists.status();
  EXPECT_THAT(Offsets(*lists), ElementsAre(0, 2, 3, 3, 5, 7, 8));
  EXPECT_EQ(Bits(lists->validity, 6), "110111");
}

TEST(LeafLevels, FixedSizeListsKeepOneLevelARow) {
  PageSpec page{
      {Layer::kNullableItem, Layer::kNullableItem, Layer::kNullableItem}, {}, {0, 1, 3, 3, 2, 0}, 6};
  auto levels = Make({page}, {kItem, kItem, kItem});
  ASSERT_TRUE(levels.ok());
  EXPECT_EQ(Bits(*levels->PeelItems(6), 6), "100001");
  EXPECT_EQ(Bits(*levels->PeelItems(6), 6), "110001");
  ASSERT_TRUE(levels->PeelFixedSize(2).ok());
  EXPECT_EQ(Bits(*levels->PeelItems(3), 3), "101");
}

TEST(LeafLevels, LongBitmapsMatchTheLevelsAtAnyOffset) {
  for (uint16_t before : {0, 1, 7, 8, 63, 64, 65, 130}) {
    PageSpec first{{Layer::kNullableItem}, {}, std::vector<uint16_t>(before, 1), before};
    PageSpec second{{Layer::kNullableItem}, {}, {}, 1000};
    for (int i = 0; i < 1000; ++i) second.def.push_back(i % 7 == 0 || i % 11 == 0);
    auto levels = Make({first, second}, {kItem});
    ASSERT_TRUE(levels.ok());
    std::string expected(before, '0');
    for (int i = 0; i < 1000; ++i) expected += i % 7 == 0 || i % 11 == 0 ? '0' : '1';
    EXPECT_EQ(Bits(*levels->PeelItems(before + 1000), before + 1000), expected);
  }
}

TEST(LeafLevels, HandsOutStoredValidityWithoutACopy) {
  DecodedPage page = MakePage({{Layer::kAllValidItem, Layer::kNullableItem}, {}, {}, 3});
  page.validity = arrow::Buffer::FromVector(std::vector<uint8_t>{0b101});
  BufferPtr stored = page.validity;
  LeafLevels levels({*PageLevels::Make(page, {kItem, kItem}, "page")});
  EXPECT_EQ(Bits(*levels.PeelItems(3), 3), "all");
  auto validity = levels.PeelItems(3);
  ASSERT_TRUE(validity.ok());
  EXPECT_EQ(validity->bitmap, stored);
}

void ExpectCorrupt(const Status& status) { EXPECT_TRUE(Is(status, ErrorKind::kCorruption)) << status; }

TEST(LeafLevels, RefusesLayersThatDoNotFitTheField) {
  PageSpec item{{Layer::kNullableItem}, {}, {0}, 1};
  ExpectCorrupt(Make({item}, {kItem, kItem}).status());
  ExpectCorrupt(Make({item}, {kList}).status());
  ExpectCorrupt(Make({{{}, {}, {}, 1}}, {kItem, kList}).status());
  PageSpec no_rep{{Layer::kAllValidItem, Layer::kAllValidList}, {}, {0}, 1};
  ExpectCorrupt(Make({no_rep}, {kItem, kList}).status());
}

TEST(LeafLevels, RefusesLevelsThatDisagreeWithTheValues) {
  PageSpec page{{Layer::kNullableItem, Layer::kNullAndEmptyList}, {1, 0, 1}, {0, 1, 2}, 3};
  LeafLevels hidden = *Make({page}, {kItem, kList});
  ASSERT_TRUE(hidden.PeelItems(3).ok());  // a hidden slot is found out where its list is peeled
  ExpectCorrupt(hidden.PeelLists(false, 3).status());
  PageSpec few{{Layer::kNullableItem, Layer::kNullAndEmptyList}, {1, 0, 1}, {0, 1, 2}, 1};
  ExpectCorrupt(Make({few}, {kItem, kList})->PeelItems(1).status());
  PageSpec lists{{Layer::kAllValidItem, Layer::kAllValidList}, {1, 0, 1}, {}, 2};
  LeafLevels levels = *Make({lists}, {kItem, kList});
  ASSERT_TRUE(levels.PeelItems(2).ok());
  ExpectCorrupt(levels.PeelLists(false, 2).status());
  PageSpec short_def{{Layer::kNullableItem}, {}, {0, 1}, 3};
  ExpectCorrupt(Make({short_def}, {kItem}).status());
  PageSpec odd{{Layer::kNullableItem, Layer::kNullableItem}, {}, {0, 1, 0}, 3};
  LeafLevels fixed = *Make({odd}, {kItem, kItem});
  ExpectCorrupt(fixed.PeelFixedSize(2));
}

}  // namespace
}  // namespace lance::encoding
