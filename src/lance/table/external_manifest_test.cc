#include "lance/table/external_manifest.h"

#include <gtest/gtest.h>

#include "lance/store/fault_store.h"
#include "lance/table/table.h"
#include "lance/table/testing/open_on.h"

namespace lance::table {
namespace {

using namespace testing;  // NOLINT

// A store without conditional writes, as the external store is made for.
struct Fixture {
  Fixture() {
    first = MakeTable(uri, 1).ValueOrDie();
    plain = first->object_store();
  }
  std::shared_ptr<store::ObjectStore> Through(std::shared_ptr<store::ObjectStore> inner) const {
    return MakeExternalCommitStore(std::move(inner), external, uri);
  }
  std::vector<std::string> Staging() const {
    std::vector<std::string> out;
    for (const std::string& name : plain->ListNames("_versions").ValueOrDie()) {
      if (name.find(".manifest-") != name.npos) out.push_back(name);
    }
    return out;
  }

  const std::string uri = FreshUri();
  std::shared_ptr<const Snapshot> first;
  std::shared_ptr<store::ObjectStore> plain;
  std::shared_ptr<ExternalManifestStore> external = MakeMemoryManifestStore();
};

TEST(ExternalManifests, CommitThroughTheExternalStore) {
  const Fixture table;
  const auto store = table.Through(table.plain);
  ASSERT_OK_AND_ASSIGN(auto read, OpenOn(store, table.uri));
  ASSERT_OK_AND_ASSIGN(auto a, Commit(*read, RequestOf(AppendOf(1))));
  ASSERT_OK_AND_ASSIGN(auto b, Commit(*read, RequestOf(AppendOf(1))));
  EXPECT_EQ(b->manifest().version, 3u);
  EXPECT_EQ(b->manifest().fragments.size(), 3u);
  ASSERT_OK_AND_ASSIGN(auto row, table.external->GetLatest(table.uri));
  EXPECT_EQ(row->version, 3u);
  EXPECT_EQ(row->path, ManifestKey(3, NamingScheme::kV2));
  EXPECT_TRUE(table.Staging().empty());
  // Version 1 was there before the external store and is in the way of another version 1.
  const uint8_t byte = 0;
  EXPECT_TRUE(
      Is(store->PutIfAbsent(ManifestKey(1, NamingScheme::kV2), {&byte, 1}), ErrorKind::kAlreadyExists));
}

// The writer dies at each of its requests in turn; who opens the table next sees all or nothing, finished.
TEST(ExternalManifests, ReadersFinishHalfDoneCommits) {
  bool reached = true, unfinished = false;
  for (uint64_t n = 0; reached; ++n) {
    const Fixture table;
    reached = false;
    auto dying = store::MakeFaultStore(table.plain, [&](uint64_t number, const char*, const std::string&) {
      if (number != n) return store::Fault::kNone;
      reached = true;
      return store::Fault::kCrash;
    });
    auto read = OpenOn(table.Through(dying), table.uri);
    bool acknowledged = false;
    if (read.ok()) acknowledged = Commit(**read, RequestOf(AppendOf(1))).ok();
    ASSERT_OK_AND_ASSIGN(auto row, table.external->GetLatest(table.uri));
    unfinished |= row && !row->path.ends_with(".manifest");
    ASSERT_OK_AND_ASSIGN(auto opened, OpenOn(table.Through(table.plain), table.uri));
    if (acknowledged) {
      EXPECT_EQ(opened->manifest().version, 2u);
    }
    EXPECT_EQ(opened->manifest().version, row ? 2u : 1u) << n;
    ASSERT_OK_AND_ASSIGN(row, table.external->GetLatest(table.uri));
    if (row) {
      EXPECT_TRUE(row->path.ends_with(".manifest"));
    }
    ASSERT_OK_AND_ASSIGN(auto next, Commit(*opened, RequestOf(AppendOf(1))));
    EXPECT_EQ(next->manifest().version, opened->manifest().version + 1);
  }
  EXPECT_TRUE(unfinished);
}

}  // namespace
}  // namespace lance::table
