// Commits onto tables that pylance wrote, for tests/interop/test_commit.py, which runs this with the folder
// of the tables in LANCE_COMMIT_TABLES and then looks at the outcome with pylance.
#include <gtest/gtest.h>

#include <cstdlib>

#include "lance/base/commit_error.h"
#include "lance/table/clone.h"
#include "lance/table/commit.h"
#include "lance/table/row_ids.h"
#include "lance/table/table.h"
#include "lance/table/testing/commit_testing.h"
#include "lance/table/write_deletions.h"
#include "lance/table/write_refs.h"

namespace lance::table {
namespace {

using namespace testing;  // NOLINT

class CommitInterop : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* folder = std::getenv("LANCE_COMMIT_TABLES");
    if (folder == nullptr) GTEST_SKIP() << "LANCE_COMMIT_TABLES names no folder";
    folder_ = folder;
  }
  std::shared_ptr<const Snapshot> Open(const std::string& name) {
    auto opened =
        OpenTable(folder_ + "/" + name, {.version = {}, .storage_options = {}, .session = MakeSession()});
    EXPECT_TRUE(opened.ok()) << opened.status().ToString();
    return *opened;
  }
  static std::vector<Fragment> Fresh(std::vector<Fragment> fragments) {
    for (Fragment& fragment : fragments) {
      fragment.id = 0;
      fragment.row_ids = fragment.created_at_versions = fragment.last_updated_at_versions = {};
      fragment.deletion_file.reset();
    }
    return fragments;
  }
  std::string folder_;
};

// Appends the table's own files again, deletes rows, sets config, drops a column, restores, goes on.
TEST_F(CommitInterop, ChangesAPlainTable) {
  for (const char* name : {"plain", "stable", "v1names"}) {
    auto table = Open(name);
    operation::Append append{Fresh(table->manifest().fragments)};
    ASSERT_OK_AND_ASSIGN(table, Commit(*table, RequestOf(append)));
    operation::Delete removal;
    const std::vector<uint32_t> some = {0, 2};
    ASSERT_OK_AND_ASSIGN(auto left, DeleteRows(*table, table->manifest().fragments[0], some));
    removal.updated_fragments = {*left};
    removal.predicate = "some rows";
    ASSERT_OK_AND_ASSIGN(table, Commit(*table, RequestOf(removal)));
    operation::UpdateConfig config;
    config.config = {{{"written.by", "us"}}, false};
    config.schema_metadata = {{{"schema", "ours"}}, false};
    ASSERT_OK_AND_ASSIGN(table, Commit(*table, RequestOf(config)));
    operation::Project project;
    project.schema = table->manifest().schema;
    project.schema.fields.pop_back();
    ASSERT_OK_AND_ASSIGN(auto projected, Commit(*table, RequestOf(project)));
    ASSERT_OK_AND_ASSIGN(
        table, Commit(*projected, RequestOf(operation::Restore{projected->manifest().version - 1})));
  }
}

// Many deletions: a bitmap file.
TEST_F(CommitInterop, DeletesManyRows) {
  auto table = Open("long");
  operation::Delete removal;
  std::vector<uint32_t> offsets;
  for (uint32_t i = 0; i < 20'000; i += 3) offsets.push_back(i);
  ASSERT_OK_AND_ASSIGN(auto left, DeleteRows(*table, table->manifest().fragments[0], offsets));
  removal.updated_fragments = {*left};
  ASSERT_OK_AND_ASSIGN(table, Commit(*table, RequestOf(removal)));
}

// Makes a table of the files of another one, whose data folder was copied.
TEST_F(CommitInterop, MakesATable) {
  auto source = Open("plain");
  for (const bool stable : {false, true}) {
    operation::Overwrite first;
    first.schema = source->manifest().schema;
    first.fragments = Fresh({source->manifest().fragments[0], source->manifest().fragments[1]});
    first.config_upserts = {{"made.by", "us"}};
    CreateTableOptions create;
    create.stable_row_ids = stable;
    create.session = MakeSession();
    create.data_storage_version = source->manifest().data_storage_version;
    ASSERT_OK_AND_ASSIGN(auto made, CreateTable(folder_ + (stable ? "/made_stable" : "/made"),
                                                RequestOf(std::move(first)), create));
    ASSERT_OK_AND_ASSIGN(made,
                         Commit(*made, RequestOf(operation::Append{Fresh(made->manifest().fragments)})));
  }
}

// Moves a row of a table with stable row ids: the row of fragment 1 at offset 0 is now that of fragment 0's
// file again.
TEST_F(CommitInterop, MovesRows) {
  auto table = Open("moves");
  const std::vector<Fragment>& before = table->manifest().fragments;
  operation::Update update;
  ASSERT_OK_AND_ASSIGN(auto ids, table->RowIds(before[1]));
  std::vector<uint64_t> moved(ids->size());
  ids->Read({0, moved.size()}, moved.data());
  update.removed_fragment_ids = {before[1].id};
  update.new_fragments = Fresh({before[0]});
  update.new_fragments[0].row_ids = {Lineage::Kind::kInline, SerializeRowIds(moved)};
  ASSERT_OK_AND_ASSIGN(table, Commit(*table, RequestOf(update)));
}

// Deletes rows that were read at version 1, after pylance deleted others of the same fragment.
TEST_F(CommitInterop, RebasesOverPylance) {
  ASSERT_OK_AND_ASSIGN(auto old,
                       Checkout(*Open("race"), {.number = 1, .tag = {}, .branch = {}, .as_of = {}}));
  CommitRequest request;
  operation::Delete removal;
  const std::vector<uint32_t> some = {7, 8};
  ASSERT_OK_AND_ASSIGN(auto left, DeleteRows(*old, old->manifest().fragments[0], some));
  removal.updated_fragments = {*left};
  request.operation = removal;
  request.affected_rows[0] = some;
  ASSERT_OK_AND_ASSIGN(auto table, Commit(*old, request));
  EXPECT_EQ(table->manifest().version, 4u);
  // The row that pylance deleted.
  const std::vector<uint32_t> theirs = {5};
  ASSERT_OK_AND_ASSIGN(left, DeleteRows(*old, old->manifest().fragments[0], theirs));
  removal.updated_fragments = {*left};
  request.operation = removal;
  request.affected_rows = {{0, theirs}};
  EXPECT_TRUE(IsRetryable(Commit(*old, request).status()));
}

// A tag, a branch that goes its own way, and a clone.
TEST_F(CommitInterop, MakesRefs) {
  auto table = Open("refs");
  const VersionSelector first{.number = 1, .tag = {}, .branch = {}, .as_of = {}};
  ASSERT_OK(CreateTag(*table, "first", first));
  ASSERT_OK(ReplaceTagMetadata(*table, "first", {{"k", "v"}}));
  ASSERT_OK_AND_ASSIGN(auto branch, CreateBranch(*table, "feat/x", first));
  operation::Append again{Fresh(branch->manifest().fragments)};
  ASSERT_OK_AND_ASSIGN(branch, Commit(*branch, RequestOf(again)));
  ASSERT_OK_AND_ASSIGN(auto child, CreateBranch(*branch, "child", {}));
  ASSERT_OK(CreateTag(*branch, "on-branch", {}));
  CloneTarget target;
  target.uri = folder_ + "/cloned";
  ASSERT_OK_AND_ASSIGN(auto clone, CommitClone(*table, target, /*is_shallow=*/true));
}

}  // namespace
}  // namespace lance::table
