#include "lance/table/refs.h"

#include <gtest/gtest.h>

#include "lance/base/testing.h"

namespace lance::table {
namespace {

using std::chrono::nanoseconds;

TEST(Refs, ReadsATag) {
  ASSERT_OK_AND_ASSIGN(
      Tag tag, ParseTag(R"({"branch": null, "version": 3, "createdAt": "2025-11-20T11:03:34.123456789Z",
      "updatedAt": "2025-11-20T13:03:34+02:00", "manifestSize": 731, "metadata": {"a": "b"}})"));
  EXPECT_EQ(tag.branch, std::nullopt);
  EXPECT_EQ(tag.version, 3u);
  EXPECT_EQ(tag.created_at->time_since_epoch(), nanoseconds(1763636614123456789));
  EXPECT_EQ(tag.updated_at->time_since_epoch(), nanoseconds(1763636614000000000));
  EXPECT_EQ(tag.manifest_size, 731u);
  EXPECT_EQ(tag.metadata.at("a"), "b");
}

TEST(Refs, ReadsATagOfAnOldRelease) {
  ASSERT_OK_AND_ASSIGN(Tag tag, ParseTag(R"({"version":1,"manifestSize":10})"));
  EXPECT_EQ(tag.created_at, std::nullopt);
  EXPECT_TRUE(tag.metadata.empty());
}

TEST(Refs, ReadsABranch) {
  ASSERT_OK_AND_ASSIGN(Branch branch, ParseBranch(R"({"parentBranch": "a/b", "identifier": {"version_mapping":
      [[1, "00ff"], [4, "0a"]]}, "parentVersion": 4, "createAt": 1763636614, "manifestSize": 5, "metadata": {}})",
                                                  "x"));
  EXPECT_EQ(branch.parent_branch, "a/b");
  EXPECT_EQ(branch.parent_version, 4u);
  EXPECT_EQ(branch.created_at.time_since_epoch().count(), 1763636614);
  const std::vector<std::pair<uint64_t, std::string>> identifier = {{1, "00ff"}, {4, "0a"}};
  EXPECT_EQ(branch.identifier, identifier);
}

TEST(Refs, DerivesTheIdentifierThatOldBranchesLack) {
  const char* json = R"({"parentBranch":null,"parentVersion":7,"createAt":11,"manifestSize":5})";
  ASSERT_OK_AND_ASSIGN(Branch branch, ParseBranch(json, "legacy"));
  ASSERT_OK_AND_ASSIGN(Branch again, ParseBranch(json, "legacy"));
  ASSERT_OK_AND_ASSIGN(Branch other, ParseBranch(json, "other"));
  ASSERT_EQ(branch.identifier.size(), 1u);
  EXPECT_EQ(branch.identifier[0].first, 0u);
  EXPECT_EQ(branch.identifier[0].second.size(), 32u);
  EXPECT_EQ(branch.identifier, again.identifier);
  EXPECT_NE(branch.identifier, other.identifier);
}

TEST(Refs, NamesTheMemberThatIsWrong) {
  EXPECT_ERROR(ErrorKind::kCorruption, "\"version\"",
               ParseTag(R"({"version":-1,"manifestSize":1})").status());
  EXPECT_ERROR(ErrorKind::kCorruption, "\"branch\"",
               ParseTag(R"({"branch":1,"version":1,"manifestSize":1})").status());
  EXPECT_ERROR(ErrorKind::kCorruption, "\"createdAt\"",
               ParseTag(R"({"version":1,"createdAt":"yesterday","manifestSize":1})").status());
  EXPECT_ERROR(ErrorKind::kCorruption, "\"manifestSize\"", ParseTag(R"({"version":1})").status());
  EXPECT_ERROR(ErrorKind::kCorruption, "JSON", ParseTag("{").status());
  EXPECT_ERROR(
      ErrorKind::kCorruption, "version_mapping",
      ParseBranch(R"({"identifier":{},"parentVersion":1,"createAt":1,"manifestSize":1})", "x").status());
}

TEST(Refs, ChecksNames) {
  for (const char* name : {"v1", "a.b-c_d", "1"}) EXPECT_TRUE(CheckTagName(name).ok()) << name;
  for (const char* name : {"", ".a", "a.", "a..b", "a/b", "x.lock", "a b", "../x"}) {
    EXPECT_TRUE(Is(CheckTagName(name), ErrorKind::kInvalidArgument)) << name;
  }
  for (const char* name : {"a", "feat/x.1", "a/b/c"}) EXPECT_TRUE(CheckBranchName(name).ok()) << name;
  for (const char* name : {"", "/a", "a/", "a//b", "../b", "a\\b", "main", "x.lock", "a b"}) {
    EXPECT_TRUE(Is(CheckBranchName(name), ErrorKind::kInvalidArgument)) << name;
  }
}

}  // namespace
}  // namespace lance::table
