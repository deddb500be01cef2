// Commits on tables of which only the metadata exists: no data file is read by a commit.
#include "lance/table/commit.h"

#include <gtest/gtest.h>

#include "lance/base/commit_error.h"
#include "lance/table/deletion.h"
#include "lance/table/fragment_set.h"
#include "lance/table/row_ids.h"
#include "lance/table/table.h"
#include "lance/table/testing/commit_testing.h"
#include "lance/table/versions.h"
#include "lance/table/write_deletions.h"

namespace lance::table {
namespace {

using namespace testing;  // NOLINT

std::vector<uint64_t> FragmentIds(const Snapshot& snapshot) {
  std::vector<uint64_t> out;
  for (const Fragment& fragment : snapshot.manifest().fragments) out.push_back(fragment.id);
  return out;
}

std::vector<uint64_t> RowIds(const Snapshot& snapshot, const Fragment& fragment) {
  auto ids = snapshot.RowIds(fragment).ValueOrDie();
  std::vector<uint64_t> out(ids->size());
  ids->Read({0, out.size()}, out.data());
  return out;
}

std::string Covering(std::initializer_list<uint64_t> ids) {
  FragmentSet out;
  for (const uint64_t id : ids) out.Add(id);
  return out.Serialize();
}

RowRanges CoveredBy(const IndexMetadata& index) {
  return FragmentSet::Parse(*index.fragment_bitmap).ValueOrDie().ranges();
}

TEST(Commit, MakesATableAndAppendsToIt) {
  const std::string uri = FreshUri();
  ASSERT_OK_AND_ASSIGN(auto first, MakeTable(uri, 2));
  EXPECT_EQ(first->manifest().version, 1u);
  EXPECT_EQ(FragmentIds(*first), (std::vector<uint64_t>{0, 1}));
  EXPECT_EQ(first->manifest().max_fragment_id, 1u);
  ASSERT_OK_AND_ASSIGN(auto second, Commit(*first, RequestOf(AppendOf(2))));
  EXPECT_EQ(second->manifest().version, 2u);
  EXPECT_EQ(FragmentIds(*second), (std::vector<uint64_t>{0, 1, 2, 3}));
  ASSERT_OK_AND_ASSIGN(auto opened,
                       OpenTable(uri, {.version = {}, .storage_options = {}, .session = MakeSession()}));
  EXPECT_EQ(opened->manifest().version, 2u);
  EXPECT_EQ(opened->manifest().fragments, second->manifest().fragments);
  EXPECT_EQ(opened->manifest().schema, MakeSchema());
  EXPECT_EQ(opened->manifest().transaction_section, std::optional<uint64_t>(0));
  ASSERT_OK_AND_ASSIGN(auto transaction, ReadTransaction(*opened));
  ASSERT_TRUE(transaction.has_value());
  EXPECT_EQ(transaction->operation, "Append");
  EXPECT_EQ(transaction->read_version, 1u);
  EXPECT_EQ(std::get<operation::Append>(transaction->change).fragments.size(), 2u);
  ASSERT_OK_AND_ASSIGN(
      auto hint, opened->object_store()->Exists("_transactions/" + opened->manifest().transaction_file));
  EXPECT_TRUE(hint);
}

TEST(Commit, RefusesToMakeATableTwice) {
  const std::string uri = FreshUri();
  ASSERT_OK_AND_ASSIGN(auto first, MakeTable(uri, 1));
  EXPECT_ERROR(ErrorKind::kAlreadyExists, "already exists", MakeTable(uri, 1).status());
}

TEST(Commit, KeepsTheNamingSchemeOfTheTable) {
  const std::string uri = FreshUri();
  operation::Overwrite make;
  make.schema = MakeSchema();
  CreateTableOptions create;
  create.v2_manifest_names = false;
  create.session = MakeSession();
  ASSERT_OK_AND_ASSIGN(auto first, CreateTable(uri, RequestOf(make), create));
  ASSERT_OK_AND_ASSIGN(auto second, Commit(*first, RequestOf(AppendOf(1))));
  ASSERT_OK_AND_ASSIGN(bool exists, second->object_store()->Exists("_versions/2.manifest"));
  EXPECT_TRUE(exists);
}

TEST(Commit, GivesStableRowIdsAndVersions) {
  ASSERT_OK_AND_ASSIGN(auto first, MakeTable(FreshUri(), 2, /*stable_row_ids=*/true));
  EXPECT_EQ(first->manifest().reader_feature_flags, 2u);
  EXPECT_EQ(first->manifest().next_row_id, 20u);
  ASSERT_OK_AND_ASSIGN(auto second, Commit(*first, RequestOf(AppendOf(1, 5))));
  EXPECT_EQ(second->manifest().next_row_id, 25u);
  const Fragment& added = second->manifest().fragments.back();
  EXPECT_EQ(RowIds(*second, added), (std::vector<uint64_t>{20, 21, 22, 23, 24}));
  ASSERT_OK_AND_ASSIGN(auto created, second->CreatedAt(added));
  EXPECT_EQ(created->Get(4), 2u);
  ASSERT_OK_AND_ASSIGN(auto updated, second->LastUpdatedAt(second->manifest().fragments.front()));
  EXPECT_EQ(updated->Get(0), 1u);
}

TEST(Commit, KeepsIdsAndCreationOfMovedRows) {
  ASSERT_OK_AND_ASSIGN(auto first, MakeTable(FreshUri(), 2, /*stable_row_ids=*/true));
  ASSERT_OK_AND_ASSIGN(auto second, Commit(*first, RequestOf(AppendOf(1, 5))));
  // Rows 3 and 22 move to a new fragment that also has two new rows.
  operation::Update update;
  const std::vector<uint32_t> third = {3}, second_of_last = {2};
  ASSERT_OK_AND_ASSIGN(auto a, DeleteRows(*second, second->manifest().fragments[0], third));
  ASSERT_OK_AND_ASSIGN(auto b, DeleteRows(*second, second->manifest().fragments[2], second_of_last));
  update.updated_fragments = {*a, *b};
  update.new_fragments = {MakeFragment(4)};
  const std::vector<uint64_t> moved = {22, 3};
  update.new_fragments[0].row_ids = {Lineage::Kind::kInline, SerializeRowIds(moved)};
  update.fields_for_preserving_frag_bitmap = {1};
  ASSERT_OK_AND_ASSIGN(auto updated, Commit(*second, RequestOf(update)));
  const Fragment& added = updated->manifest().fragments.back();
  EXPECT_EQ(RowIds(*updated, added), (std::vector<uint64_t>{22, 3, 25, 26}));
  EXPECT_EQ(updated->manifest().next_row_id, 27u);
  ASSERT_OK_AND_ASSIGN(auto created, updated->CreatedAt(added));
  EXPECT_EQ((std::vector<uint64_t>{created->Get(0), created->Get(1), created->Get(2), created->Get(3)}),
            (std::vector<uint64_t>{2, 1, 3, 3}));
  ASSERT_OK_AND_ASSIGN(auto last, updated->LastUpdatedAt(added));
  EXPECT_EQ(last->Get(1), 3u);
  EXPECT_EQ(updated->manifest().reader_feature_flags, 3u);
  ASSERT_OK_AND_ASSIGN(uint64_t rows, updated->CountRows());
  EXPECT_EQ(rows, 27u);
}

TEST(Commit, DeletesRowsAndFragments) {
  ASSERT_OK_AND_ASSIGN(auto first, MakeTable(FreshUri(), 3));
  const std::vector<uint32_t> some = {0, 4, 9};
  ASSERT_OK_AND_ASSIGN(auto changed, DeleteRows(*first, first->manifest().fragments[1], some));
  operation::Delete operation;
  operation.updated_fragments = {*changed};
  operation.deleted_fragment_ids = {2};
  operation.predicate = "x > 1";
  ASSERT_OK_AND_ASSIGN(auto second, Commit(*first, RequestOf(operation)));
  EXPECT_EQ(FragmentIds(*second), (std::vector<uint64_t>{0, 1}));
  EXPECT_EQ(second->manifest().max_fragment_id, 2u);
  EXPECT_EQ(second->manifest().reader_feature_flags, 1u);
  ASSERT_OK_AND_ASSIGN(auto deletions, second->Deletions(second->manifest().fragments[1]));
  EXPECT_EQ(deletions->count(), 3u);
  EXPECT_TRUE(deletions->Contains(4));
  // The next fragment takes a fresh id.
  ASSERT_OK_AND_ASSIGN(auto third, Commit(*second, RequestOf(AppendOf(1))));
  EXPECT_EQ(FragmentIds(*third), (std::vector<uint64_t>{0, 1, 3}));
  const std::vector<uint32_t> rest = {0, 1, 2, 3, 5, 6, 7, 8, 9};
  ASSERT_OK_AND_ASSIGN(auto none, DeleteRows(*third, third->manifest().fragments[1], rest));
  EXPECT_EQ(none, std::nullopt);
}

TEST(Commit, WritesManyDeletionsAsBitmap) {
  std::vector<uint32_t> offsets;
  for (uint32_t i = 0; i < 5000; ++i) offsets.push_back(i * 3);
  ASSERT_OK_AND_ASSIGN(auto few, EncodeDeletions(*DeletionVector::FromOffsets(offsets)));
  EXPECT_EQ(few.type, DeletionFile::Type::kArrowArray);
  offsets.push_back(70'000);
  ASSERT_OK_AND_ASSIGN(auto many, EncodeDeletions(*DeletionVector::FromOffsets(offsets)));
  EXPECT_EQ(many.type, DeletionFile::Type::kBitmap);
  for (const auto& encoded : {few, many}) {
    const std::span bytes(reinterpret_cast<const uint8_t*>(encoded.bytes.data()), encoded.bytes.size());
    ASSERT_OK_AND_ASSIGN(auto read, encoded.type == DeletionFile::Type::kBitmap
                                        ? DeletionVector::FromRoaring(bytes)
                                        : DeletionVector::FromArrowFile(bytes));
    EXPECT_EQ(read->count(), encoded.type == DeletionFile::Type::kBitmap ? 5001u : 5000u);
    EXPECT_TRUE(read->Contains(14'997));
    EXPECT_FALSE(read->Contains(1));
  }
}

TEST(Commit, OverwritesAndRestores) {
  ASSERT_OK_AND_ASSIGN(auto first, MakeTable(FreshUri(), 2, /*stable_row_ids=*/true));
  operation::Overwrite overwrite;
  overwrite.schema = {{MakeField("z", 0)}, {{"k", "v"}}};
  overwrite.fragments = {MakeFragment(7)};
  overwrite.fragments[0].files = {MakeFile("z.lance", {0})};
  overwrite.config_upserts = {{"a", "b"}};
  ASSERT_OK_AND_ASSIGN(auto second, Commit(*first, RequestOf(overwrite)));
  EXPECT_EQ(FragmentIds(*second), (std::vector<uint64_t>{2}));
  EXPECT_EQ(second->manifest().schema, overwrite.schema);
  EXPECT_EQ(second->manifest().writer_feature_flags, 2u | 8u);
  EXPECT_EQ(RowIds(*second, second->manifest().fragments[0]).front(), 20u);
  ASSERT_OK_AND_ASSIGN(auto third, Commit(*second, RequestOf(operation::Restore{1})));
  EXPECT_EQ(third->manifest().version, 3u);
  EXPECT_EQ(third->manifest().fragments, first->manifest().fragments);
  EXPECT_EQ(third->manifest().schema, MakeSchema());
  EXPECT_EQ(third->manifest().next_row_id, 27u);
  EXPECT_EQ(third->manifest().max_fragment_id, 2u);
}

TEST(Commit, MergesAndProjectsColumns) {
  ASSERT_OK_AND_ASSIGN(auto first, MakeTable(FreshUri(), 1));
  operation::CreateIndex index;
  index.new_indices = {MakeIndex("x_idx", 0, Covering({0})), MakeIndex("y_idx", 1, Covering({0}))};
  ASSERT_OK_AND_ASSIGN(auto indexed, Commit(*first, RequestOf(index)));
  operation::Merge merge;
  merge.schema = MakeSchema();
  merge.schema.fields.push_back(MakeField("z", 2));
  merge.fragments = indexed->manifest().fragments;
  merge.fragments[0].files.push_back(MakeFile("z.lance", {2}));
  ASSERT_OK_AND_ASSIGN(auto merged, Commit(*indexed, RequestOf(merge)));
  EXPECT_EQ(merged->manifest().fragments[0].files.size(), 2u);
  ASSERT_OK_AND_ASSIGN(auto indices, merged->Indices());
  EXPECT_EQ(indices->size(), 2u);
  operation::Project project;
  project.schema = {{MakeField("z", 2), MakeField("x", 0)}, {}};
  ASSERT_OK_AND_ASSIGN(auto projected, Commit(*merged, RequestOf(project)));
  EXPECT_EQ(projected->manifest().fragments[0].files.size(), 2u);
  ASSERT_OK_AND_ASSIGN(indices, projected->Indices());
  ASSERT_EQ(indices->size(), 1u);
  EXPECT_EQ(indices->front().name, "x_idx");
  merge.schema.fields.back().id = 1;
  EXPECT_ERROR(ErrorKind::kInvalidArgument, "ids up to 2 are in use",
               Commit(*projected, RequestOf(merge)).status());
}

TEST(Commit, ReplacesDataFiles) {
  ASSERT_OK_AND_ASSIGN(auto first, MakeTable(FreshUri(), 2));
  operation::CreateIndex index;
  index.new_indices = {MakeIndex("x_idx", 0, Covering({0, 1})), MakeIndex("y_idx", 1, Covering({0, 1}))};
  ASSERT_OK_AND_ASSIGN(auto indexed, Commit(*first, RequestOf(index)));
  operation::DataReplacement replace;
  replace.replacements = {{1, MakeFile("new.lance", {1})}};
  ASSERT_OK_AND_ASSIGN(auto replaced, Commit(*indexed, RequestOf(replace)));
  const Fragment& fragment = replaced->manifest().fragments[1];
  ASSERT_EQ(fragment.files.size(), 2u);
  EXPECT_EQ(fragment.files[0].fields, (std::vector<int32_t>{0, -2}));
  ASSERT_OK_AND_ASSIGN(auto indices, replaced->Indices());
  EXPECT_EQ(CoveredBy((*indices)[0]), (RowRanges{{0, 2}}));
  EXPECT_EQ(CoveredBy((*indices)[1]), (RowRanges{{0, 1}}));
}

TEST(Commit, RewritesFragmentsInPlace) {
  ASSERT_OK_AND_ASSIGN(auto first, MakeTable(FreshUri(), 3));
  ASSERT_OK_AND_ASSIGN(auto reserved, Commit(*first, RequestOf(operation::ReserveFragments{1})));
  EXPECT_EQ(reserved->manifest().max_fragment_id, 3u);
  operation::CreateIndex index;
  index.new_indices = {MakeIndex("x_idx", 0, Covering({0, 1}))};
  ASSERT_OK_AND_ASSIGN(auto indexed, Commit(*reserved, RequestOf(index)));
  operation::Rewrite rewrite;
  const std::vector<Fragment>& before = indexed->manifest().fragments;
  rewrite.groups = {{{before[0], before[1]}, {MakeFragment(20)}}};
  rewrite.groups[0].new_fragments[0].id = 3;
  operation::Rewrite::Index remapped;
  remapped.old_id = index.new_indices[0].uuid;
  remapped.new_id = MakeUuid();
  remapped.details_type_url = index.new_indices[0].details_type_url;
  rewrite.rewritten_indices = {remapped};
  ASSERT_OK_AND_ASSIGN(auto rewritten, Commit(*indexed, RequestOf(rewrite)));
  EXPECT_EQ(FragmentIds(*rewritten), (std::vector<uint64_t>{2, 3}));
  ASSERT_OK_AND_ASSIGN(auto indices, rewritten->Indices());
  EXPECT_EQ(indices->front().uuid, remapped.new_id);
  EXPECT_EQ(CoveredBy(indices->front()), (RowRanges{{3, 1}}));
}

TEST(Commit, UpdatesConfigMetadataAndBases) {
  ASSERT_OK_AND_ASSIGN(auto first, MakeTable(FreshUri(), 1));
  operation::UpdateConfig update;
  update.config = {{{"a", "1"}, {"b", "2"}}, false};
  update.table_metadata = {{{"t", "1"}}, false};
  update.schema_metadata = {{{"s", "1"}}, true};
  update.field_metadata[1] = {{{"f", "1"}}, false};
  ASSERT_OK_AND_ASSIGN(auto second, Commit(*first, RequestOf(update)));
  EXPECT_EQ(second->manifest().config.at("b"), "2");
  EXPECT_EQ(second->manifest().writer_feature_flags, 8u);
  EXPECT_EQ(second->manifest().schema.metadata.at("s"), "1");
  EXPECT_EQ(second->manifest().schema.fields[1].metadata.at("f"), "1");
  operation::UpdateConfig remove;
  remove.config = {{{"a", std::nullopt}}, false};
  ASSERT_OK_AND_ASSIGN(auto third, Commit(*second, RequestOf(remove)));
  EXPECT_EQ(third->manifest().config, (std::map<std::string, std::string>{{"b", "2"}}));
  operation::UpdateBases bases;
  bases.new_bases = {{0, "cold", true, "s3://bucket/cold"}};
  ASSERT_OK_AND_ASSIGN(auto fourth, Commit(*third, RequestOf(bases)));
  ASSERT_EQ(fourth->manifest().base_paths.size(), 1u);
  EXPECT_EQ(fourth->manifest().base_paths[0].id, 1u);
  EXPECT_EQ(fourth->manifest().reader_feature_flags, 16u);
}

TEST(Commit, WritesDetachedVersions) {
  const std::string uri = FreshUri();
  ASSERT_OK_AND_ASSIGN(auto first, MakeTable(uri, 1));
  CommitOptions options;
  options.detached = true;
  ASSERT_OK_AND_ASSIGN(auto detached, Commit(*first, RequestOf(AppendOf(1)), options));
  EXPECT_NE(detached->manifest().version & kDetachedBit, 0u);
  ASSERT_OK_AND_ASSIGN(uint64_t latest, LatestVersion(*first));
  EXPECT_EQ(latest, 1u);
  ASSERT_OK_AND_ASSIGN(auto all, ListDetachedVersions(*first));
  EXPECT_EQ(all, (std::vector<uint64_t>{detached->manifest().version}));
}

TEST(Commit, MarksTablesWithFilesOfSeveralVersions) {
  ASSERT_OK_AND_ASSIGN(auto first, MakeTable(FreshUri(), 1));
  operation::Append append = AppendOf(1);
  append.fragments[0].files[0].minor_version = 1;
  ASSERT_OK_AND_ASSIGN(auto second, Commit(*first, RequestOf(append)));
  EXPECT_EQ(second->manifest().reader_feature_flags, 256u);
  EXPECT_EQ(second->manifest().writer_feature_flags, 256u);
  operation::Append legacy = AppendOf(1);
  legacy.fragments[0].files[0].major_version = 0;
  EXPECT_ERROR(ErrorKind::kInvalidArgument, "cannot be mixed", Commit(*second, RequestOf(legacy)).status());
}

TEST(Commit, HoldsTheLockOfTheCaller) {
  ASSERT_OK_AND_ASSIGN(auto first, MakeTable(FreshUri(), 1));
  ASSERT_OK_AND_ASSIGN(auto second, Commit(*first, RequestOf(AppendOf(1))));
  std::vector<uint64_t> locked;
  int held = 0;
  CommitOptions options;
  options.lock = [&](uint64_t version) -> Result<std::shared_ptr<void>> {
    locked.push_back(version);
    ++held;
    return std::shared_ptr<void>(&held, [](void* count) { --*static_cast<int*>(count); });
  };
  ASSERT_OK_AND_ASSIGN(auto third, Commit(*first, RequestOf(AppendOf(1)), options));
  EXPECT_EQ(locked, (std::vector<uint64_t>{3}));
  EXPECT_EQ(held, 0);
  options.lock = [](uint64_t) -> Result<std::shared_ptr<void>> { return IOError("no lock to be had"); };
  EXPECT_ERROR(ErrorKind::kIOError, "no lock", Commit(*third, RequestOf(AppendOf(1)), options).status());
  ASSERT_OK_AND_ASSIGN(uint64_t latest, LatestVersion(*first));
  EXPECT_EQ(latest, 3u);
}

TEST(Commit, DoesNotFillGapsThatCleanupLeft) {
  ASSERT_OK_AND_ASSIGN(auto first, MakeTable(FreshUri(), 1));
  ASSERT_OK_AND_ASSIGN(auto second, Commit(*first, RequestOf(AppendOf(1))));
  ASSERT_OK_AND_ASSIGN(auto third, Commit(*second, RequestOf(AppendOf(1))));
  ASSERT_OK(first->object_store()->Delete(ManifestKey(2, NamingScheme::kV2)));
  const Status status = Commit(*first, RequestOf(AppendOf(1))).status();
  EXPECT_TRUE(IsRetryable(status)) << status.ToString();
  ASSERT_OK_AND_ASSIGN(auto fourth, Commit(*third, RequestOf(AppendOf(1))));
  EXPECT_EQ(fourth->manifest().version, 4u);
}

TEST(Commit, LeavesOutTheTransactionFileOnRequest) {
  ASSERT_OK_AND_ASSIGN(auto first, MakeTable(FreshUri(), 1));
  CommitOptions options;
  options.write_transaction_file = false;
  ASSERT_OK_AND_ASSIGN(auto second, Commit(*first, RequestOf(AppendOf(1)), options));
  EXPECT_EQ(second->manifest().writer_feature_flags, 32u);
  EXPECT_EQ(second->manifest().transaction_file, "");
  ASSERT_OK_AND_ASSIGN(auto transaction, ReadTransaction(*second));
  EXPECT_EQ(transaction->operation, "Append");
}

}  // namespace
}  // namespace lance::table
