// The matrix of conflict rules, cell by cell, and pairs of writers.
#include "lance/table/conflict.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "lance/base/commit_error.h"
#include "lance/table/deletion.h"
#include "lance/table/fragment_set.h"
#include "lance/table/table.h"
#include "lance/table/testing/commit_testing.h"
#include "lance/table/transaction.h"
#include "lance/table/write_deletions.h"

namespace lance::table {
namespace {

using namespace testing;  // NOLINT

std::string Covering(std::initializer_list<uint64_t> ids) {
  FragmentSet out;
  for (const uint64_t id : ids) out.Add(id);
  return out.Serialize();
}

Fragment FragmentOf(uint64_t id) {
  Fragment out = MakeFragment(10, fmt::format("{}.lance", id));
  out.id = id;
  return out;
}

operation::UpdateMap Entry(const std::string& key) { return {{{key, "v"}}, false}; }

// One operation of each kind that touches fragment, field, index, key and base number `k` only.
std::vector<Operation> OperationsOn(int k) {
  const auto id = static_cast<uint64_t>(k);
  const std::string name = std::to_string(k);
  schema::Schema without = MakeSchema();
  without.fields.erase(without.fields.begin() + k);
  operation::Update update;
  update.updated_fragments = {FragmentOf(id)};
  update.fields_modified = {static_cast<uint32_t>(k)};
  update.mode = operation::Update::Mode::kRewriteColumns;
  operation::Rewrite rewrite;
  rewrite.groups = {{{FragmentOf(id)}, {FragmentOf(10 + id)}}};
  operation::UpdateConfig config;
  config.config = Entry(name);
  return {operation::Append{{MakeFragment()}},
          operation::Delete{{}, {id}, "x"},
          update,
          rewrite,
          operation::CreateIndex{{MakeIndex("idx" + name, k, Covering({id}))}, {}},
          operation::Merge{{FragmentOf(0), FragmentOf(1)}, MakeSchema(), true},
          operation::Project{without, true},
          operation::DataReplacement{{{id, MakeFile("n.lance", {k})}}},
          operation::Overwrite{{MakeFragment()}, MakeSchema(), {{name, "v"}}, {}},
          operation::Restore{1},
          config,
          operation::ReserveFragments{1},
          operation::Clone{true, {}, 1, "p", {}},
          operation::UpdateBases{{{0, name, true, "path" + name}}},
          operation::UpdateMemWalState{{{"00000000-0000-4000-8000-00000000000" + name, 1}}},
          operation::Unknown{150}};
}

char Letter(Verdict verdict) {
  return verdict == Verdict::kCompatible ? '.' : verdict == Verdict::kRetryable ? 'R' : 'X';
}

std::vector<std::string> MatrixOver(int theirs_k) {
  Manifest from;
  from.schema = MakeSchema();
  from.fragments = {FragmentOf(0), FragmentOf(1)};
  std::vector<std::string> out;
  for (const Operation& ours : OperationsOn(0)) {
    if (std::holds_alternative<operation::UpdateMemWalState>(ours))
      continue;  // not committed by this library
    std::string row;
    for (const Operation& theirs : OperationsOn(theirs_k)) {
      Operation changed = ours;
      row.push_back(Letter(CheckConflict(from, /*has_affected_rows=*/false, theirs, &changed)));
    }
    out.push_back(fmt::format("{} {}", row, OperationName(ours)));
  }
  return out;
}

// Columns: Append, Delete, Update, Rewrite, CreateIndex, Merge, Project, DataReplacement, Overwrite, Restore,
// UpdateConfig, ReserveFragments, Clone, UpdateBases, UpdateMemWalState, unknown.
TEST(Conflict, LetsPassWhatTouchesOtherThings) {
  EXPECT_EQ(MatrixOver(1), (std::vector<std::string>{
                               "........XX....XX Append",
                               ".....R..XX....XX Delete",
                               ".....R..XX.....X Update",
                               ".....R..XX.....X Rewrite",
                               "........XX....XX CreateIndex",
                               "RRRR.RXRXX....XX Merge",
                               ".....RR.XX....XX Project",
                               ".....R..XX....XX DataReplacement",
                               "........R.....XX Overwrite",
                               "..............XX Restore",
                               "...............X UpdateConfig",
                               "........XX.....X ReserveFragments",
                               "...............X Clone",
                               "...............X UpdateBases",
                               "XXXXXXXXXXXXXXXX unknown operation",
                           }));
}

TEST(Conflict, StopsWhatTouchesTheSameThings) {
  EXPECT_EQ(MatrixOver(0), (std::vector<std::string>{
                               "........XX....XX Append",
                               ".RRR.R.RXX....XX Delete",
                               ".RRR.RRRXX.....X Update",
                               ".RRRRR.RXX.....X Rewrite",
                               "...RR..RXX....XX CreateIndex",
                               "RRRR.RXRXX....XX Merge",
                               ".....RR.XX....XX Project",
                               ".XRRRRXRXX....XX DataReplacement",
                               "........X.X...XX Overwrite",
                               "..............XX Restore",
                               "........X.X....X UpdateConfig",
                               "........XX.....X ReserveFragments",
                               "...............X Clone",
                               ".............X.X UpdateBases",
                               "XXXXXXXXXXXXXXXX unknown operation",
                           }));
}

Verdict Check(Operation ours, const Operation& theirs, bool has_affected_rows = false) {
  Manifest from;
  from.schema = MakeSchema();
  from.fragments = {FragmentOf(0), FragmentOf(1)};
  return CheckConflict(from, has_affected_rows, theirs, &ours);
}

TEST(Conflict, HoldsBackValuesWhileNullabilityChanges) {
  const operation::Project project{MakeSchema(), false};
  const operation::Merge merge{{FragmentOf(0), FragmentOf(1)}, MakeSchema(), false};
  for (const int kind : {0, 2, 7}) {  // Append, Update, DataReplacement
    const Operation values = OperationsOn(1)[kind];
    EXPECT_EQ(Check(values, project), Verdict::kRetryable);
    EXPECT_EQ(Check(project, values), Verdict::kRetryable);
    EXPECT_EQ(Check(values, merge), Verdict::kRetryable);
  }
}

TEST(Conflict, ComparesMetadata) {
  operation::UpdateConfig schema, field, table, other_table;
  schema.schema_metadata = Entry("a");
  field.field_metadata[0] = Entry("a");
  table.table_metadata = Entry("a");
  other_table.table_metadata = Entry("b");
  const operation::Merge merge{{FragmentOf(0)}, MakeSchema(), true};
  EXPECT_EQ(Check(schema, merge), Verdict::kRetryable);
  EXPECT_EQ(Check(merge, field), Verdict::kRetryable);
  EXPECT_EQ(Check(schema, operation::Restore{1}), Verdict::kIncompatible);
  EXPECT_EQ(Check(operation::Restore{1}, field), Verdict::kIncompatible);
  EXPECT_EQ(Check(table, merge), Verdict::kCompatible);
  EXPECT_EQ(Check(schema, schema), Verdict::kIncompatible);
  EXPECT_EQ(Check(field, field), Verdict::kIncompatible);
  EXPECT_EQ(Check(table, table), Verdict::kIncompatible);
  EXPECT_EQ(Check(table, other_table), Verdict::kCompatible);
  other_table.table_metadata->replace = true;
  EXPECT_EQ(Check(table, other_table), Verdict::kIncompatible);
  EXPECT_EQ(Check(schema, operation::Overwrite{{}, MakeSchema(), {}, {}}), Verdict::kIncompatible);
}

TEST(Conflict, ComparesInsertedKeys) {
  operation::Update a, b;
  a.inserted_rows = operation::KeyExistenceFilter{{0}, {1, 2}, "", 0, 0, 0};
  b.inserted_rows = operation::KeyExistenceFilter{{0}, {3}, "", 0, 0, 0};
  EXPECT_EQ(Check(a, b), Verdict::kCompatible);
  b.inserted_rows->exact_hashes = {2};
  EXPECT_EQ(Check(a, b), Verdict::kRetryable);
  b.inserted_rows->exact_hashes = {3};
  b.inserted_rows->field_ids = {1};
  EXPECT_EQ(Check(a, b), Verdict::kRetryable);
  b.inserted_rows.reset();
  EXPECT_EQ(Check(a, b), Verdict::kRetryable);
  EXPECT_EQ(Check(b, a), Verdict::kCompatible);
  EXPECT_EQ(Check(a, AppendOf(1)), Verdict::kRetryable);
  a.inserted_rows = operation::KeyExistenceFilter{{0}, {}, "\x01\x02", 16, 2, 0.5};
  b.inserted_rows = operation::KeyExistenceFilter{{0}, {}, "\x02\x01", 16, 2, 0.5};
  EXPECT_EQ(Check(a, b), Verdict::kCompatible);
  b.inserted_rows->bloom[1] = '\x02';
  EXPECT_EQ(Check(a, b), Verdict::kRetryable);
}

TEST(Conflict, ComparesIndexChanges) {
  const IndexMetadata a = MakeIndex("a", 0, Covering({0})), b = MakeIndex("a", 0, Covering({1}));
  using operation::CreateIndex;
  EXPECT_EQ(Check(CreateIndex{{}, {a}}, CreateIndex{{}, {a}}), Verdict::kCompatible);
  EXPECT_EQ(Check(CreateIndex{{b}, {a}}, CreateIndex{{}, {a}}), Verdict::kRetryable);
  EXPECT_EQ(Check(CreateIndex{{b}, {}}, CreateIndex{{}, {a}}), Verdict::kRetryable);
  EXPECT_EQ(Check(CreateIndex{{}, {a}}, CreateIndex{{b}, {}}), Verdict::kRetryable);
  IndexMetadata reuse = MakeIndex("__lance_frag_reuse", 0, std::nullopt);
  EXPECT_EQ(Check(CreateIndex{{reuse}, {}}, CreateIndex{{reuse}, {}}), Verdict::kRetryable);
  operation::Rewrite deferred;
  deferred.groups = {{{FragmentOf(0), FragmentOf(1)}, {FragmentOf(10)}}};
  deferred.fragment_reuse_index = reuse;
  EXPECT_EQ(Check(deferred, CreateIndex{{a}, {}}), Verdict::kRetryable);  // straddles
  EXPECT_EQ(Check(deferred, CreateIndex{{MakeIndex("a", 0, Covering({0, 1}))}, {}}), Verdict::kCompatible);
  EXPECT_EQ(Check(deferred, CreateIndex{{MakeIndex("a", 0, std::nullopt)}, {}}), Verdict::kRetryable);
  EXPECT_EQ(Check(deferred, CreateIndex{{reuse}, {}}), Verdict::kIncompatible);
  EXPECT_EQ(Check(deferred, CreateIndex{{reuse}, {reuse}}), Verdict::kCompatible);
}

TEST(Conflict, TakesBackCoverageThatAnUpdateInvalidated) {
  Operation ours = operation::CreateIndex{{MakeIndex("a", 0, Covering({0, 1}))}, {}};
  Manifest from;
  EXPECT_EQ(CheckConflict(from, false, OperationsOn(0)[2], &ours), Verdict::kCompatible);
  const auto& index = std::get<operation::CreateIndex>(ours).new_indices[0];
  EXPECT_EQ(index.fragment_bitmap, Covering({1}));
}

// ---- writers ----

CommitRequest DeleteOf(const Snapshot& read, size_t fragment, const std::vector<uint32_t>& offsets) {
  CommitRequest out;
  operation::Delete operation;
  const Fragment& before = read.manifest().fragments[fragment];
  auto after = DeleteRows(read, before, offsets).ValueOrDie();
  if (after) {
    operation.updated_fragments = {*after};
  } else {
    operation.deleted_fragment_ids = {before.id};
  }
  out.operation = std::move(operation);
  out.read_version = read.manifest().version;
  out.affected_rows[before.id] = offsets;
  return out;
}

TEST(TwoWriters, AppendBothWays) {
  ASSERT_OK_AND_ASSIGN(auto read, MakeTable(FreshUri(), 1));
  ASSERT_OK_AND_ASSIGN(auto a, Commit(*read, RequestOf(AppendOf(1))));
  ASSERT_OK_AND_ASSIGN(auto b, Commit(*read, RequestOf(AppendOf(1))));
  EXPECT_EQ(b->manifest().version, 3u);
  EXPECT_EQ(b->manifest().fragments.size(), 3u);
  EXPECT_EQ(b->manifest().fragments.back().id, 2u);
  ASSERT_OK_AND_ASSIGN(auto transaction, ReadTransaction(*b));
  EXPECT_EQ(transaction->read_version, 1u);
}

TEST(TwoWriters, MergeDeletionsOfOtherRows) {
  ASSERT_OK_AND_ASSIGN(auto read, MakeTable(FreshUri(), 2));
  const CommitRequest first = DeleteOf(*read, 0, {1, 2}), second = DeleteOf(*read, 0, {3, 9});
  ASSERT_OK_AND_ASSIGN(auto a, Commit(*read, first));
  ASSERT_OK_AND_ASSIGN(auto b, Commit(*read, second));
  ASSERT_OK_AND_ASSIGN(auto deletions, b->Deletions(b->manifest().fragments[0]));
  EXPECT_EQ(deletions->count(), 4u);
  EXPECT_EQ(b->manifest().fragments[0].deletion_file->num_deleted_rows, 4u);
  // The same rows again, from the old version: they are gone.
  const Status status = Commit(*read, second).status();
  EXPECT_TRUE(Is(status, ErrorKind::kCommitConflict));
  EXPECT_TRUE(IsRetryable(status)) << status.ToString();
  // Without saying which rows.
  CommitRequest blind = DeleteOf(*read, 0, {5});
  blind.affected_rows.clear();
  EXPECT_TRUE(IsRetryable(Commit(*read, blind).status()));
  // What is left of the fragment.
  ASSERT_OK_AND_ASSIGN(auto c, Commit(*read, DeleteOf(*read, 0, {0, 4, 5, 6, 7, 8})));
  EXPECT_EQ(c->manifest().fragments.size(), 1u);
}

TEST(TwoWriters, DoNotResurrectRowsOfAMovedFragment) {
  ASSERT_OK_AND_ASSIGN(auto read, MakeTable(FreshUri(), 1));
  ASSERT_OK_AND_ASSIGN(auto a, Commit(*read, DeleteOf(*read, 0, {1})));
  CommitRequest move;
  operation::Update update;
  update.removed_fragment_ids = {0};
  update.new_fragments = {MakeFragment(10)};
  move.operation = update;
  move.read_version = 1;
  move.affected_rows[0] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  EXPECT_TRUE(IsRetryable(Commit(*read, move).status()));
}

// Both fragments of a table of two as one.
CommitRequest RewriteOf(const Snapshot& read) {
  const std::vector<Fragment>& old = read.manifest().fragments;
  uint64_t rows = 0;
  for (const Fragment& fragment : old) {
    rows += fragment.physical_rows - (fragment.deletion_file ? fragment.deletion_file->num_deleted_rows : 0);
  }
  Fragment merged = MakeFragment(rows, "merged.lance");
  merged.id = 9;
  CommitRequest out;
  out.operation = operation::Rewrite{{{old, {merged}}}, {}, {}};
  out.read_version = read.manifest().version;
  return out;
}

std::vector<uint32_t> DeletedFrom(const Snapshot& snapshot, const Fragment& fragment) {
  std::vector<uint32_t> out;
  auto deletions = snapshot.Deletions(fragment).ValueOrDie();
  for (uint32_t row = 0; deletions != nullptr && row < fragment.physical_rows; ++row) {
    if (deletions->Contains(row)) out.push_back(row);
  }
  return out;
}

TEST(TwoWriters, CarryDeletionsIntoRewrittenFragments) {
  ASSERT_OK_AND_ASSIGN(auto first, MakeTable(FreshUri(), 2));
  ASSERT_OK_AND_ASSIGN(auto read, Commit(*first, DeleteOf(*first, 0, {0, 5})));
  const CommitRequest rewrite = RewriteOf(*read);  // of rows 1 2 3 4 6 7 8 9, then 0 to 9
  ASSERT_OK_AND_ASSIGN(auto a, Commit(*read, DeleteOf(*read, 0, {1, 7})));
  ASSERT_OK_AND_ASSIGN(auto b, Commit(*a, DeleteOf(*a, 1, {0, 9})));
  ASSERT_OK_AND_ASSIGN(auto c, Commit(*read, rewrite));
  ASSERT_EQ(c->manifest().fragments.size(), 1u);
  const Fragment& merged = c->manifest().fragments[0];
  EXPECT_EQ(merged.id, 9u);
  EXPECT_EQ(DeletedFrom(*c, merged), (std::vector<uint32_t>{0, 5, 8, 17}));
  // The other way round the rows have gone elsewhere.
  EXPECT_TRUE(IsRetryable(Commit(*read, DeleteOf(*read, 0, {2})).status()));
}

TEST(TwoWriters, RewriteWhatIsLeftOfFragmentsThatWereDeleted) {
  ASSERT_OK_AND_ASSIGN(auto read, MakeTable(FreshUri(), 2));
  const CommitRequest rewrite = RewriteOf(*read);
  const std::vector<uint32_t> all{0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  ASSERT_OK_AND_ASSIGN(auto a, Commit(*read, DeleteOf(*read, 0, all)));
  ASSERT_OK_AND_ASSIGN(auto b, Commit(*read, rewrite));
  ASSERT_EQ(b->manifest().fragments.size(), 1u);
  EXPECT_EQ(DeletedFrom(*b, b->manifest().fragments[0]), all);
  ASSERT_OK_AND_ASSIGN(auto other, MakeTable(FreshUri(), 2));
  ASSERT_OK_AND_ASSIGN(auto c, Commit(*other, DeleteOf(*other, 0, all)));
  ASSERT_OK_AND_ASSIGN(auto d, Commit(*c, DeleteOf(*c, 0, all)));
  EXPECT_TRUE(IsRetryable(Commit(*other, RewriteOf(*other)).status()));
}

TEST(TwoWriters, SayWhichConflictsNoRetrySettles) {
  ASSERT_OK_AND_ASSIGN(auto read, MakeTable(FreshUri(), 1));
  operation::Overwrite overwrite{{MakeFragment()}, MakeSchema(), {}, {}};
  ASSERT_OK_AND_ASSIGN(auto a, Commit(*read, RequestOf(overwrite)));
  const Status append = Commit(*read, RequestOf(AppendOf(1))).status();
  EXPECT_TRUE(Is(append, ErrorKind::kCommitConflict));
  EXPECT_FALSE(IsRetryable(append));
  EXPECT_NE(append.message().find("incompatible with concurrent transaction Overwrite at version 2"),
            std::string::npos);
  const Status again = Commit(*read, RequestOf(overwrite)).status();
  EXPECT_TRUE(IsRetryable(again));
  CommitOptions strict;
  strict.max_retries = 0;
  EXPECT_TRUE(Is(Commit(*read, RequestOf(overwrite), strict).status(), ErrorKind::kCommitConflict));
  ASSERT_OK_AND_ASSIGN(auto b, Commit(*a, RequestOf(overwrite), strict));
}

// Many threads append at once; every commit that was acknowledged is there, once.
void AppendFromThreads(const std::string& uri) {
  constexpr int kThreads = 4, kCommits = 8;
  ASSERT_OK_AND_ASSIGN(auto first, MakeTable(uri, 0));
  std::vector<std::thread> threads;
  std::vector<std::vector<std::string>> acknowledged(kThreads);
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      std::shared_ptr<const Snapshot> mine = first;
      for (int i = 0; i < kCommits; ++i) {
        const std::string path = fmt::format("{}-{}.lance", t, i);
        CommitOptions options;
        options.max_retries = 200;
        options.durability = store::Durability::kBuffered;
        auto committed = Commit(*mine, RequestOf(operation::Append{{MakeFragment(10, path)}}), options);
        ASSERT_TRUE(committed.ok()) << committed.status().ToString();
        mine = *committed;
        acknowledged[t].push_back(path);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_OK_AND_ASSIGN(auto last,
                       OpenTable(uri, {.version = {}, .storage_options = {}, .session = MakeSession()}));
  EXPECT_EQ(last->manifest().version, 1u + kThreads * kCommits);
  std::vector<std::string> found, expected;
  for (const Fragment& fragment : last->manifest().fragments) found.push_back(fragment.files[0].path);
  for (const auto& paths : acknowledged) expected.insert(expected.end(), paths.begin(), paths.end());
  std::sort(found.begin(), found.end());
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(found, expected);
}

TEST(ManyWriters, LoseNothingInMemory) { AppendFromThreads(FreshUri()); }

TEST(ManyWriters, LoseNothingOnDisk) {
  const std::string folder = ::testing::TempDir() + "lance-commit-" + MakeUuid();
  AppendFromThreads(folder);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace lance::table
