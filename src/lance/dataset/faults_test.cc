// Every change of a table with every kind of fault at every request that it makes: the table is as before or
// as after, as the caller was told, and what is left over goes with a cleanup.
#include <gtest/gtest.h>

#include "lance/dataset/make_dataset.h"
#include "lance/dataset/testing/int_tables.h"
#include "lance/dataset/testing/tables.h"
#include "lance/maintenance.h"
#include "lance/mutate.h"
#include "lance/schema_change.h"
#include "lance/store/fault_store.h"
#include "lance/table/testing/commit_testing.h"
#include "lance/table/testing/open_on.h"

namespace lance {
namespace {

using dataset_testing::IntBatch;
using dataset_testing::Ints;
using dataset_testing::Reader;
using dataset_testing::Text;
using store::Fault;

Ints Range(int64_t first, int64_t count, int64_t factor) {
  Ints out;
  for (int64_t i = first; i < first + count; ++i) out.emplace_back(i * factor);
  return out;
}

std::shared_ptr<arrow::RecordBatch> Batch(int64_t first, int64_t count, int64_t factor = 2) {
  return IntBatch({{"x", Range(first, count, 1)}, {"y", Range(first, count, factor)}});
}

struct Change {
  const char* name;
  std::function<Status(const Dataset&)> make;
};

std::vector<Change> Changes() {
  WriteOptions append, overwrite;
  append.mode = WriteMode::kAppend;
  append.files.max_rows_per_file = 4;
  overwrite.mode = WriteMode::kOverwrite;
  MergeInsertOptions merge;
  merge.on = {"x"};
  merge.when_matched = WhenMatched::kUpdateAll;
  merge.when_not_matched = WhenNotMatched::kInsertAll;
  return {
      {"append",
       [=](const Dataset& d) { return WriteDataset(*Reader({Batch(100, 9)}), d, append).status(); }},
      {"overwrite",
       [=](const Dataset& d) { return WriteDataset(*Reader({Batch(0, 3)}), d, overwrite).status(); }},
      {"delete", [](const Dataset& d) { return Delete(d, "x % 7 = 2 OR x < 10").status(); }},
      {"update",
       [](const Dataset& d) {
         return Update(d, {{"y", "y + 1"}}, "x % 5 = 1").status();
       }},
      {"merge",
       [=](const Dataset& d) { return MergeInsert(d, *Reader({Batch(25, 10, 3)}), merge).status(); }},
      {"compact", [](const Dataset& d) { return Compact(d).status(); }},
      {"add column",
       [](const Dataset& d) {
         return AddColumns(d, {{"z", "x + y"}}).status();
       }},
      {"drop column", [](const Dataset& d) { return DropColumns(d, {"y"}).status(); }},
  };
}

std::shared_ptr<Dataset> MakeFaultTable(const std::string& uri) {
  auto made = dataset_testing::MakeTable(uri, {Batch(0, 10), Batch(10, 10), Batch(20, 10)});
  return Delete(*made, "x % 10 = 3").ValueOrDie().dataset;
}

std::shared_ptr<Dataset> OpenDataset(const std::shared_ptr<store::ObjectStore>& store,
                                     const std::string& uri) {
  auto snapshot = table::testing::OpenOn(store, uri);
  return snapshot.ok() ? MakeDataset(*snapshot).ValueOr(nullptr) : nullptr;
}

// What is left over goes, and nothing else.
void CheckCleanup(const std::shared_ptr<store::ObjectStore>& store, const std::string& uri,
                  const std::string& text) {
  // A leftover is as young as the newest version; a later one tells them apart.
  auto later = AddNullColumns(*OpenDataset(store, uri), arrow::schema({arrow::field("n", arrow::int8())}));
  ASSERT_TRUE(later.ok()) << later.status().ToString();
  CleanupOptions all;
  all.older_than = std::chrono::nanoseconds(0);
  all.delete_unverified = true;
  ASSERT_TRUE(CleanUpOldVersions(**later, all).ok());
  const auto report = Fsck(*OpenDataset(store, uri)).ValueOrDie();
  EXPECT_TRUE(report.problems.empty()) << report.problems[0].where << report.problems[0].message;
  EXPECT_TRUE(report.unreferenced_files.empty()) << report.unreferenced_files[0];
  EXPECT_EQ(report.num_versions, 1u);
  EXPECT_EQ(Text(*OpenDataset(store, uri), {"x"}), text);
}

// Whether request `n` was reached.
bool RunWithFaultAt(uint64_t n, Fault fault, const Change& change, const std::string& after) {
  const std::string uri = table::testing::FreshUri();
  auto table = MakeFaultTable(uri);
  const std::string before = Text(*table);
  std::shared_ptr<store::ObjectStore> inner = table->snapshot()->object_store();
  bool reached = false;
  std::string where;
  auto faulty = store::MakeFaultStore(inner, [&](uint64_t number, const char* name, const std::string& key) {
    if (number != n) return Fault::kNone;
    reached = true;
    where = fmt::format("{} {}", name, key);
    return fault;
  });
  auto dataset = OpenDataset(faulty, uri);
  if (dataset == nullptr) return reached;
  const Status status = change.make(*dataset);
  SCOPED_TRACE(fmt::format("{}, request {}: {}, fault {}: {}", change.name, n, where, static_cast<int>(fault),
                           status.ToString()));
  auto found = OpenDataset(inner, uri);
  EXPECT_NE(found, nullptr);
  if (found == nullptr) return reached;
  const std::string text = Text(*found);
  if (status.ok()) {
    EXPECT_EQ(text, after);
  } else if (!Is(status, ErrorKind::kCommitStateUnknown)) {
    EXPECT_EQ(text, before);
  } else {
    EXPECT_TRUE(text == before || text == after) << text;
  }
  CheckCleanup(inner, uri, Text(*found, {"x"}));
  for (const auto& object : inner->List("", true).ValueOrDie()) EXPECT_TRUE(inner->Delete(object.path).ok());
  return reached;
}

class ChangeFaults : public ::testing::TestWithParam<Fault> {};

TEST_P(ChangeFaults, LeaveATableAsBeforeOrAsAfter) {
  for (const Change& change : Changes()) {
    const std::string uri = table::testing::FreshUri();
    auto table = MakeFaultTable(uri);
    ASSERT_TRUE(change.make(*table).ok()) << change.name;
    const std::string after = Text(*OpenDataset(table->snapshot()->object_store(), uri));
    uint64_t n = 0;
    while (RunWithFaultAt(n, GetParam(), change, after) && !HasFailure()) ++n;
    EXPECT_GT(n, 5u) << change.name;
  }
}

INSTANTIATE_TEST_SUITE_P(All, ChangeFaults,
                         ::testing::Values(Fault::kFail, Fault::kFailAfter, Fault::kUnknownBefore,
                                           Fault::kUnknownAfter, Fault::kTruncate, Fault::kDelay,
                                           Fault::kCrash));

}  // namespace
}  // namespace lance
