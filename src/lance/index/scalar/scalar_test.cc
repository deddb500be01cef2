#include <algorithm>
#include <cmath>
#include <random>

#include <arrow/api.h>

#include "lance/base/testing.h"
#include "lance/index/scalar/btree/key_sorter.h"
#include "lance/index/scalar/btree/lookup.h"
#include "lance/index/scalar/btree/names.h"
#include "lance/index/scalar/btree/page.h"
#include "lance/index/scalar/key_set.h"

namespace lance::index {
namespace {

KeyType TypeOf(const std::shared_ptr<arrow::DataType>& type) { return KeyType::Make(type).ValueOrDie(); }

template <typename Builder, typename T>
std::shared_ptr<arrow::Array> ArrayOf(const std::vector<T>& values) {
  Builder builder;
  for (const T& value : values) EXPECT_TRUE(builder.Append(value).ok());
  return builder.Finish().ValueOrDie();
}

TEST(Keys, OrderFloatsTotallyAndComeBack) {
  const double inf = INFINITY, nan = std::nan("");
  const std::vector<double> values = {-nan, -inf, -1.5, -0.0, 0.0, 1e-300, 2, inf, nan};
  const KeyType type = TypeOf(arrow::float64());
  const auto array = ArrayOf<arrow::DoubleBuilder>(values);
  const Keys keys = Keys::Of(type, array).ValueOrDie();
  for (size_t i = 1; i < keys.size(); ++i) EXPECT_LT(keys.numbers()[i - 1], keys.numbers()[i]) << i;
  const auto back = type.ToArray(keys.numbers(), 2).ValueOrDie();
  EXPECT_EQ(back->null_count(), 2);
  EXPECT_EQ(std::memcmp(back->data()->GetValues<double>(1) + 2, values.data(), values.size() * 8), 0);
}

TEST(Keys, OrderDecimalsOfBothSigns) {
  const KeyType type = TypeOf(arrow::decimal128(30, 2));
  arrow::Decimal128Builder builder(type.type());
  const std::vector<arrow::Decimal128> values = {arrow::Decimal128(-70000), arrow::Decimal128(-1),
                                                 arrow::Decimal128(0), arrow::Decimal128(255),
                                                 arrow::Decimal128(1, 0)};
  for (const auto& value : values) ASSERT_TRUE(builder.Append(value).ok());
  const auto array = builder.Finish().ValueOrDie();
  const Keys keys = Keys::Of(type, array).ValueOrDie();
  for (size_t i = 1; i < keys.size(); ++i) EXPECT_LT(keys.bytes()[i - 1], keys.bytes()[i]) << i;
  EXPECT_TRUE(type.ToArray(keys.bytes(), 0).ValueOrDie()->Equals(*array));
}

TEST(KeySet, IsASetOfSmallNumbers) {
  const KeyType type = TypeOf(arrow::uint8());
  std::mt19937 random(5);
  const auto contains = [](const KeySet& set, uint64_t number) {
    const std::string key = NumberKey(number);
    return std::any_of(set.ranges().begin(), set.ranges().end(), [&](const KeyRange& range) {
      return range.low <= key && (!range.high.has_value() || key < *range.high);
    });
  };
  const auto draw = [&] {
    KeySet out = KeySet::None();
    for (unsigned i = random() % 4; i > 0; --i) {
      const std::string low = NumberKey(random() % 256), high = NumberKey(random() % 256);
      out = out.Union(KeySet::Between(type, random() % 4 == 0 ? nullptr : &low, random() % 2 == 0,
                                      random() % 4 == 0 ? nullptr : &high, random() % 2 == 0));
    }
    return out;
  };
  for (int round = 0; round < 500; ++round) {
    const KeySet a = draw(), b = draw();
    for (uint64_t n = 0; n < 256; ++n) {
      EXPECT_EQ(contains(a.Union(b), n), contains(a, n) || contains(b, n));
      EXPECT_EQ(contains(a.Intersect(b), n), contains(a, n) && contains(b, n));
      EXPECT_EQ(contains(a.NotIn(), n), !contains(a, n));
    }
    const KeySet both = a.Union(b);
    for (size_t i = 1; i < both.ranges().size(); ++i)
      EXPECT_LT(*both.ranges()[i - 1].high, both.ranges()[i].low);
  }
}

TEST(KeySet, BoundsAreExact) {
  const KeyType type = TypeOf(arrow::int8());
  const std::string most = NumberKey(type.max_number()), five = NumberKey(type.ToKey(5));
  EXPECT_TRUE(KeySet::Between(type, &most, false, nullptr, true).empty());
  EXPECT_EQ(KeySet::Between(type, &most, true, nullptr, true), KeySet::One(type, most));
  EXPECT_TRUE(KeySet::Between(type, &five, true, &five, false).empty());
  EXPECT_TRUE(KeySet::All(true).NotIn().empty());
  EXPECT_EQ(KeySet::Prefix("a\xFF").ranges()[0].high, "b");
  EXPECT_EQ(KeySet::Prefix("\xFF\xFF").ranges()[0].high, std::nullopt);
}

// Sorts, and gives the ids in order.
std::vector<uint64_t> Sorted(const KeyType& type, const std::vector<std::shared_ptr<arrow::Array>>& arrays,
                             uint64_t budget, bool* spilled) {
  KeySorterOptions options;
  options.memory_budget_bytes = budget;
  const auto sorter = KeySorter::Make(type, options);
  uint64_t next = 0;
  for (const auto& array : arrays) {
    std::vector<uint64_t> ids(static_cast<size_t>(array->length()));
    for (uint64_t& id : ids) id = next++;
    EXPECT_TRUE(sorter->Append(array, ids.data()).ok());
  }
  std::vector<uint64_t> out;
  const auto take = [&](std::span<const uint64_t> ids) {
    out.insert(out.end(), ids.begin(), ids.end());
    return Status::OK();
  };
  KeySorter::Sink sink;
  sink.nulls = take;
  sink.numbers = [&](auto, std::span<const uint64_t> ids) { return take(ids); };
  sink.bytes = [&](auto, std::span<const uint64_t> ids) { return take(ids); };
  EXPECT_TRUE(sorter->Finish(sink).ok());
  *spilled = sorter->spilled();
  return out;
}

TEST(KeySorter, IsAStableSortWhateverTheMemory) {
  std::mt19937_64 random(9);
  for (const size_t rows : {0, 1, 1000, 40'000}) {
    std::vector<int64_t> numbers(rows);
    std::vector<std::string> texts(rows);
    for (size_t i = 0; i < rows; ++i) {
      numbers[i] = static_cast<int64_t>(random() % 5000) - 2500;
      texts[i] = "prefix of " + std::to_string(random() % 700);
    }
    std::vector<uint64_t> by_number(rows), by_text(rows);
    for (size_t i = 0; i < rows; ++i) by_number[i] = by_text[i] = i;
    std::stable_sort(by_number.begin(), by_number.end(),
                     [&](uint64_t a, uint64_t b) { return numbers[a] < numbers[b]; });
    std::stable_sort(by_text.begin(), by_text.end(),
                     [&](uint64_t a, uint64_t b) { return texts[a] < texts[b]; });
    for (const uint64_t budget : {uint64_t{1}, uint64_t{300'000}, uint64_t{1} << 30}) {
      bool spilled = false;
      const auto number_array = ArrayOf<arrow::Int64Builder>(numbers);
      EXPECT_EQ(Sorted(TypeOf(arrow::int64()), {number_array}, budget, &spilled), by_number);
      EXPECT_EQ(spilled, rows > 2000 && budget < 1 << 20) << rows << " " << budget;
      const auto text_array = ArrayOf<arrow::StringBuilder>(texts);
      EXPECT_EQ(Sorted(TypeOf(arrow::utf8()), {text_array}, budget, &spilled), by_text);
    }
  }
}

TEST(BTreeLookup, RefusesPagesOutOfOrder) {
  const auto lookup = [](std::vector<int64_t> mins, std::vector<int64_t> maxs, std::vector<uint32_t> pages) {
    const auto schema = arrow::schema(
        {arrow::field("min", arrow::int64()), arrow::field("max", arrow::int64()),
         arrow::field("null_count", arrow::uint32()), arrow::field("page_idx", arrow::uint32())});
    const auto rows = static_cast<int64_t>(mins.size());
    const std::vector<uint32_t> nulls(mins.size(), 0);
    return BTreeLookup::Parse(
        *arrow::RecordBatch::Make(
            schema, rows,
            {ArrayOf<arrow::Int64Builder>(mins), ArrayOf<arrow::Int64Builder>(maxs),
             ArrayOf<arrow::UInt32Builder>(nulls), ArrayOf<arrow::UInt32Builder>(pages)}),
        3);
  };
  EXPECT_TRUE(lookup({1, 5, 9}, {5, 9, 9}, {0, 1, 2}).ok());
  EXPECT_TRUE(Is(lookup({1, 5}, {6, 9}, {0, 1}).status(), ErrorKind::kCorruption));
  EXPECT_TRUE(Is(lookup({7}, {6}, {0}).status(), ErrorKind::kCorruption));
  EXPECT_TRUE(Is(lookup({1}, {6}, {3}).status(), ErrorKind::kCorruption));
  const BTreeLookup good = lookup({1, 5, 9}, {5, 9, 9}, {0, 1, 2}).ValueOrDie();
  const auto find = [&](int64_t value) {
    const KeySet set = KeySet::One(good.type(), NumberKey(good.type().ToKey(static_cast<uint64_t>(value))));
    return good.Find(set.ranges()[0]);
  };
  EXPECT_EQ(find(5), (std::pair<size_t, size_t>(0, 2)));
  EXPECT_EQ(find(9), (std::pair<size_t, size_t>(1, 3)));
  EXPECT_EQ(find(7), (std::pair<size_t, size_t>(1, 2)));
  EXPECT_EQ(find(0).first, find(0).second);
  EXPECT_EQ(find(10).first, find(10).second);
}

}  // namespace
}  // namespace lance::index
