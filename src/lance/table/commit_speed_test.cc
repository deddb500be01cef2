// How many appends a second can be committed, one after the other: a manifest (durable: fsync of file and
// folder), a transaction file and a version hint each. Not part of the ordinary run:
//
//     table_test --gtest_also_run_disabled_tests --gtest_filter='*CommitSpeed*'
#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <filesystem>

#include "lance/table/testing/commit_testing.h"

namespace lance::table {
namespace {

using namespace testing;  // NOLINT

void Measure(const std::string& uri, store::Durability durability, int fragments) {
  ASSERT_OK_AND_ASSIGN(auto table, MakeTable(uri, fragments));
  CommitOptions options;
  options.durability = durability;
  constexpr int kCommits = 1000;
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < kCommits; ++i) {
    ASSERT_OK_AND_ASSIGN(table, Commit(*table, RequestOf(AppendOf(1)), options));
  }
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  std::printf("%s, %s, from %d fragments: %.0f commits/s\n", uri.substr(0, 9).c_str(),
              durability == store::Durability::kSync ? "durable" : "buffered", fragments,
              kCommits / elapsed.count());
}

TEST(CommitSpeed, DISABLED_AppendsPerSecond) {
  for (const int fragments : {0, 1000}) {
    Measure(FreshUri(), store::Durability::kBuffered, fragments);
    for (const auto durability : {store::Durability::kBuffered, store::Durability::kSync}) {
      const std::string folder = ::testing::TempDir() + "lance-speed-" + MakeUuid();
      Measure(folder, durability, fragments);
      std::filesystem::remove_all(folder);
    }
  }
}

}  // namespace
}  // namespace lance::table
