#include "lance/table/write_refs.h"

#include <gtest/gtest.h>

#include "lance/table/clone.h"
#include "lance/table/testing/commit_testing.h"
#include "lance/table/versions.h"

namespace lance::table {
namespace {

using namespace testing;  // NOLINT

VersionSelector Number(uint64_t number) { return {.number = number, .tag = {}, .branch = {}, .as_of = {}}; }
VersionSelector TagNamed(std::string tag) {
  return {.number = {}, .tag = std::move(tag), .branch = {}, .as_of = {}};
}
VersionSelector BranchNamed(std::string branch) {
  return {.number = {}, .tag = {}, .branch = std::move(branch), .as_of = {}};
}

TEST(Tags, AreMadeMovedAndDeleted) {
  ASSERT_OK_AND_ASSIGN(auto first, MakeTable(FreshUri(), 1));
  ASSERT_OK_AND_ASSIGN(auto second, Commit(*first, RequestOf(AppendOf(1))));
  ASSERT_OK(CreateTag(*second, "v1", Number(1)));
  EXPECT_ERROR(ErrorKind::kAlreadyExists, "tag v1 already exists", CreateTag(*second, "v1", Number(2)));
  EXPECT_ERROR(ErrorKind::kInvalidArgument, "Ref", CreateTag(*second, "a b", Number(1)));
  EXPECT_ERROR(ErrorKind::kNotFound, "no version 9", CreateTag(*second, "v9", Number(9)));
  ASSERT_OK_AND_ASSIGN(auto tagged, Checkout(*second, TagNamed("v1")));
  EXPECT_EQ(tagged->manifest().version, 1u);
  ASSERT_OK(ReplaceTagMetadata(*second, "v1", {{"why \"quoted\"", "tab\t"}}));
  ASSERT_OK(UpdateTag(*second, "v1", {}));
  ASSERT_OK_AND_ASSIGN(auto tags, ListTags(*second));
  ASSERT_EQ(tags.size(), 1u);
  const Tag& tag = tags.at("v1");
  EXPECT_EQ(tag.version, 2u);
  EXPECT_EQ(tag.branch, std::nullopt);
  EXPECT_EQ(tag.metadata.at("why \"quoted\""), "tab\t");
  EXPECT_LT(tag.created_at, tag.updated_at);
  EXPECT_GT(tag.manifest_size, 16u);
  ASSERT_OK(DeleteTag(*second, "v1"));
  EXPECT_ERROR(ErrorKind::kNotFound, "tag v1 does not exist", DeleteTag(*second, "v1"));
  EXPECT_ERROR(ErrorKind::kNotFound, "tag v1 does not exist", UpdateTag(*second, "v1", Number(1)));
}

TEST(Tags, AreWrittenAsTheReferenceWritesThem) {
  Tag tag;
  tag.version = 3;
  tag.manifest_size = 917;
  using namespace std::chrono;
  tag.created_at = sys_days(year(2026) / 2 / 3) + hours(4) + minutes(5) + seconds(6) + nanoseconds(7);
  EXPECT_EQ(
      SerializeTag(tag),
      "{\n  \"branch\": null,\n  \"version\": 3,\n  \"createdAt\": \"2026-02-03T04:05:06.000000007Z\",\n"
      "  \"manifestSize\": 917,\n  \"metadata\": {}\n}");
  ASSERT_OK_AND_ASSIGN(Tag read, ParseTag(SerializeTag(tag)));
  EXPECT_EQ(read.created_at, tag.created_at);
}

TEST(Branches, GoTheirOwnWay) {
  const std::string uri = FreshUri();
  ASSERT_OK_AND_ASSIGN(auto main, MakeTable(uri, 1));
  ASSERT_OK_AND_ASSIGN(auto branch, CreateBranch(*main, "feat/x", {}));
  EXPECT_EQ(branch->manifest().version, 1u);
  EXPECT_EQ(branch->manifest().branch, "feat/x");
  EXPECT_EQ(branch->manifest().reader_feature_flags, 16u);
  ASSERT_EQ(branch->manifest().base_paths.size(), 1u);
  EXPECT_EQ(branch->manifest().base_paths[0].id, 0u);
  EXPECT_EQ(branch->manifest().fragments[0].files[0].base_id, std::optional<uint32_t>(0));
  EXPECT_ERROR(ErrorKind::kAlreadyExists, "branch feat/x already exists",
               CreateBranch(*main, "feat/x", {}).status());
  ASSERT_OK_AND_ASSIGN(auto ahead, Commit(*branch, RequestOf(AppendOf(1))));
  EXPECT_EQ(ahead->manifest().version, 2u);
  EXPECT_EQ(ahead->manifest().branch, "feat/x");
  ASSERT_OK_AND_ASSIGN(auto still, Commit(*main, RequestOf(AppendOf(2))));
  EXPECT_EQ(still->manifest().version, 2u);
  EXPECT_EQ(still->manifest().fragments.size(), 3u);
  ASSERT_OK_AND_ASSIGN(auto opened, Checkout(*main, BranchNamed("feat/x")));
  EXPECT_EQ(opened->manifest().fragments, ahead->manifest().fragments);
  // A branch of the branch, and a tag on it.
  ASSERT_OK_AND_ASSIGN(auto child, CreateBranch(*ahead, "child", Number(2)));
  ASSERT_OK_AND_ASSIGN(auto branches, ListBranches(*child));
  ASSERT_EQ(branches.size(), 2u);
  EXPECT_EQ(branches.at("child").parent_branch, "feat/x");
  ASSERT_EQ(branches.at("child").identifier.size(), 2u);
  EXPECT_EQ(branches.at("child").identifier[0], branches.at("feat/x").identifier[0]);
  EXPECT_EQ(branches.at("child").identifier[1].first, 2u);
  EXPECT_EQ(branches.at("child").identifier[1].second.size(), 32u);
  ASSERT_OK(CreateTag(*child, "on-child", {}));
  ASSERT_OK(ReplaceBranchMetadata(*main, "child", {{"k", "v"}}));
  EXPECT_ERROR(ErrorKind::kInvalidArgument, "branch child leaves it at version 2",
               DeleteBranch(*main, "feat/x"));
  EXPECT_ERROR(ErrorKind::kInvalidArgument, "tag on-child", DeleteBranch(*main, "child"));
  ASSERT_OK(DeleteTag(*main, "on-child"));
  ASSERT_OK(DeleteBranch(*main, "child"));
  ASSERT_OK(DeleteBranch(*main, "feat/x"));
  EXPECT_ERROR(ErrorKind::kNotFound, "does not exist", DeleteBranch(*main, "feat/x"));
  ASSERT_OK_AND_ASSIGN(auto left, main->object_store()->List("tree", true));
  EXPECT_TRUE(left.empty());
}

TEST(Branches, KeepFilesOfBranchesBelowADeletedOne) {
  ASSERT_OK_AND_ASSIGN(auto main, MakeTable(FreshUri(), 1));
  ASSERT_OK_AND_ASSIGN(auto outer, CreateBranch(*main, "a", {}));
  ASSERT_OK_AND_ASSIGN(auto inner, CreateBranch(*main, "a/b", {}));
  ASSERT_OK(DeleteBranch(*main, "a"));
  ASSERT_OK_AND_ASSIGN(auto opened, Checkout(*main, BranchNamed("a/b")));
  EXPECT_EQ(opened->manifest().version, 1u);
  EXPECT_TRUE(Is(Checkout(*main, BranchNamed("a")).status(), ErrorKind::kNotFound));
}

TEST(ShallowClone, SharesFilesAndKeepsTheVersion) {
  ASSERT_OK_AND_ASSIGN(auto first, MakeTable(FreshUri(), 1, /*stable_row_ids=*/true));
  ASSERT_OK_AND_ASSIGN(auto second, Commit(*first, RequestOf(AppendOf(1))));
  CloneTarget target;
  target.uri = FreshUri();
  ASSERT_OK_AND_ASSIGN(auto clone, CommitClone(*second, target, /*is_shallow=*/true));
  EXPECT_EQ(clone->manifest().version, 2u);
  EXPECT_EQ(clone->manifest().reader_feature_flags, 16u | 2u);
  EXPECT_EQ(clone->manifest().base_paths[0].path, second->uri());
  EXPECT_ERROR(ErrorKind::kAlreadyExists, "already exists", CommitClone(*second, target, true).status());
  ASSERT_OK_AND_ASSIGN(auto third, Commit(*clone, RequestOf(AppendOf(1))));
  EXPECT_EQ(third->manifest().version, 3u);
  EXPECT_EQ(third->manifest().fragments.back().files[0].base_id, std::nullopt);
  ASSERT_OK_AND_ASSIGN(auto transaction, ReadTransaction(*clone));
  EXPECT_EQ(transaction->operation, "Clone");
}

TEST(ManifestNames, MigrateToV2) {
  operation::Overwrite make;
  make.schema = MakeSchema();
  CreateTableOptions create;
  create.v2_manifest_names = false;
  create.session = MakeSession();
  ASSERT_OK_AND_ASSIGN(auto first, CreateTable(FreshUri(), RequestOf(make), create));
  ASSERT_OK_AND_ASSIGN(auto second, Commit(*first, RequestOf(AppendOf(1))));
  ASSERT_OK(MigrateManifestNames(*second));
  ASSERT_OK_AND_ASSIGN(auto locations, ListManifests(*second->object_store()));
  ASSERT_EQ(locations.size(), 2u);
  EXPECT_EQ(locations[1].scheme, NamingScheme::kV2);
  ASSERT_OK_AND_ASSIGN(auto opened, Checkout(*second, {}));
  ASSERT_OK_AND_ASSIGN(auto third, Commit(*opened, RequestOf(AppendOf(1))));
  EXPECT_EQ(third->manifest().version, 3u);
}

}  // namespace
}  // namespace lance::table
