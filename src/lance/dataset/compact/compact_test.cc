#include <arrow/api.h>

#include "lance/dataset/testing/int_tables.h"
#include "lance/maintenance.h"
#include "lance/mutate.h"
#include "lance/schema_change.h"
#include "lance/table/row_ids.h"
#include "lance/table/snapshot.h"

namespace lance {
namespace {

using dataset_testing::IntBatch;
using dataset_testing::Ints;
using dataset_testing::MakeTable;
using dataset_testing::MemoryUri;
using dataset_testing::ReadInts;

std::shared_ptr<Dataset> SmallFragments(int count, int64_t rows, bool stable = false) {
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  int64_t next = 0;
  for (int i = 0; i < count; ++i) {
    Ints values;
    for (int64_t row = 0; row < rows; ++row) values.push_back(next++);
    batches.push_back(IntBatch({{"a", values}}));
  }
  WriteOptions options;
  options.stable_row_ids = stable;
  return MakeTable(MemoryUri(), batches, options);
}

Ints Range(int64_t end) {
  Ints out;
  for (int64_t i = 0; i < end; ++i) out.push_back(i);
  return out;
}

TEST(Compact, JoinsSmallFragments) {
  auto dataset = SmallFragments(5, 3);
  ASSERT_NE(dataset, nullptr);
  ASSERT_OK_AND_ASSIGN(CompactionOutcome done, Compact(*dataset));
  EXPECT_EQ(done.metrics.fragments_removed, 5u);
  EXPECT_EQ(done.metrics.fragments_added, 1u);
  EXPECT_EQ(done.metrics.files_removed, 5u);
  EXPECT_EQ(done.metrics.files_added, 1u);
  EXPECT_EQ(ReadInts(*done.dataset, "a"), Range(15));
  EXPECT_EQ(done.dataset->FragmentIds(), (std::vector<uint64_t>{5}));
  EXPECT_EQ(done.dataset->version(), dataset->version() + 2);
  // There is nothing left to do.
  ASSERT_OK_AND_ASSIGN(CompactionOutcome again, Compact(*done.dataset));
  EXPECT_EQ(again.metrics.fragments_removed, 0u);
  EXPECT_EQ(again.dataset->version(), done.dataset->version());
}

TEST(Compact, CopiesPagesWhereRowsAreUntouched) {
  auto dataset = SmallFragments(5, 3, /*stable=*/true);
  ASSERT_NE(dataset, nullptr);
  CompactionOptions options;
  options.mode = CompactionMode::kForceBinaryCopy;
  options.target_rows_per_fragment = 7;
  ASSERT_OK_AND_ASSIGN(CompactionOutcome done, Compact(*dataset, options));
  EXPECT_EQ(done.metrics.fragments_added, 2u);  // of nine rows and of six
  EXPECT_EQ(ReadInts(*done.dataset, "a"), Range(15));
  ASSERT_OK_AND_ASSIGN(auto deleted, Delete(*done.dataset, "a = 1 OR a = 14"));
  EXPECT_TRUE(Is(Compact(*deleted.dataset, options).status(), ErrorKind::kNotSupported));
  options.mode = CompactionMode::kTryBinaryCopy;
  options.target_rows_per_fragment = 100;
  ASSERT_OK_AND_ASSIGN(done, Compact(*deleted.dataset, options));
  EXPECT_EQ(done.metrics.fragments_added, 1u);
  EXPECT_EQ(ReadInts(*done.dataset, "a").size(), 13u);
}

TEST(DropFragments, LeavesTheOthersAndAllFiles) {
  auto dataset = SmallFragments(3, 2);
  ASSERT_NE(dataset, nullptr);
  ASSERT_OK_AND_ASSIGN(auto dropped, DropFragments(*dataset, {1, 1}));
  EXPECT_EQ(ReadInts(*dropped, "a"), (Ints{0, 1, 4, 5}));
  EXPECT_EQ(ReadInts(*dataset, "a"), Range(6));
  ASSERT_OK_AND_ASSIGN(const FsckReport report, Fsck(*dropped));
  EXPECT_TRUE(report.problems.empty());
  EXPECT_TRUE(report.unreferenced_files.empty());
  EXPECT_TRUE(Is(DropFragments(*dropped, {1}).status(), ErrorKind::kInvalidArgument));
  // Rows of it were changed since: they are not dropped unseen.
  auto other = SmallFragments(3, 2);
  ASSERT_NE(other, nullptr);
  ASSERT_OK(Delete(*other, "a = 2").status());
  EXPECT_TRUE(Is(DropFragments(*other, {1}).status(), ErrorKind::kCommitConflict));
}

TEST(Compact, MaterializesDeletions) {
  auto dataset = SmallFragments(1, 10);
  ASSERT_NE(dataset, nullptr);
  ASSERT_OK_AND_ASSIGN(auto deleted, Delete(*dataset, "a < 3"));
  CompactionOptions options;
  options.target_rows_per_fragment = 5;
  ASSERT_OK_AND_ASSIGN(CompactionOutcome done, Compact(*deleted.dataset, options));
  EXPECT_EQ(done.metrics.fragments_removed, 1u);
  EXPECT_EQ(done.metrics.files_removed, 2u);
  EXPECT_EQ(ReadInts(*done.dataset, "a"), (Ints{3, 4, 5, 6, 7, 8, 9}));
  EXPECT_FALSE(done.dataset->snapshot()->manifest().fragments[0].deletion_file.has_value());
  options.materialize_deletions = false;
  ASSERT_OK_AND_ASSIGN(CompactionPlan none, PlanCompaction(*deleted.dataset, options));
  EXPECT_TRUE(none.tasks.empty());
}

TEST(Compact, SplitsTasksAndFilesByTheTarget) {
  auto dataset = SmallFragments(9, 10);
  ASSERT_NE(dataset, nullptr);
  CompactionOptions options;
  options.target_rows_per_fragment = 25;
  ASSERT_OK_AND_ASSIGN(CompactionPlan plan, PlanCompaction(*dataset, options));
  ASSERT_EQ(plan.tasks.size(), 3u);
  EXPECT_EQ(plan.tasks[0].fragments.size(), 3u);
  ASSERT_OK_AND_ASSIGN(CompactionOutcome done, Compact(*dataset, options));
  EXPECT_EQ(done.metrics.fragments_added, 3u);
  EXPECT_EQ(ReadInts(*done.dataset, "a"), Range(90));
  auto other = SmallFragments(9, 10);
  options.target_rows_per_fragment = 80;
  ASSERT_OK_AND_ASSIGN(done, Compact(*other, options));
  EXPECT_EQ(done.metrics.fragments_added, 1u);
}

TEST(Compact, LeavesExcludedFragmentsAndStopsAtLimits) {
  auto dataset = SmallFragments(6, 10);
  ASSERT_NE(dataset, nullptr);
  CompactionOptions options;
  options.excluded_fragment_ids = {2};
  ASSERT_OK_AND_ASSIGN(CompactionPlan plan, PlanCompaction(*dataset, options));
  ASSERT_EQ(plan.tasks.size(), 2u);
  options.max_source_fragments = 3;
  ASSERT_OK_AND_ASSIGN(plan, PlanCompaction(*dataset, options));
  ASSERT_EQ(plan.tasks.size(), 1u);
  options.max_source_rows = 0;
  EXPECT_ERROR(ErrorKind::kInvalidArgument, "max_source_rows must be greater than 0",
               PlanCompaction(*dataset, options).status());
}

TEST(Compact, CarriesRowIdsAndVersions) {
  auto dataset = SmallFragments(3, 4, /*stable=*/true);
  ASSERT_NE(dataset, nullptr);
  ASSERT_OK_AND_ASSIGN(auto deleted, Delete(*dataset, "a = 1 OR a = 6"));
  const auto before_ids = ReadInts(*deleted.dataset, "_rowid");
  const auto before_created = ReadInts(*deleted.dataset, "_row_created_at_version");
  ASSERT_OK_AND_ASSIGN(CompactionOutcome done, Compact(*deleted.dataset));
  EXPECT_EQ(done.metrics.fragments_added, 1u);
  EXPECT_EQ(ReadInts(*done.dataset, "_rowid"), before_ids);
  EXPECT_EQ(ReadInts(*done.dataset, "_row_created_at_version"), before_created);
  EXPECT_EQ(ReadInts(*done.dataset, "_row_last_updated_at_version"), before_created);
  ASSERT_OK(Validate(*done.dataset));
}

TEST(Compact, TasksTravelAsJson) {
  auto dataset = SmallFragments(4, 3);
  ASSERT_NE(dataset, nullptr);
  ASSERT_OK_AND_ASSIGN(CompactionPlan planned, PlanCompaction(*dataset));
  ASSERT_OK_AND_ASSIGN(CompactionPlan plan, CompactionPlan::FromJson(planned.ToJson()));
  ASSERT_EQ(plan.tasks.size(), 1u);
  ASSERT_OK_AND_ASSIGN(CompactionTask task, CompactionTask::FromJson(plan.tasks[0].ToJson()));
  EXPECT_EQ(task.read_version, dataset->version());
  EXPECT_EQ(task.fragments.size(), 4u);
  ASSERT_OK_AND_ASSIGN(CompactionResult executed, ExecuteCompactionTask(*dataset, task));
  ASSERT_OK_AND_ASSIGN(CompactionResult result, CompactionResult::FromJson(executed.ToJson()));
  EXPECT_EQ(result.metrics.fragments_removed, 4u);
  ASSERT_OK_AND_ASSIGN(CompactionOutcome done, CommitCompaction(*dataset, {result}));
  EXPECT_EQ(ReadInts(*done.dataset, "a"), Range(12));
  EXPECT_ERROR(ErrorKind::kInvalidArgument, "compaction task", CompactionTask::FromJson("[]").status());
}

TEST(Compact, FollowsDeletesOfTheSameFragments) {
  auto dataset = SmallFragments(3, 4);
  ASSERT_NE(dataset, nullptr);
  ASSERT_OK_AND_ASSIGN(CompactionPlan plan, PlanCompaction(*dataset));
  ASSERT_OK_AND_ASSIGN(CompactionResult result, ExecuteCompactionTask(*dataset, plan.tasks[0]));
  ASSERT_OK_AND_ASSIGN(auto deleted, Delete(*dataset, "a = 1"));
  ASSERT_OK_AND_ASSIGN(CompactionOutcome done, CommitCompaction(*dataset, {result}));
  EXPECT_EQ(ReadInts(*done.dataset, "a"), ReadInts(*deleted.dataset, "a"));
  EXPECT_EQ(ReadInts(*done.dataset, "a").size(), 11u);
}

TEST(Compact, ConflictsWithColumnsWrittenToTheSameFragments) {
  auto dataset = SmallFragments(3, 4);
  ASSERT_NE(dataset, nullptr);
  ASSERT_OK_AND_ASSIGN(CompactionPlan plan, PlanCompaction(*dataset));
  ASSERT_OK_AND_ASSIGN(CompactionResult result, ExecuteCompactionTask(*dataset, plan.tasks[0]));
  ASSERT_OK_AND_ASSIGN(auto wider, AddColumns(*dataset, {{"twice", "a * 2"}}));
  EXPECT_ERROR(ErrorKind::kCommitConflict, "", CommitCompaction(*dataset, {result}).status());
}

TEST(Compact, MergesColumnFiles) {
  auto dataset = SmallFragments(2, 3);
  ASSERT_NE(dataset, nullptr);
  ASSERT_OK_AND_ASSIGN(auto grown, AddColumns(*dataset, {{"b", "a * 10"}}));
  ASSERT_OK_AND_ASSIGN(auto dropped, DropColumns(*grown, {"a"}));
  ASSERT_OK_AND_ASSIGN(CompactionOutcome done, Compact(*dropped));
  EXPECT_EQ(done.metrics.files_removed, 2u);  // the drop took the others out of the fragments
  EXPECT_EQ(ReadInts(*done.dataset, "b"), (Ints{0, 10, 20, 30, 40, 50}));
}

TEST(CompactionOptions, ReadTheTablesConfig) {
  ASSERT_OK_AND_ASSIGN(auto options,
                       CompactionOptions::FromConfig({{"lance.compaction.target_rows_per_fragment", "7"},
                                                      {"lance.compaction.materialize_deletions", "FALSE"},
                                                      {"lance.compaction.compaction_mode", "try_binary_copy"},
                                                      {"lance.compaction.from_the_future", "x"},
                                                      {"other", "y"}}));
  EXPECT_EQ(options.target_rows_per_fragment, 7u);
  EXPECT_FALSE(options.materialize_deletions);
  EXPECT_EQ(options.mode, CompactionMode::kTryBinaryCopy);
  EXPECT_ERROR(ErrorKind::kInvalidArgument, "expected a non-negative integer",
               CompactionOptions::FromConfig({{"lance.compaction.batch_size", "-1"}}).status());
  ASSERT_OK_AND_ASSIGN(auto parsed, CompactionOptions::FromJson(options.ToJson()));
  EXPECT_EQ(parsed.ToJson(), options.ToJson());
}

}  // namespace
}  // namespace lance
