#include "lance/mutate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lance/dataset/testing/tables.h"
#include "lance/table/snapshot.h"

namespace lance {
namespace {

using dataset_testing::FreshUri;
using dataset_testing::Rows;
using dataset_testing::Text;
using dataset_testing::Write;
using ::testing::HasSubstr;

std::shared_ptr<arrow::Schema> Columns() {
  return arrow::schema({arrow::field("k", arrow::int64()), arrow::field("v", arrow::utf8()),
                        arrow::field("w", arrow::int32())});
}

// (1 a 10), (2 b 20), (3 c 30), (4 d 40), (null n 50), two rows a fragment.
std::shared_ptr<Dataset> FiveRows(bool stable = false, const std::string& uri = FreshUri()) {
  WriteOptions options;
  options.files.max_rows_per_file = 2;
  options.stable_row_ids = stable;
  auto dataset =
      Write(Rows(Columns(), {"[1, 2, 3, 4, null]", R"(["a", "b", "c", "d", "n"])", "[10, 20, 30, 40, 50]"}),
            uri, options);
  EXPECT_TRUE(dataset.ok()) << dataset.status();
  return dataset.ValueOr(nullptr);
}

MergeInsertOptions Upsert() {
  MergeInsertOptions options;
  options.on = {"k"};
  options.when_matched = WhenMatched::kUpdateAll;
  options.when_not_matched = WhenNotMatched::kInsertAll;
  return options;
}

Result<MergeInsertResult> Merge(const Dataset& dataset, const std::shared_ptr<arrow::Table>& rows,
                                const MergeInsertOptions& options) {
  arrow::TableBatchReader reader(rows);
  return MergeInsert(dataset, reader, options);
}

TEST(Delete, DropsFragmentsThatAreEmptyAndKeepsOthers) {
  auto dataset = FiveRows();
  auto result = Delete(*dataset, "k <= 3");
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->num_deleted_rows, 3u);
  EXPECT_EQ(result->dataset->version(), 2u);
  EXPECT_EQ(Text(*result->dataset), "4 null | d n | 40 50");
  EXPECT_THAT(result->dataset->FragmentIds(), ::testing::ElementsAre(1, 2));
  auto more = Delete(*result->dataset, "k = 4");
  ASSERT_TRUE(more.ok()) << more.status();
  EXPECT_EQ(Text(*more->dataset), "null | n | 50");
  EXPECT_THAT(more->dataset->FragmentIds(), ::testing::ElementsAre(2));
  EXPECT_EQ(Text(*dataset), "1 2 3 4 null | a b c d n | 10 20 30 40 50");
}

TEST(Delete, MakesAVersionEvenWhenNothingMatches) {
  auto result = Delete(*FiveRows(), "k = 99");
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->num_deleted_rows, 0u);
  EXPECT_EQ(result->dataset->version(), 2u);
}

TEST(Delete, TakesEveryRowWhenAlwaysTrue) {
  auto result = Delete(*FiveRows(), "1 = 1");
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->num_deleted_rows, 5u);
  EXPECT_TRUE(result->dataset->FragmentIds().empty());
  auto truncated = Truncate(*FiveRows());
  ASSERT_TRUE(truncated.ok()) << truncated.status();
  EXPECT_EQ(truncated->num_deleted_rows, 5u);
}

TEST(Delete, ExplainsPredicatesThatDoNotBind) {
  EXPECT_THAT(Delete(*FiveRows(), "zz = 1").status().message(), HasSubstr("No field named zz"));
  EXPECT_THAT(Delete(*FiveRows(), "k + 1").status().message(), HasSubstr("does not return a boolean"));
}

TEST(Delete, RebasesOverDeletesOfOtherRows) {
  auto dataset = FiveRows();
  ASSERT_TRUE(Delete(*dataset, "k = 1").ok());
  auto second = Delete(*dataset, "k = 2");  // computed on version 1
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->dataset->version(), 3u);
  EXPECT_EQ(Text(*second->dataset, {"k"}), "3 4 null");
}

TEST(Update, ComputesFromTheOldRow) {
  auto result = Update(*FiveRows(), {{"w", "k * 2"}, {"k", "k + w"}}, "k > 1");
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->num_updated_rows, 3u);
  EXPECT_EQ(Text(*result->dataset), "1 null 22 33 44 | a n b c d | 10 50 4 6 8");
}

TEST(Update, CastsToTheColumnsType) {
  auto result = Update(*FiveRows(), {{"w", "'12'"}}, "k = 1");
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(Text(*result->dataset, {"w"}), "20 30 40 50 12");
  auto gone = Update(*result->dataset, {{"w", "NULL"}});
  ASSERT_TRUE(gone.ok()) << gone.status();
  EXPECT_EQ(Text(*gone->dataset, {"w"}), "null null null null null");
}

TEST(Update, ExplainsWhatItCannotSet) {
  auto dataset = FiveRows();
  EXPECT_THAT(Update(*dataset, {}).status().message(), HasSubstr("No updates provided"));
  EXPECT_THAT(Update(*dataset, {{"zz", "1"}}).status().message(), HasSubstr("Column 'zz' does not exist"));
  EXPECT_THAT(Update(*dataset, {{"w", "zz"}}).status().message(), HasSubstr("No field named zz"));
  EXPECT_EQ(KindOf(Update(*dataset, {{"w", "5000000000"}}).status()), ErrorKind::kInvalidArgument);
}

TEST(Update, KeepsStableIdsAndCreationVersions) {
  auto dataset = FiveRows(true);
  auto result = Update(*dataset, {{"v", "'x'"}}, "k = 2 OR k = 4");
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(
      Text(*result->dataset, {"k", "_rowid", "_row_created_at_version", "_row_last_updated_at_version"}),
      "1 3 null 2 4 | 0 2 4 1 3 | 1 1 1 1 1 | 1 1 1 2 2");
}

TEST(MergeInsert, UpdatesMatchesAndInsertsTheRest) {
  auto rows = Rows(Columns(), {"[2, 9, 3]", R"(["x", "y", "z"])", "[0, 1, 2]"});
  auto result = Merge(*FiveRows(), rows, Upsert());
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->stats.num_inserted_rows, 1u);
  EXPECT_EQ(result->stats.num_updated_rows, 2u);
  EXPECT_EQ(result->stats.num_deleted_rows, 0u);
  EXPECT_EQ(Text(*result->dataset), "1 4 null 2 3 9 | a d n x z y | 10 40 50 0 2 1");
}

TEST(MergeInsert, NeverMatchesNulls) {
  auto rows = Rows(Columns(), {"[null, null]", R"(["x", "y"])", "[0, 1]"});
  auto result = Merge(*FiveRows(), rows, Upsert());
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->stats.num_inserted_rows, 2u);
  EXPECT_EQ(Text(*result->dataset, {"v"}), "a b c d n x y");
}

TEST(MergeInsert, RefusesTwoSourceRowsForOneTarget) {
  auto rows = Rows(Columns(), {"[2, 2]", R"(["x", "y"])", "[0, 1]"});
  EXPECT_THAT(Merge(*FiveRows(), rows, Upsert()).status().message(),
              HasSubstr("multiple source rows match the same target row on (k = 2)"));
  MergeInsertOptions first = Upsert();
  first.source_duplicates = MergeInsertOptions::SourceDuplicates::kFirstSeen;
  auto result = Merge(*FiveRows(), rows, first);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->stats.num_skipped_duplicates, 1u);
  EXPECT_EQ(Text(*result->dataset, {"v"}), "a c d n x");
}

TEST(MergeInsert, InsertsRepeatedKeysThatMatchNothing) {
  auto rows = Rows(Columns(), {"[9, 9]", R"(["x", "y"])", "[0, 1]"});
  auto result = Merge(*FiveRows(), rows, Upsert());
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->stats.num_inserted_rows, 2u);
}

TEST(MergeInsert, LeavesColumnsAloneThatTheSourceLacks) {
  auto some = arrow::schema({arrow::field("k", arrow::int64()), arrow::field("w", arrow::int32())});
  auto result = Merge(*FiveRows(), Rows(some, {"[9, 2]", "[1, 0]"}), Upsert());
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(Text(*result->dataset), "1 3 4 null 2 9 | a c d n b null | 10 30 40 50 0 1");
}

TEST(MergeInsert, UpdatesOnlyWhereTheConditionHolds) {
  MergeInsertOptions options = Upsert();
  options.when_matched = WhenMatched::kUpdateIf;
  options.update_if = "source.w > target.w - 20";
  auto rows = Rows(Columns(), {"[2, 9, 3]", R"(["x", "y", "z"])", "[5, 6, 0]"});
  auto result = Merge(*FiveRows(), rows, options);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->stats.num_updated_rows, 1u);
  EXPECT_EQ(result->stats.num_inserted_rows, 1u);
  EXPECT_EQ(Text(*result->dataset, {"v"}), "a c d n x y");
}

TEST(MergeInsert, DeletesWhatTheSourceHasNot) {
  auto rows = Rows(Columns(), {"[2, 9]", R"(["x", "y"])", "[0, 1]"});
  MergeInsertOptions options = Upsert();
  options.when_not_matched_by_source = WhenNotMatchedBySource::kDelete;
  auto all = Merge(*FiveRows(), rows, options);
  ASSERT_TRUE(all.ok()) << all.status();
  EXPECT_EQ(all->stats.num_deleted_rows, 4u);
  EXPECT_EQ(Text(*all->dataset, {"v"}), "x y");
  options.when_not_matched_by_source = WhenNotMatchedBySource::kDeleteIf;
  options.delete_if = "w > 30";
  auto some = Merge(*FiveRows(), rows, options);
  ASSERT_TRUE(some.ok()) << some.status();
  EXPECT_EQ(some->stats.num_deleted_rows, 2u);
  EXPECT_EQ(Text(*some->dataset, {"v"}), "a c x y");
}

TEST(MergeInsert, FailsOnMatchesWhenAsked) {
  MergeInsertOptions options = Upsert();
  options.when_matched = WhenMatched::kFail;
  auto rows = Rows(Columns(), {"[2, 9]", R"(["x", "y"])", "[0, 1]"});
  EXPECT_THAT(Merge(*FiveRows(), rows, options).status().message(),
              HasSubstr("found matching row with key values: k = 2"));
}

TEST(MergeInsert, MatchesOnSeveralColumns) {
  MergeInsertOptions options = Upsert();
  options.on = {"k", "V"};
  auto rows = Rows(Columns(), {"[1, 2, null]", R"(["a", "zz", "n"])", "[7, 8, 9]"});
  auto result = Merge(*FiveRows(), rows, options);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->stats.num_updated_rows, 1u);
  EXPECT_EQ(Text(*result->dataset), "2 3 4 null 1 2 null | b c d n a zz n | 20 30 40 50 7 8 9");
}

TEST(MergeInsert, KeepsStableIds) {
  auto rows = Rows(Columns(), {"[2, 9, 3]", R"(["x", "y", "z"])", "[0, 1, 2]"});
  auto result = Merge(*FiveRows(true), rows, Upsert());
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(
      Text(*result->dataset, {"k", "_rowid", "_row_created_at_version", "_row_last_updated_at_version"}),
      "1 4 null 2 3 9 | 0 3 4 1 2 5 | 1 1 1 1 1 2 | 1 1 1 2 2 2");
}

TEST(MergeInsert, RefusesToDoNothing) {
  MergeInsertOptions options;
  options.on = {"k"};
  auto rows = Rows(Columns(), {"[2]", R"(["x"])", "[0]"});
  EXPECT_THAT(Merge(*FiveRows(), rows, options).status().message(),
              HasSubstr("not configured to change the data in any way"));
  options = Upsert();
  options.on = {"zz"};
  EXPECT_THAT(Merge(*FiveRows(), rows, options).status().message(),
              HasSubstr("Merge insert key column 'zz' does not exist in schema"));
}

TEST(MergeInsert, TriesAgainWhenItsRowsChangedMeanwhile) {
  auto dataset = FiveRows();
  ASSERT_TRUE(Update(*dataset, {{"w", "0"}}, "k = 2").ok());
  auto some = arrow::schema({arrow::field("k", arrow::int64()), arrow::field("v", arrow::utf8())});
  auto result = Merge(*dataset, Rows(some, {"[2]", R"(["x"])"}), Upsert());  // computed on version 1
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->stats.num_attempts, 2u);
  EXPECT_EQ(Text(*result->dataset), "1 3 4 null 2 | a c d n x | 10 30 40 50 0");
}

}  // namespace
}  // namespace lance
