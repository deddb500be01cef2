#include "lance/schema_change.h"

#include <arrow/api.h>

#include "lance/dataset/testing/int_tables.h"
#include "lance/mutate.h"
#include "lance/table/snapshot.h"

namespace lance {
namespace {

using dataset_testing::IntBatch;
using dataset_testing::Ints;
using dataset_testing::MakeTable;
using dataset_testing::MemoryUri;
using dataset_testing::Reader;
using dataset_testing::ReadInts;

std::shared_ptr<Dataset> TwoFragments() {
  return MakeTable(MemoryUri(), {IntBatch({{"a", {1, 2, 3}}, {"b", {10, 20, std::nullopt}}}),
                                 IntBatch({{"a", {4, 5}}, {"b", {40, 50}}})});
}

TEST(AddColumns, ComputesExpressions) {
  auto dataset = TwoFragments();
  ASSERT_NE(dataset, nullptr);
  ASSERT_OK_AND_ASSIGN(auto grown, AddColumns(*dataset, {{"c", "a * 2"}, {"d", "b + a"}}));
  EXPECT_EQ(grown->version(), dataset->version() + 1);
  EXPECT_EQ(ReadInts(*grown, "c"), (Ints{2, 4, 6, 8, 10}));
  EXPECT_EQ(ReadInts(*grown, "d"), (Ints{11, 22, std::nullopt, 44, 55}));
  EXPECT_EQ(grown->snapshot()->manifest().fragments[0].files.size(), 2u);
  EXPECT_EQ(dataset->schema()->num_fields(), 2);
}

TEST(AddColumns, KeepsDeletedRowsInPlace) {
  auto dataset = TwoFragments();
  ASSERT_NE(dataset, nullptr);
  ASSERT_OK_AND_ASSIGN(auto deleted, Delete(*dataset, "a = 2 OR a = 5"));
  ASSERT_OK_AND_ASSIGN(auto grown, AddColumns(*deleted.dataset, {{"c", "a * 2"}}));
  EXPECT_EQ(ReadInts(*grown, "c"), (Ints{2, 6, 8}));
  EXPECT_EQ(ReadInts(*grown, "a"), (Ints{1, 3, 4}));
}

TEST(AddColumns, OfNullsOnlyWritesNoFile) {
  auto dataset = TwoFragments();
  ASSERT_NE(dataset, nullptr);
  ASSERT_OK_AND_ASSIGN(auto grown, AddColumns(*dataset, {{"n", "cast(null as bigint)"}}));
  EXPECT_EQ(grown->snapshot()->manifest().fragments[0].files.size(), 1u);
  EXPECT_EQ(ReadInts(*grown, "n"), Ints(5, std::nullopt));
  EXPECT_ERROR(ErrorKind::kInvalidArgument, "All-null columns must be nullable",
               AddNullColumns(*dataset, arrow::schema({arrow::field("n", arrow::int8(), false)})).status());
}

TEST(AddColumns, TakesValuesInScanOrder) {
  auto dataset = TwoFragments();
  ASSERT_NE(dataset, nullptr);
  auto values = Reader({IntBatch({{"v", {9, 8}}}), IntBatch({{"v", {7, 6, 5}}})});
  ASSERT_OK_AND_ASSIGN(auto grown, AddColumns(*dataset, values));
  EXPECT_EQ(ReadInts(*grown, "v"), (Ints{9, 8, 7, 6, 5}));
  EXPECT_ERROR(ErrorKind::kInvalidArgument, "Stream ended before producing values",
               AddColumns(*dataset, Reader({IntBatch({{"v", {9, 8}}})})).status());
  EXPECT_ERROR(ErrorKind::kInvalidArgument, "more values than expected",
               AddColumns(*dataset, Reader({IntBatch({{"v", {1, 2, 3, 4, 5, 6}}})})).status());
  EXPECT_ERROR(ErrorKind::kInvalidArgument, "Column a already exists",
               AddColumns(*dataset, Reader({IntBatch({{"a", {1, 2, 3, 4, 5}}})})).status());
}

TEST(AddColumns, CallsFunctionsBatchByBatch) {
  auto dataset = TwoFragments();
  ASSERT_NE(dataset, nullptr);
  std::vector<std::pair<uint64_t, int64_t>> calls;
  const auto function =
      [&](const std::shared_ptr<arrow::RecordBatch>& batch,
          const ColumnBatchInfo& info) -> arrow::Result<std::shared_ptr<arrow::RecordBatch>> {
    EXPECT_EQ(batch->num_columns(), 1);
    calls.emplace_back(info.fragment_id, info.batch_index);
    Ints out;
    for (int64_t i = 0; i < batch->num_rows(); ++i) out.push_back(info.first_row + i);
    return IntBatch({{"f", out}});
  };
  AddColumnsOptions options;
  options.read_columns = {{"a"}};
  options.batch_rows = 2;
  auto schema = arrow::schema({arrow::field("f", arrow::int64())});
  ASSERT_OK_AND_ASSIGN(auto grown, AddColumns(*dataset, schema, function, options));
  EXPECT_EQ(ReadInts(*grown, "f"), (Ints{0, 1, 2, 0, 1}));
  EXPECT_EQ(calls, (std::vector<std::pair<uint64_t, int64_t>>{{0, 0}, {0, 1}, {1, 0}}));
  const auto failing = [](const std::shared_ptr<arrow::RecordBatch>&,
                          const ColumnBatchInfo&) -> arrow::Result<std::shared_ptr<arrow::RecordBatch>> {
    return arrow::Status::Invalid("no");
  };
  EXPECT_FALSE(AddColumns(*dataset, schema, failing, options).ok());
}

TEST(MergeColumns, JoinsByKeyAndLastMatchCounts) {
  auto dataset = TwoFragments();
  ASSERT_NE(dataset, nullptr);
  auto right = Reader({IntBatch({{"k", {1, 4, 1}}, {"w", {100, 400, 101}}})});
  ASSERT_OK_AND_ASSIGN(auto merged, MergeColumns(*dataset, right, "a", "k"));
  EXPECT_EQ(ReadInts(*merged, "w"), (Ints{101, std::nullopt, std::nullopt, 400, std::nullopt}));
  EXPECT_ERROR(ErrorKind::kInvalidArgument, "Column z does not exist in the left side dataset",
               MergeColumns(*dataset, Reader({IntBatch({{"k", {1}}, {"w", {1}}})}), "z", "k").status());
  EXPECT_ERROR(ErrorKind::kInvalidArgument, "exists in both sides",
               MergeColumns(*dataset, Reader({IntBatch({{"k", {1}}, {"b", {1}}})}), "a", "k").status());
}

TEST(AlterColumns, RenamesAndRelaxesWithoutFiles) {
  auto dataset = TwoFragments();
  ASSERT_NE(dataset, nullptr);
  ColumnAlteration rename;
  rename.path = "a";
  rename.name = "z";
  ASSERT_OK_AND_ASSIGN(auto altered, AlterColumns(*dataset, {rename}));
  EXPECT_EQ(ReadInts(*altered, "z"), (Ints{1, 2, 3, 4, 5}));
  EXPECT_EQ(altered->snapshot()->manifest().fragments, dataset->snapshot()->manifest().fragments);
  ColumnAlteration tighten;
  tighten.path = "b";
  tighten.nullable = false;
  EXPECT_ERROR(ErrorKind::kInvalidArgument, "contains NULL values",
               AlterColumns(*dataset, {tighten}).status());
  tighten.path = "a";
  ASSERT_OK_AND_ASSIGN(altered, AlterColumns(*TwoFragments(), {tighten}));
  EXPECT_FALSE(altered->schema()->GetFieldByName("a")->nullable());
  rename.path = "nope";
  EXPECT_ERROR(ErrorKind::kInvalidArgument, "Column \"nope\" does not exist",
               AlterColumns(*dataset, {rename}).status());
}

TEST(AlterColumns, CastsIntoNewFiles) {
  auto dataset = TwoFragments();
  ASSERT_NE(dataset, nullptr);
  ASSERT_OK_AND_ASSIGN(auto deleted, Delete(*dataset, "a = 2"));
  ColumnAlteration cast;
  cast.path = "b";
  cast.data_type = arrow::int16();
  ASSERT_OK_AND_ASSIGN(auto altered, AlterColumns(*deleted.dataset, {cast}));
  EXPECT_EQ(altered->schema()->GetFieldByName("b")->type()->id(), arrow::Type::INT16);
  EXPECT_EQ(ReadInts(*altered, "b"), (Ints{10, std::nullopt, 40, 50}));
  EXPECT_EQ(ReadInts(*altered, "a"), (Ints{1, 3, 4, 5}));
  cast.data_type = arrow::utf8();
  EXPECT_ERROR(ErrorKind::kInvalidArgument, "Cannot cast column \"b\" from Int64 to Utf8",
               AlterColumns(*dataset, {cast}).status());
  auto large = MakeTable(MemoryUri(), {IntBatch({{"b", {1, 70000}}})});
  cast.data_type = arrow::int16();
  EXPECT_FALSE(AlterColumns(*large, {cast}).ok());
}

TEST(DropColumns, DropsFromTheSchemaOnly) {
  auto dataset = TwoFragments();
  ASSERT_NE(dataset, nullptr);
  ASSERT_OK_AND_ASSIGN(auto dropped, DropColumns(*dataset, {"b"}));
  EXPECT_EQ(dropped->schema()->num_fields(), 1);
  EXPECT_EQ(ReadInts(*dropped, "a"), (Ints{1, 2, 3, 4, 5}));
  // A column of that name that comes later has nothing to do with the dropped one.
  ASSERT_OK_AND_ASSIGN(auto again, AddColumns(*dropped, {{"b", "a + 1"}}));
  EXPECT_EQ(ReadInts(*again, "b"), (Ints{2, 3, 4, 5, 6}));
}

TEST(UpdateMetadata, SetsRemovesAndReplaces) {
  auto dataset = TwoFragments();
  ASSERT_NE(dataset, nullptr);
  MetadataUpdates updates;
  updates.config = MetadataUpdate{{{"k", "1"}, {"l", "2"}}, false};
  updates.table_metadata = MetadataUpdate{{{"t", "x"}}, false};
  updates.field_metadata = {{"a", MetadataUpdate{{{"unit", "m"}}, false}}};
  ASSERT_OK_AND_ASSIGN(auto updated, UpdateMetadata(*dataset, updates));
  EXPECT_EQ(updated->config(), (std::map<std::string, std::string>{{"k", "1"}, {"l", "2"}}));
  EXPECT_EQ(updated->metadata(), (std::map<std::string, std::string>{{"t", "x"}}));
  EXPECT_EQ(updated->schema()->GetFieldByName("a")->metadata()->Get("unit").ValueOr(""), "m");
  MetadataUpdates more;
  more.config = MetadataUpdate{{{"k", std::nullopt}}, false};
  more.table_metadata = MetadataUpdate{{{"u", "y"}}, true};
  ASSERT_OK_AND_ASSIGN(updated, UpdateMetadata(*updated, more));
  EXPECT_EQ(updated->config(), (std::map<std::string, std::string>{{"l", "2"}}));
  EXPECT_EQ(updated->metadata(), (std::map<std::string, std::string>{{"u", "y"}}));
  MetadataUpdates wrong;
  wrong.field_metadata = {{"nope", MetadataUpdate{{{"x", "1"}}, false}}};
  EXPECT_ERROR(ErrorKind::kInvalidArgument, "Field 'nope' not found",
               UpdateMetadata(*dataset, wrong).status());
}

TEST(ReplaceColumns, ReplacesTheFileOfAFragment) {
  auto dataset = TwoFragments();
  ASSERT_NE(dataset, nullptr);
  ASSERT_OK_AND_ASSIGN(auto grown, AddColumns(*dataset, {{"c", "a * 2"}}));
  ASSERT_OK_AND_ASSIGN(auto replaced, ReplaceColumns(*grown, {{1, Reader({IntBatch({{"c", {-1, -2}}})})}}));
  EXPECT_EQ(ReadInts(*replaced, "c"), (Ints{2, 4, 6, -1, -2}));
  EXPECT_ERROR(ErrorKind::kInvalidArgument, "fragment 7 does not exist",
               ReplaceColumns(*grown, {{7, Reader({IntBatch({{"c", {1}}})})}}).status());
  EXPECT_FALSE(ReplaceColumns(*grown, {{1, Reader({IntBatch({{"c", {1}}})})}}).ok());
}

}  // namespace
}  // namespace lance
