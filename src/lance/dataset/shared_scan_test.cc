#include "lance/shared_scan.h"

#include <gtest/gtest.h>

#include <map>
#include <mutex>
#include <thread>

#include <arrow/api.h>

#include "lance/dataset/testing/rows.h"

namespace lance {
namespace {

using dataset_testing::Columns;
using dataset_testing::OpenFixture;

class Shared : public ::testing::Test {
 protected:
  void SetUp() override {
    SessionOptions options;
    options.num_threads = 0;
    dataset_ = OpenFixture("basic", Session::Make(options));
    ASSERT_NE(dataset_, nullptr);
  }

  std::unique_ptr<SharedScan> Start(const ScanOptions& options) {
    scanner_ = dataset_->Scan(options).ValueOrDie();
    return MakeSharedScan(*scanner_, 4).ValueOrDie();
  }

  // All pieces, taken by four threads, in the order of their indices.
  std::shared_ptr<arrow::Table> ReadTogether(SharedScan* scan) {
    std::mutex mutex;
    std::map<uint64_t, std::shared_ptr<arrow::RecordBatch>> pieces;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        while (true) {
          auto piece = scan->Next();
          ASSERT_TRUE(piece.ok()) << piece.status();
          if (!piece->has_value()) return;
          std::lock_guard lock(mutex);
          EXPECT_TRUE(pieces.emplace((*piece)->index, (*piece)->batch).second);
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
    for (auto& [index, batch] : pieces) batches.push_back(batch);
    return arrow::Table::FromRecordBatches(scanner_->schema(), batches).ValueOrDie();
  }

  std::shared_ptr<Dataset> dataset_;
  std::shared_ptr<Scanner> scanner_;
};

TEST_F(Shared, GivesTheRowsOfTheScan) {
  ScanOptions plain;
  plain.columns = Columns({"s", "i", "n"});
  plain.with_row_id = true;
  ScanOptions filtered = plain;
  filtered.filter = "i % 7 = 3";
  ScanOptions window = plain;
  window.limit = 1500;
  window.offset = 900;
  for (const ScanOptions& options : {plain, filtered, window}) {
    auto scan = Start(options);
    ASSERT_NE(scan, nullptr);
    auto together = ReadTogether(scan.get());
    auto expected = scanner_->ToTable().ValueOrDie();
    EXPECT_TRUE(together->CombineChunks().ValueOrDie()->Equals(*expected->CombineChunks().ValueOrDie()));
    EXPECT_FALSE(scan->Next().ValueOrDie().has_value());
  }
}

TEST_F(Shared, LeavesWhatNeedsAllRowsToTheReader) {
  ScanOptions ordered;
  ordered.order_by = {{"i", true, false}};
  ScanOptions limited;
  limited.filter = "i > 5";
  limited.limit = 3;
  ScanOptions nothing;
  nothing.filter = "false";
  for (const ScanOptions& options : {ordered, limited, nothing}) EXPECT_EQ(Start(options), nullptr);
}

TEST_F(Shared, EndsAfterAnError) {
  ScanOptions options;
  options.columns = std::vector<ScanOptions::Column>{{"x", "1 / (i - 2500)"}};
  auto scan = Start(options);
  ASSERT_NE(scan, nullptr);
  auto piece = scan->Next();
  while (piece.ok() && piece->has_value()) piece = scan->Next();
  EXPECT_FALSE(piece.ok());
  EXPECT_FALSE(scan->Next().ValueOrDie().has_value());
}

TEST_F(Shared, NeedsAThread) {
  auto scanner = dataset_->Scan({}).ValueOrDie();
  EXPECT_FALSE(MakeSharedScan(*scanner, 0).ok());
}

}  // namespace
}  // namespace lance
