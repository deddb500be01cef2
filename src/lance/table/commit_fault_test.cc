// A sequence of commits on a store that fails at its n-th request, for every n and every way to fail: no
// acknowledged version is lost, none is half there, and what failed for certain is not there.
#include <gtest/gtest.h>

#include <set>

#include "lance/store/fault_store.h"
#include "lance/table/commit.h"
#include "lance/table/deletion.h"
#include "lance/table/table.h"
#include "lance/table/testing/open_on.h"
#include "lance/table/write_deletions.h"

namespace lance::table {
namespace {

using namespace testing;  // NOLINT
using store::Fault;

// What the writer was told about each of its commits, by the name of a data file or the key of a config
// entry.
struct Outcomes {
  std::set<std::string> acknowledged;
  std::set<std::string> failed;  // for certain
};

class Writer {
 public:
  Writer(std::shared_ptr<store::ObjectStore> store, std::string uri)
      : store_(std::move(store)), uri_(std::move(uri)) {}

  void Run() {
    for (int i = 0; i < 3; ++i) {
      Try(fmt::format("a{}", i), [&](const Snapshot& read) {
        return Commit(read, RequestOf(operation::Append{{MakeFragment(10, fmt::format("a{}", i))}}),
                      options_);
      });
      Try(fmt::format("d{}", i), [&](const Snapshot& read) -> Result<std::shared_ptr<const Snapshot>> {
        const std::vector<uint32_t> rows = {static_cast<uint32_t>(i)};
        const auto unsynced = std::make_shared<store::Unsynced>();
        ARROW_ASSIGN_OR_RAISE(auto left, DeleteRows(read, read.manifest().fragments[0], rows,
                                                    store::Durability::kSync, unsynced.get()));
        operation::Delete removal;
        removal.updated_fragments = {*left};
        CommitRequest request = RequestOf(removal);
        request.properties["name"] = fmt::format("d{}", i);
        request.affected_rows[0] = rows;
        request.unsynced = unsynced;
        return Commit(read, request, options_);
      });
    }
  }
  const Outcomes& outcomes() const { return outcomes_; }

 private:
  template <typename Act>
  void Try(const std::string& name, Act act) {
    if (snapshot_ == nullptr) snapshot_ = OpenOn(store_, uri_).ValueOr(nullptr);
    if (snapshot_ == nullptr) {
      outcomes_.failed.insert(name);
      return;
    }
    auto done = act(*snapshot_);
    if (done.ok()) {
      outcomes_.acknowledged.insert(name);
      snapshot_ = *done;
    } else {
      if (!Is(done.status(), ErrorKind::kCommitStateUnknown)) outcomes_.failed.insert(name);
      snapshot_ = nullptr;  // go on from what is there
    }
  }

  const std::shared_ptr<store::ObjectStore> store_;
  const std::string uri_;
  const CommitOptions options_;
  std::shared_ptr<const Snapshot> snapshot_;
  Outcomes outcomes_;
};

// The commits that the table's versions hold. Every version must be whole.
std::set<std::string> CommitsIn(const std::shared_ptr<store::ObjectStore>& store, const std::string& uri) {
  std::set<std::string> out;
  auto last = OpenOn(store, uri).ValueOrDie();
  const auto versions = ListVersionNumbers(*last).ValueOrDie();
  for (size_t i = 0; i < versions.size(); ++i) EXPECT_EQ(versions[i], i + 1);
  for (const uint64_t version : versions) {
    auto snapshot = Checkout(*last, {.number = version, .tag = {}, .branch = {}, .as_of = {}}).ValueOrDie();
    for (const Fragment& fragment : snapshot->manifest().fragments) {
      EXPECT_TRUE(snapshot->Deletions(fragment).ok());
    }
    auto transaction = ReadTransaction(*snapshot).ValueOrDie();
    EXPECT_TRUE(transaction.has_value());
    if (!transaction) continue;
    if (transaction->properties.contains("name")) out.insert(transaction->properties.at("name"));
    if (const auto* append = std::get_if<operation::Append>(&transaction->change)) {
      EXPECT_TRUE(out.insert(append->fragments[0].files[0].path).second);
    }
  }
  // And the newest holds the rows of all of them.
  std::set<std::string> files;
  for (const Fragment& fragment : last->manifest().fragments) files.insert(fragment.files[0].path);
  auto deletions = last->Deletions(last->manifest().fragments[0]).ValueOrDie();
  for (const std::string& name : out) {
    if (name[0] == 'a') {
      EXPECT_TRUE(files.contains(name)) << name;
    }
    if (name[0] == 'd') {
      EXPECT_TRUE(deletions != nullptr && deletions->Contains(name[1] - '0')) << name;
    }
  }
  return out;
}

// Returns whether request `n` was reached.
bool RunWithFaultAt(uint64_t n, Fault fault) {
  const std::string uri = FreshUri();
  auto first = MakeTable(uri, 1).ValueOrDie();
  std::shared_ptr<store::ObjectStore> inner = first->object_store();
  bool reached = false;
  std::string where;
  auto faulty = store::MakeFaultStore(inner, [&](uint64_t number, const char* name, const std::string& key) {
    if (number != n) return Fault::kNone;
    reached = true;
    where = fmt::format("{} {}", name, key);
    return fault;
  });
  Writer writer(faulty, uri);
  writer.Run();
  SCOPED_TRACE(fmt::format("request {}: {}, fault {}", n, where, static_cast<int>(fault)));
  const std::set<std::string> found = CommitsIn(inner, uri);
  for (const std::string& name : writer.outcomes().acknowledged) EXPECT_TRUE(found.contains(name)) << name;
  for (const std::string& name : writer.outcomes().failed) EXPECT_FALSE(found.contains(name)) << name;
  for (const auto& object : inner->List("", true).ValueOrDie()) EXPECT_TRUE(inner->Delete(object.path).ok());
  return reached;
}

class CommitFaults : public ::testing::TestWithParam<Fault> {};

TEST_P(CommitFaults, LoseNoAcknowledgedVersion) {
  uint64_t n = 0;
  while (RunWithFaultAt(n, GetParam()) && !HasFailure()) ++n;
  EXPECT_GT(n, 20u);  // all requests of six commits
}

INSTANTIATE_TEST_SUITE_P(All, CommitFaults,
                         ::testing::Values(Fault::kFail, Fault::kFailAfter, Fault::kUnknownBefore,
                                           Fault::kUnknownAfter, Fault::kTruncate, Fault::kDelay,
                                           Fault::kCrash));

}  // namespace
}  // namespace lance::table
