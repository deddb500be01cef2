// Tables that pylance wrote, compared with what pylance read from them: see testdata/generate_tables.py.
#include "lance/table/table.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "lance/base/json.h"
#include "lance/base/row_address.h"
#include "lance/base/testing.h"
#include "lance/file/file_reader.h"
#include "lance/runtime/session.h"
#include "lance/table/deletion.h"
#include "lance/table/row_ids.h"

namespace lance::table {
namespace {

std::string Folder() {
  const char* root = std::getenv("LANCE_TESTDATA");
  return std::string(root == nullptr ? "testdata" : root) + "/pylance-14.0.2/tables/";
}

std::shared_ptr<runtime::Session> MakeSession() {
  return std::make_shared<runtime::Session>(1 << 20, 1 << 20, 0);
}

const JsonValue& Expected(const std::string& table) {
  static const JsonValue all = [] {
    std::ifstream file(Folder() + "expected.json");
    std::stringstream text;
    text << file.rdbuf();
    return ParseJson(text.str()).ValueOrDie();
  }();
  const JsonValue* found = all.Find(table);
  EXPECT_NE(found, nullptr) << table;
  return *found;
}

std::shared_ptr<const Snapshot> Open(const std::string& table, VersionSelector version = {}) {
  auto opened = OpenTable(Folder() + table + ".lance",
                          {.version = std::move(version), .storage_options = {}, .session = MakeSession()});
  EXPECT_TRUE(opened.ok()) << opened.status().ToString();
  return opened.ValueOr(nullptr);
}

void ExpectVersions(const std::vector<VersionSummary>& actual, const JsonValue& expected) {
  ASSERT_EQ(actual.size(), expected.items().size());
  for (size_t i = 0; i < actual.size(); ++i) {
    const JsonValue& want = expected.items()[i];
    EXPECT_EQ(std::to_string(actual[i].version), want.Find("version")->text());
    EXPECT_EQ(std::to_string(actual[i].timestamp.time_since_epoch().count() / 1000),
              want.Find("timestamp_us")->text());
    std::map<std::string, std::string> metadata;
    for (const auto& [key, value] : want.Find("metadata")->members()) metadata[key] = value.text();
    EXPECT_EQ(actual[i].metadata, metadata);
  }
}

// A per-row column of the oracle's, or none when it did not write one.
std::optional<std::vector<uint64_t>> Column(const JsonValue& fragment, const char* name) {
  const JsonValue* column = fragment.Find(name);
  if (column == nullptr) return std::nullopt;
  std::vector<uint64_t> out;
  for (const JsonValue& value : column->items()) out.push_back(std::stoull(value.text()));
  return out;
}

void ExpectFragment(const Snapshot& snapshot, const Fragment& fragment, const JsonValue& expected) {
  EXPECT_EQ(fragment.id, expected.Find("id")->AsUint64());
  EXPECT_EQ(fragment.physical_rows, expected.Find("physical_rows")->AsUint64());
  ASSERT_OK_AND_ASSIGN(auto deletions, snapshot.Deletions(fragment));
  EXPECT_EQ(deletions == nullptr ? 0 : deletions->count(), expected.Find("num_deletions")->AsUint64());
  RowRanges live;
  ASSERT_TRUE(snapshot.AppendLive(fragment, {0, fragment.physical_rows}, &live).ok());
  std::vector<uint64_t> addresses;
  for (const RowRange& range : live) {
    for (uint64_t i = 0; i < range.length; ++i)
      addresses.push_back(RowAddress::Of(fragment.id, range.start + i).value);
  }
  EXPECT_EQ(addresses, *Column(expected, "_rowaddr"));
  ASSERT_OK_AND_ASSIGN(auto ids, snapshot.RowIds(fragment));
  ASSERT_OK_AND_ASSIGN(auto created, snapshot.CreatedAt(fragment));
  ASSERT_OK_AND_ASSIGN(auto updated, snapshot.LastUpdatedAt(fragment));
  const auto want_ids = *Column(expected, "_rowid");
  ASSERT_OK_AND_ASSIGN(auto resolved, snapshot.ResolveRowIds(want_ids));
  const auto want_created = Column(expected, "_row_created_at_version");
  const auto want_updated = Column(expected, "_row_last_updated_at_version");
  for (size_t i = 0; i < addresses.size(); ++i) {
    const uint64_t offset = RowAddress{addresses[i]}.offset();
    EXPECT_EQ(ids == nullptr ? addresses[i] : ids->Get(offset), want_ids[i]);
    EXPECT_EQ(resolved[i], addresses[i]);
    if (want_created) {
      EXPECT_EQ(created->Get(offset), (*want_created)[i]);
    }
    if (want_updated) {
      EXPECT_EQ(updated->Get(offset), (*want_updated)[i]);
    }
  }
}

void ExpectTable(const Snapshot& snapshot, const JsonValue& expected) {
  EXPECT_EQ(std::to_string(snapshot.manifest().version), expected.Find("version")->text());
  EXPECT_EQ(snapshot.manifest().data_storage_version, expected.Find("data_storage_version")->text());
  ASSERT_OK_AND_ASSIGN(uint64_t rows, snapshot.CountRows());
  EXPECT_EQ(std::to_string(rows), expected.Find("count_rows")->text());
  const auto& fragments = expected.Find("fragments")->items();
  ASSERT_EQ(snapshot.manifest().fragments.size(), fragments.size());
  for (size_t i = 0; i < fragments.size(); ++i) {
    SCOPED_TRACE(i);
    ExpectFragment(snapshot, snapshot.manifest().fragments[i], fragments[i]);
  }
}

class WrittenByPylance : public testing::TestWithParam<const char*> {};

TEST_P(WrittenByPylance, ReadsEveryRecordedVersion) {
  for (const auto& [name, expected] : Expected(GetParam()).members()) {
    if (expected.Find("fragments") == nullptr) continue;
    SCOPED_TRACE(name);
    auto snapshot = Open(GetParam(), {.number = std::stoull(expected.Find("version")->text())});
    ASSERT_NE(snapshot, nullptr);
    ExpectTable(*snapshot, expected);
  }
}

TEST_P(WrittenByPylance, ListsVersionsAsItDoes) {
  auto snapshot = Open(GetParam());
  ASSERT_NE(snapshot, nullptr);
  const JsonValue& newest = Expected(GetParam()).members().front().second;
  ASSERT_OK_AND_ASSIGN(auto versions, ListVersions(*snapshot));
  if (Expected(GetParam()).members().size() == 1) ExpectVersions(versions, *newest.Find("versions"));
  ASSERT_OK_AND_ASSIGN(uint64_t latest, LatestVersion(*snapshot));
  EXPECT_EQ(latest, versions.back().version);
  EXPECT_EQ(snapshot->manifest().version, latest);
}

TEST(Table, ListsTagsAndBranchesFromEveryLine) {
  const JsonValue& expected = Expected("refs");
  for (const VersionSelector& selector : {VersionSelector{}, VersionSelector{.branch = "feat/x.1"}}) {
    auto snapshot = Open("refs", selector);
    ASSERT_NE(snapshot, nullptr);
    ASSERT_OK_AND_ASSIGN(auto tags, ListTags(*snapshot));
    ASSERT_EQ(tags.size(), expected.Find("tags")->members().size());
    for (const auto& [name, tag] : expected.Find("tags")->members()) {
      ASSERT_EQ(tags.count(name), 1u) << name;
      EXPECT_EQ(tags[name].version, tag.Find("version")->AsUint64());
      EXPECT_EQ(tags[name].branch.value_or(""), tag.Find("branch")->text());
      EXPECT_EQ(tags[name].manifest_size, tag.Find("manifest_size")->AsUint64());
    }
    ASSERT_OK_AND_ASSIGN(auto branches, ListBranches(*snapshot));
    ASSERT_EQ(branches.size(), expected.Find("branches")->members().size());
    for (const auto& [name, branch] : expected.Find("branches")->members()) {
      ASSERT_EQ(branches.count(name), 1u) << name;
      EXPECT_EQ(branches[name].parent_branch.value_or(""), branch.Find("parent_branch")->text());
      EXPECT_EQ(branches[name].parent_version, branch.Find("parent_version")->AsUint64());
      EXPECT_EQ(branches[name].created_at.time_since_epoch().count(), branch.Find("create_at")->AsUint64());
      EXPECT_EQ(branches[name].manifest_size, branch.Find("manifest_size")->AsUint64());
    }
  }
}

TEST(Table, ChecksOutTagsBranchesAndTimes) {
  auto latest = Open("refs");
  ASSERT_NE(latest, nullptr);
  const auto version_of = [](const auto& snapshot) { return snapshot->manifest().version; };
  ASSERT_OK_AND_ASSIGN(auto first, Checkout(*latest, {.tag = "v1-first"}));
  EXPECT_EQ(version_of(first), 1u);
  ASSERT_OK_AND_ASSIGN(auto tagged, Checkout(*first, {.tag = "on-branch"}));
  EXPECT_EQ(tagged->manifest().branch, "feat/x.1");
  EXPECT_EQ(version_of(tagged), 2u);
  // A number alone stays on the branch.
  ASSERT_OK_AND_ASSIGN(auto on_branch, Checkout(*tagged, {.number = 1}));
  EXPECT_EQ(on_branch->manifest().branch, "feat/x.1");
  ASSERT_OK_AND_ASSIGN(auto main, Checkout(*tagged, {.branch = "main"}));
  EXPECT_EQ(main->manifest().branch, std::nullopt);
  EXPECT_EQ(version_of(main), 2u);
  ASSERT_OK_AND_ASSIGN(auto versions, ListVersions(*tagged));
  ExpectVersions(versions, *Expected("refs").Find("branch_versions"));

  ASSERT_OK_AND_ASSIGN(auto main_versions, ListVersions(*main));
  ASSERT_OK_AND_ASSIGN(auto before, Checkout(*main, {.as_of = main_versions[1].timestamp}));
  EXPECT_EQ(version_of(before), 1u);
  ASSERT_OK_AND_ASSIGN(auto after,
                       Checkout(*main, {.as_of = main_versions[1].timestamp + std::chrono::nanoseconds(1)}));
  EXPECT_EQ(version_of(after), 2u);
  EXPECT_ERROR(ErrorKind::kInvalidArgument, "earlier than the first version",
               Checkout(*main, {.as_of = main_versions[0].timestamp}).status());
}

TEST(Table, OpensABranchByItsPath) {
  auto branch = Open("refs", {.branch = "feat/x.1"});
  ASSERT_NE(branch, nullptr);
  auto opened = OpenTable(branch->uri(), {.version = {}, .storage_options = {}, .session = MakeSession()});
  ASSERT_TRUE(opened.ok()) << opened.status().ToString();
  EXPECT_EQ((*opened)->manifest().branch, "feat/x.1");
  ASSERT_OK_AND_ASSIGN(auto tags, ListTags(**opened));
  EXPECT_EQ(tags.size(), 3u);
  ASSERT_OK_AND_ASSIGN(auto main, Checkout(**opened, {.number = 1, .branch = "main"}));
  EXPECT_EQ(main->manifest().branch, std::nullopt);
}

TEST(Table, SaysWhatDoesNotExist) {
  auto snapshot = Open("refs");
  ASSERT_NE(snapshot, nullptr);
  EXPECT_ERROR(ErrorKind::kNotFound, "no version 77", Checkout(*snapshot, {.number = 77}).status());
  EXPECT_ERROR(ErrorKind::kNotFound, "tag nope does not exist",
               Checkout(*snapshot, {.tag = "nope"}).status());
  EXPECT_ERROR(ErrorKind::kNotFound, "nope", Checkout(*snapshot, {.branch = "nope"}).status());
  EXPECT_ERROR(ErrorKind::kInvalidArgument, "..", Checkout(*snapshot, {.branch = "../../secret"}).status());
  EXPECT_ERROR(
      ErrorKind::kNotFound, "was not found",
      OpenTable(Folder() + "none.lance", {.version = {}, .storage_options = {}, .session = MakeSession()})
          .status());
}

TEST(Table, ReadsConfigurationMetadataAndTransaction) {
  auto snapshot = Open("config");
  ASSERT_NE(snapshot, nullptr);
  const JsonValue& expected = Expected("config");
  const auto strings = [&](const char* name) {
    std::map<std::string, std::string> out;
    for (const auto& [key, value] : expected.Find(name)->members()) out[key] = value.text();
    return out;
  };
  EXPECT_EQ(snapshot->manifest().config, strings("config"));
  EXPECT_EQ(snapshot->manifest().table_metadata, strings("metadata"));
  EXPECT_EQ(snapshot->manifest().schema.metadata.at("origin"), "test");
  EXPECT_EQ(snapshot->manifest().schema.fields[0].metadata.at("unit"), "m");
  ASSERT_OK_AND_ASSIGN(auto transaction, ReadTransaction(*snapshot));
  ASSERT_TRUE(transaction.has_value());
  EXPECT_EQ(transaction->operation, "UpdateConfig");
  EXPECT_EQ(transaction->read_version, 2u);
}

INSTANTIATE_TEST_SUITE_P(Tables, WrittenByPylance,
                         testing::Values("deletes", "bitmap_deletes", "stable_ids", "refs", "config",
                                         "legacy", "storage_2_0"));

}  // namespace
}  // namespace lance::table
