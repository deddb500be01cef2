#include <arrow/api.h>

#include "lance/dataset/cleanup/cleanup_policy.h"
#include "lance/dataset/testing/int_tables.h"
#include "lance/maintenance.h"
#include "lance/mutate.h"
#include "lance/refs.h"
#include "lance/schema_change.h"
#include "lance/store/object_store.h"
#include "lance/table/snapshot.h"

namespace lance {
namespace {

using dataset_testing::IntBatch;
using dataset_testing::Ints;
using dataset_testing::MakeTable;
using dataset_testing::MemoryUri;
using dataset_testing::Reader;
using dataset_testing::ReadInts;

// Versions 1 to `count`, each with rows of its own.
std::shared_ptr<Dataset> Overwritten(int count) {
  auto dataset = MakeTable(MemoryUri(), {IntBatch({{"a", {1}}})});
  for (int64_t i = 2; dataset != nullptr && i <= count; ++i) {
    WriteOptions options;
    options.mode = WriteMode::kOverwrite;
    auto reader = Reader({IntBatch({{"a", {i}}})});
    dataset = WriteDataset(*reader, *dataset, options).ValueOr(nullptr);
  }
  return dataset;
}

CleanupOptions Everything() {
  CleanupOptions options;
  options.older_than = std::chrono::nanoseconds{0};
  return options;
}

size_t CountFiles(const Dataset& dataset, const std::string& folder) {
  return dataset.snapshot()->object_store()->List(folder, true).ValueOrDie().size();
}

TEST(CleanUp, RemovesOldVersionsWithTheirFiles) {
  auto dataset = Overwritten(4);
  ASSERT_NE(dataset, nullptr);
  ASSERT_OK_AND_ASSIGN(CleanupStats stats, CleanUpOldVersions(*dataset, Everything()));
  EXPECT_EQ(stats.old_versions, 3u);
  EXPECT_EQ(stats.data_files_removed, 3u);
  EXPECT_EQ(stats.transaction_files_removed, 3u);
  EXPECT_GT(stats.bytes_removed, 0u);
  EXPECT_EQ(CountFiles(*dataset, "data"), 1u);
  EXPECT_EQ(ReadInts(*dataset, "a"), Ints{4});
  ASSERT_OK_AND_ASSIGN(auto versions, dataset->Versions());
  EXPECT_EQ(versions.size(), 1u);
}

TEST(CleanUp, ExplainsWithoutRemoving) {
  auto dataset = Overwritten(4);
  ASSERT_NE(dataset, nullptr);
  ASSERT_OK_AND_ASSIGN(CleanupExplanation explained, ExplainCleanUp(*dataset, Everything(), 5));
  EXPECT_EQ(explained.stats.old_versions, 3u);
  EXPECT_EQ(explained.candidate_files.size(), 5u);
  EXPECT_TRUE(explained.candidate_files_truncated);
  EXPECT_EQ(explained.warnings.size(), 1u);
  EXPECT_EQ(CountFiles(*dataset, "data"), 4u);
}

TEST(CleanUp, KeepsAsManyVersionsAsAsked) {
  auto dataset = Overwritten(5);
  ASSERT_NE(dataset, nullptr);
  CleanupOptions options;
  options.retain_versions = 2;
  ASSERT_OK_AND_ASSIGN(CleanupStats stats, CleanUpOldVersions(*dataset, options));
  EXPECT_EQ(stats.old_versions, 3u);
  options.retain_versions = 0;
  EXPECT_ERROR(ErrorKind::kInvalidArgument, "retain_versions must be greater than 0",
               CleanUpOldVersions(*dataset, options).status());
}

TEST(CleanUp, RemovesListedVersionsOnly) {
  auto dataset = Overwritten(5);
  ASSERT_NE(dataset, nullptr);
  CleanupOptions options;
  options.versions = {{2, 4, 5, 99}};
  ASSERT_OK_AND_ASSIGN(CleanupStats stats, CleanUpOldVersions(*dataset, options));
  EXPECT_EQ(stats.old_versions, 2u);
  ASSERT_OK_AND_ASSIGN(auto versions, dataset->Versions());
  ASSERT_EQ(versions.size(), 3u);
  EXPECT_EQ(versions[1].version, 3u);
}

TEST(CleanUp, DoesNothingToYoungVersionsByDefault) {
  auto dataset = Overwritten(3);
  ASSERT_NE(dataset, nullptr);
  ASSERT_OK_AND_ASSIGN(CleanupStats stats, CleanUpOldVersions(*dataset));
  EXPECT_EQ(stats.old_versions, 0u);
}

TEST(CleanUp, TagsProtectVersions) {
  auto dataset = Overwritten(4);
  ASSERT_NE(dataset, nullptr);
  VersionRef second;
  second.number = 2;
  ASSERT_OK(CreateTag(*dataset, "keep", second));
  EXPECT_ERROR(ErrorKind::kInvalidArgument, "1 tagged version(s) have been marked for cleanup",
               CleanUpOldVersions(*dataset, Everything()).status());
  CleanupOptions options = Everything();
  options.error_if_tagged_old_versions = false;
  ASSERT_OK_AND_ASSIGN(CleanupStats stats, CleanUpOldVersions(*dataset, options));
  EXPECT_EQ(stats.old_versions, 2u);
  VersionRef tag;
  tag.tag = "keep";
  ASSERT_OK_AND_ASSIGN(auto kept, dataset->Checkout(tag));
  EXPECT_EQ(ReadInts(*kept, "a"), Ints{2});
}

TEST(CleanUp, BranchesProtectTheVersionTheyLeft) {
  auto dataset = Overwritten(3);
  ASSERT_NE(dataset, nullptr);
  VersionRef first;
  first.number = 1;
  ASSERT_OK_AND_ASSIGN(auto branch, CreateBranch(*dataset, "side", first));
  ASSERT_OK_AND_ASSIGN(CleanupStats stats, CleanUpOldVersions(*dataset, Everything()));
  EXPECT_EQ(stats.old_versions, 1u);
  EXPECT_EQ(ReadInts(*branch, "a"), Ints{1});
  ASSERT_OK_AND_ASSIGN(auto again, dataset->Checkout(first));
  EXPECT_EQ(ReadInts(*again, "a"), Ints{1});
}

TEST(CleanUp, LeavesFilesOfWritersAlone) {
  auto dataset = Overwritten(2);
  ASSERT_NE(dataset, nullptr);
  const std::string bytes = "not yet committed";
  const std::span<const uint8_t> span(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  store::ObjectStore& store = *dataset->snapshot()->object_store();
  ASSERT_OK(store.Put("data/orphan.lance", span));
  ASSERT_OK(CleanUpOldVersions(*dataset, Everything()).status());
  ASSERT_OK_AND_ASSIGN(bool exists, store.Exists("data/orphan.lance"));
  EXPECT_TRUE(exists);
  CleanupOptions options = Everything();
  options.delete_unverified = true;
  ASSERT_OK_AND_ASSIGN(CleanupStats stats, CleanUpOldVersions(*dataset, options));
  EXPECT_EQ(stats.data_files_removed, 1u);
  ASSERT_OK_AND_ASSIGN(exists, store.Exists("data/orphan.lance"));
  EXPECT_FALSE(exists);
}

TEST(CleanUp, FollowsTheConfig) {
  auto dataset = Overwritten(2);
  ASSERT_NE(dataset, nullptr);
  ASSERT_OK_AND_ASSIGN(auto none, AutoCleanUp(*dataset));
  EXPECT_FALSE(none.has_value());
  MetadataUpdates updates;
  updates.config =
      MetadataUpdate{{{"lance.auto_cleanup.interval", "3"}, {"lance.auto_cleanup.older_than", "0s"}}, false};
  ASSERT_OK_AND_ASSIGN(auto third, UpdateMetadata(*dataset, updates));
  ASSERT_EQ(third->version(), 3u);
  // The commit of version 3 cleaned up as seen from version 2, which stays, as with the reference.
  ASSERT_OK_AND_ASSIGN(auto versions, third->Versions());
  EXPECT_EQ(versions.size(), 2u);
  ASSERT_OK_AND_ASSIGN(auto stats, AutoCleanUp(*third));
  ASSERT_TRUE(stats.has_value());
  EXPECT_EQ(stats->old_versions, 1u);
}

TEST(ParseDuration, ReadsSumsOfUnits) {
  using std::chrono::seconds;
  EXPECT_EQ(*dataset::ParseDuration("14days"), seconds(14 * 86400));
  EXPECT_EQ(*dataset::ParseDuration("1h 30m"), seconds(5400));
  EXPECT_EQ(*dataset::ParseDuration("90061s"), seconds(90061));
  for (const char* wrong : {"", "7", "days", "1 fortnight", "-1s"}) {
    EXPECT_ERROR(ErrorKind::kInvalidArgument, "duration", dataset::ParseDuration(wrong).status());
  }
}

TEST(Fsck, FindsWhatIsMissingAndWhatIsLeftOver) {
  auto dataset = Overwritten(3);
  ASSERT_NE(dataset, nullptr);
  ASSERT_OK_AND_ASSIGN(FsckReport clean, Fsck(*dataset));
  EXPECT_TRUE(clean.problems.empty());
  EXPECT_EQ(clean.num_versions, 3u);
  EXPECT_EQ(clean.num_files, 3u);
  store::ObjectStore& store = *dataset->snapshot()->object_store();
  VersionRef first;
  first.number = 1;
  ASSERT_OK_AND_ASSIGN(auto old, dataset->Checkout(first));
  const std::string lost = "data/" + old->snapshot()->manifest().fragments[0].files[0].path;
  ASSERT_OK(store.Copy(lost, "data/extra.lance"));
  ASSERT_OK(store.Delete(lost));
  ASSERT_OK_AND_ASSIGN(FsckReport report, Fsck(*dataset));
  ASSERT_EQ(report.problems.size(), 1u);
  EXPECT_EQ(report.problems[0].version, 1u);
  EXPECT_EQ(report.problems[0].kind, ErrorKind::kNotFound);
  EXPECT_EQ(report.unreferenced_files, std::vector<std::string>{"data/extra.lance"});
}

TEST(DataStatistics, CountsBytesOfEachField) {
  auto dataset = MakeTable(MemoryUri(), {IntBatch({{"a", {1, 5, 9}}, {"b", {7, 8, 1000}}})});
  ASSERT_NE(dataset, nullptr);
  ASSERT_OK_AND_ASSIGN(auto fields, DataStatistics(*dataset));
  ASSERT_EQ(fields.size(), 2u);
  EXPECT_EQ(fields[1].path, "b");
  EXPECT_GT(fields[0].bytes_on_disk, 0u);
  ASSERT_OK(Validate(*dataset));
}

}  // namespace
}  // namespace lance
