#include "lance/dataset/mutate/merge_insert/key_index.h"

#include <map>
#include <random>

#include <arrow/api.h>
#include <arrow/compute/cast.h>
#include <gtest/gtest.h>

namespace lance::dataset {
namespace {

// Keys with repeats and nulls, as numbers.
std::shared_ptr<arrow::Array> RandomKeys(int rows, int distinct, std::mt19937* random) {
  arrow::Int64Builder builder;
  for (int i = 0; i < rows; ++i) {
    const int value = static_cast<int>((*random)() % static_cast<unsigned>(distinct));
    EXPECT_TRUE((value % 11 == 3 ? builder.AppendNull() : builder.Append(value)).ok());
  }
  return builder.Finish().ValueOrDie();
}

std::vector<std::optional<std::string>> AsText(const arrow::ArrayVector& keys) {
  std::vector<std::optional<std::string>> out;
  for (int64_t row = 0; row < keys[0]->length(); ++row) {
    std::optional<std::string> text = "";
    for (const auto& key : keys) {
      if (key->IsNull(row)) text.reset();
      if (text) *text += key->GetScalar(row).ValueOrDie()->ToString() + "/";
    }
    out.push_back(std::move(text));
  }
  return out;
}

void ExpectFindsAll(const arrow::ArrayVector& source, const arrow::ArrayVector& target) {
  std::map<std::string, std::vector<uint32_t>> expected;
  const auto source_text = AsText(source);
  for (uint32_t row = 0; row < source_text.size(); ++row) {
    if (source_text[row]) expected[*source_text[row]].push_back(row);
  }
  auto index = KeyIndex::Make(source, false);
  ASSERT_TRUE(index.ok()) << index.status();
  std::vector<KeyIndex::Hit> hits;
  ASSERT_TRUE((*index)->Find(target, &hits).ok());
  const auto target_text = AsText(target);
  std::vector<uint32_t> first(target_text.size(), KeyIndex::kNone);
  for (size_t i = 0; i < hits.size(); ++i) {
    ASSERT_LT(hits[i].row, first.size());
    if (i > 0) {
      ASSERT_LT(hits[i - 1].row, hits[i].row);
    }
    first[hits[i].row] = hits[i].first;
  }
  for (size_t row = 0; row < first.size(); ++row) {
    std::vector<uint32_t> found;
    for (uint32_t at = first[row]; at != KeyIndex::kNone; at = (*index)->Next(at)) found.push_back(at);
    EXPECT_EQ(found, target_text[row] ? expected[*target_text[row]] : std::vector<uint32_t>())
        << "row " << row << " of " << source[0]->type()->ToString();
  }
}

TEST(KeyIndex, FindsEveryRowOfEveryKeyType) {
  std::mt19937 random(5);
  for (const auto& type :
       {arrow::int8(), arrow::uint16(), arrow::int32(), arrow::int64(), arrow::float64(), arrow::utf8(),
        arrow::large_utf8(), arrow::binary(), arrow::date32(), arrow::timestamp(arrow::TimeUnit::MICRO),
        arrow::decimal128(23, 2), arrow::boolean()}) {
    auto cast = [&](int rows, int distinct) {
      std::shared_ptr<arrow::Array> keys = RandomKeys(rows, distinct, &random);
      if (type->id() == arrow::Type::DATE32) keys = arrow::compute::Cast(*keys, arrow::int32()).ValueOrDie();
      if (type->id() == arrow::Type::BINARY) keys = arrow::compute::Cast(*keys, arrow::utf8()).ValueOrDie();
      return arrow::compute::Cast(*keys, type).ValueOrDie();
    };
    ExpectFindsAll({cast(300, 100)}, {cast(500, 120)});
    ExpectFindsAll({cast(300, 100)->Slice(7, 200)}, {cast(500, 120)->Slice(3)});
  }
}

TEST(KeyIndex, FindsKeysOfSeveralColumns) {
  std::mt19937 random(6);
  auto text = [&](int rows) {
    return arrow::compute::Cast(*RandomKeys(rows, 8, &random), arrow::utf8()).ValueOrDie();
  };
  ExpectFindsAll({RandomKeys(200, 9, &random), text(200)}, {RandomKeys(300, 9, &random), text(300)});
  ExpectFindsAll({text(200), text(200)}, {text(300), text(300)});
}

TEST(KeyIndex, FindsNothingInNothing) {
  std::mt19937 random(7);
  ExpectFindsAll({RandomKeys(0, 5, &random)}, {RandomKeys(20, 5, &random)});
}

TEST(KeyIndex, LeavesRepeatsOutWhenAsked) {
  std::mt19937 random(8);
  auto keys = RandomKeys(100, 20, &random);
  auto index = KeyIndex::Make({keys}, true).ValueOrDie();
  std::vector<KeyIndex::Hit> hits;
  ASSERT_TRUE(index->Find({keys}, &hits).ok());
  ASSERT_EQ(hits.size(), static_cast<size_t>(keys->length() - keys->null_count()));
  size_t repeats = 0;
  for (const KeyIndex::Hit& hit : hits) {
    EXPECT_EQ(index->Next(hit.first), KeyIndex::kNone);
    repeats += hit.first != hit.row;
  }
  EXPECT_EQ(index->skipped().size(), repeats);
}

TEST(KeyIndex, NamesTypesThatCannotBeKeys) {
  auto lists = arrow::MakeArrayOfNull(arrow::list(arrow::int32()), 3).ValueOrDie();
  EXPECT_EQ(KindOf(KeyIndex::Make({lists}, false).status()), ErrorKind::kNotSupported);
}

}  // namespace
}  // namespace lance::dataset
