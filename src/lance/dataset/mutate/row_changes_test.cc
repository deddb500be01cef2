#include "lance/row_changes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lance/base/row_address.h"
#include "lance/dataset/testing/tables.h"

namespace lance {
namespace {

using dataset_testing::FreshUri;
using dataset_testing::Rows;
using dataset_testing::Text;
using dataset_testing::Write;
using ::testing::HasSubstr;

std::shared_ptr<arrow::Schema> Columns() {
  return arrow::schema({arrow::field("k", arrow::int64()), arrow::field("v", arrow::utf8())});
}

// (1 a) (2 b), (3 c) (4 d): two rows a fragment.
std::shared_ptr<Dataset> FourRows(bool stable = false) {
  WriteOptions options;
  options.files.max_rows_per_file = 2;
  options.stable_row_ids = stable;
  auto dataset = Write(Rows(Columns(), {"[1, 2, 3, 4]", R"(["a", "b", "c", "d"])"}), FreshUri(), options);
  EXPECT_TRUE(dataset.ok()) << dataset.status();
  return dataset.ValueOr(nullptr);
}

uint64_t At(uint64_t fragment, uint64_t offset) { return RowAddress::Of(fragment, offset).value; }

std::shared_ptr<arrow::RecordBatch> Batch(const std::shared_ptr<arrow::Schema>& schema,
                                          const std::vector<std::string>& columns) {
  return Rows(schema, columns)->CombineChunksToBatch().ValueOrDie();
}

std::shared_ptr<arrow::RecordBatch> Names(const std::string& json) {
  return Batch(arrow::schema({arrow::field("v", arrow::utf8())}), {json});
}

std::vector<uint64_t> RowIds(const Dataset& dataset) {
  ScanOptions scan;
  scan.with_row_id = true;
  auto batch = dataset.Scan(scan).ValueOrDie()->ToTable().ValueOrDie()->CombineChunksToBatch().ValueOrDie();
  const auto& ids = static_cast<const arrow::UInt64Array&>(*batch->GetColumnByName("_rowid"));
  return {ids.raw_values(), ids.raw_values() + ids.length()};
}

TEST(RowChanges, CommitsDeletesUpdatesAndInsertsAsOneVersion) {
  const auto dataset = FourRows(/*stable=*/true);
  auto changes = RowChanges::Make(dataset).ValueOrDie();
  EXPECT_TRUE(changes->empty());
  EXPECT_EQ(*changes->Delete(std::vector{At(0, 0)}), 1u);
  ASSERT_TRUE(changes->Insert(*Batch(Columns(), {"[9]", R"(["new"])"})).ok());
  EXPECT_EQ(*changes->Update(std::vector{At(1, 1), At(0, 1)}, *Names(R"(["D", "B"])")), 2u);
  EXPECT_FALSE(changes->empty());
  auto result = changes->Commit();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ((*result)->version(), 2u);
  EXPECT_EQ(Text(**result), "3 4 2 9 | c D B new");
  EXPECT_THAT(RowIds(**result), ::testing::ElementsAre(2, 3, 1, 4));
  EXPECT_EQ(Text(*dataset), "1 2 3 4 | a b c d");
}

TEST(RowChanges, KeepsAndTakesBlobs) {
  const auto blob = arrow::field("b", arrow::large_binary(), true,
                                 arrow::key_value_metadata({{"lance-encoding:blob", "true"}}));
  const auto columns = arrow::schema({arrow::field("k", arrow::int64()), blob});
  for (const char* version : {"2.1", "2.2"}) {
    WriteOptions options;
    options.files.data_storage_version = version;
    auto dataset = Write(Rows(columns, {"[1, 2, 3]", R"(["one", null, "three"])"}), FreshUri(), options);
    ASSERT_TRUE(dataset.ok()) << dataset.status();
    auto changes = RowChanges::Make(*dataset).ValueOrDie();
    EXPECT_EQ(*changes->Update(std::vector{At(0, 0), At(0, 1)},
                               *Batch(arrow::schema({columns->field(0)}), {"[10, 20]"})),
              2u);
    EXPECT_EQ(*changes->Update(std::vector{At(0, 2)}, *Batch(arrow::schema({blob}), {R"(["new"])"})), 1u);
    ASSERT_TRUE(changes->Insert(*Batch(columns, {"[4]", R"(["four"])"})).ok());
    auto result = changes->Commit();
    ASSERT_TRUE(result.ok()) << result.status();
    ScanOptions scan;
    scan.blobs = BlobMode::kAllBinary;
    auto read =
        (*result)->Scan(scan).ValueOrDie()->ToTable().ValueOrDie()->CombineChunksToBatch().ValueOrDie();
    const auto wanted = Batch(arrow::schema({columns->field(0), arrow::field("b", arrow::large_binary())}),
                              {"[10, 20, 3, 4]", R"(["one", null, "new", "four"])"});
    for (int i = 0; i < 2; ++i) {
      EXPECT_TRUE(read->column(i)->Equals(*wanted->column(i))) << version << read->column(i)->ToString();
    }
  }
}

TEST(RowChanges, CountsARowOnce) {
  auto changes = RowChanges::Make(FourRows()).ValueOrDie();
  EXPECT_EQ(*changes->Update(std::vector{At(0, 1), At(0, 1), At(1, 0)}, *Names(R"(["x", "y", "z"])")), 2u);
  EXPECT_EQ(*changes->Delete(std::vector{At(0, 1), At(0, 0)}), 1u);
  auto result = changes->Commit();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(Text(**result), "4 2 3 | d x z");
}

TEST(RowChanges, WithoutChangesMakesNoVersion) {
  const auto dataset = FourRows();
  auto changes = RowChanges::Make(dataset).ValueOrDie();
  EXPECT_EQ(changes->Commit().ValueOrDie(), dataset);
}

TEST(RowChanges, RefusesRowsThatAreNotThere) {
  auto dataset = FourRows();
  auto changes = RowChanges::Make(dataset).ValueOrDie();
  EXPECT_THAT(changes->Delete(std::vector{At(7, 0)}).status().message(), HasSubstr("no fragment 7"));
  EXPECT_THAT(changes->Delete(std::vector{At(0, 2)}).status().message(), HasSubstr("none at offset 2"));
  dataset = Delete(*dataset, "k = 1").ValueOrDie().dataset;
  changes = RowChanges::Make(dataset).ValueOrDie();
  ASSERT_TRUE(changes->Delete(std::vector{At(0, 0)}).ok());
  EXPECT_THAT(changes->Commit().status().message(), HasSubstr("deleted"));
}

TEST(RowChanges, ConflictsWithOthersWhoChangedTheSameRows) {
  const auto dataset = FourRows();
  auto first = RowChanges::Make(dataset).ValueOrDie();
  auto second = RowChanges::Make(dataset).ValueOrDie();
  auto third = RowChanges::Make(dataset).ValueOrDie();
  ASSERT_TRUE(first->Update(std::vector{At(0, 0)}, *Names(R"(["first"])")).ok());
  ASSERT_TRUE(second->Update(std::vector{At(0, 0)}, *Names(R"(["second"])")).ok());
  ASSERT_TRUE(third->Delete(std::vector{At(1, 0)}).ok());
  ASSERT_TRUE(first->Commit().ok());
  EXPECT_EQ(KindOf(second->Commit().status()), ErrorKind::kCommitConflict);
  auto result = third->Commit();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(Text(**result), "2 4 1 | b d first");
}

TEST(RowChanges, RefusesValuesThatDoNotFit) {
  auto changes = RowChanges::Make(FourRows()).ValueOrDie();
  const auto unknown = Batch(arrow::schema({arrow::field("zz", arrow::utf8())}), {R"(["x"])"});
  EXPECT_FALSE(changes->Update(std::vector{At(0, 0)}, *unknown).ok());
  const auto wrong = Batch(arrow::schema({arrow::field("v", arrow::int32())}), {"[1]"});
  EXPECT_FALSE(changes->Update(std::vector{At(0, 0)}, *wrong).ok());
  EXPECT_FALSE(changes->Update(std::vector{At(0, 0), At(0, 1)}, *Names(R"(["x"])")).ok());
}

}  // namespace
}  // namespace lance
