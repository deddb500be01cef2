// How far a stream reads ahead: the bounds hold, and they are what stops it.
#include "lance/scan/exec/parallel_stream.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <thread>

#include <arrow/api.h>

#include "lance/runtime/session.h"
#include "lance/runtime/thread_pool.h"
#include "lance/scan/exec/run_state.h"
#include "lance/table/table.h"

namespace lance::scan {
namespace {

using std::chrono_literals::operator""ms;

constexpr uint64_t kUnitRows = 50;
constexpr uint64_t kUnitBytes = kUnitRows * sizeof(int64_t);

// Gives as many numbers as the unit has rows.
class Numbers : public UnitStage {
 public:
  Result<std::shared_ptr<arrow::RecordBatch>> Run(const Unit& unit) const override {
    const auto rows = static_cast<int64_t>(CountRows(unit.rows));
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> buffer, arrow::AllocateBuffer(rows * 8));
    auto array = std::make_shared<arrow::Int64Array>(rows, std::move(buffer));
    return arrow::RecordBatch::Make(arrow::schema({arrow::field("n", arrow::int64())}), rows, {array});
  }
};

class ReadAhead : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* root = std::getenv("LANCE_TESTDATA");
    const std::string uri =
        std::string(root == nullptr ? "testdata" : root) + "/pylance-14.0.2/scan/basic.lance";
    session_ = std::make_shared<runtime::Session>(1 << 20, 1 << 20, 3);
    auto snapshot = table::OpenTable(uri, {.version = {}, .storage_options = {}, .session = session_});
    ASSERT_TRUE(snapshot.ok()) << snapshot.status();
    snapshot_ = *snapshot;
    peaks_ = std::make_shared<ReadAheadPeaks>();
    options_.pool = session_->thread_pool();
    options_.workers = 3;
    options_.units_ahead = 64;
    options_.unit_bytes = kUnitBytes;
    options_.peaks = peaks_;
  }

  std::unique_ptr<BatchStream> Start() {
    auto context = std::make_shared<ReadContext>();
    context->snapshot = snapshot_;
    std::vector<const table::Fragment*> fragments;
    for (const table::Fragment& fragment : snapshot_->manifest().fragments) fragments.push_back(&fragment);
    UnitOptions units;
    units.unit_rows = kUnitRows;
    return MakeParallelStream(UnitPlanner(context, fragments, units), std::make_shared<Numbers>(), options_);
  }

  // Takes one batch, waits until as many units as `expected` are ahead, gives the others time to overtake.
  void ExpectUnitsAhead(BatchStream* stream, uint64_t expected) {
    ASSERT_TRUE(stream->Next().ok());
    for (int i = 0; i < 500 && peaks_->units < expected; ++i) std::this_thread::sleep_for(10ms);
    std::this_thread::sleep_for(30ms);
    EXPECT_EQ(peaks_->units, expected);
  }

  static int64_t Drain(BatchStream* stream) {
    int64_t rows = 0;
    while (true) {
      auto batch = stream->Next();
      EXPECT_TRUE(batch.ok()) << batch.status();
      if (!batch.ok() || *batch == nullptr) return rows;
      rows += (*batch)->num_rows();
    }
  }

  std::shared_ptr<runtime::Session> session_;
  std::shared_ptr<const table::Snapshot> snapshot_;
  std::shared_ptr<ReadAheadPeaks> peaks_;
  ParallelOptions options_;
};

TEST_F(ReadAhead, StopsAtTheBoundOnUnits) {
  options_.units_ahead = 5;
  auto stream = Start();
  ExpectUnitsAhead(stream.get(), 5);
  Drain(stream.get());
  EXPECT_EQ(peaks_->units, 5u);
}

TEST_F(ReadAhead, StopsAtTheBoundOnBytes) {
  options_.bytes_ahead = 7 * kUnitBytes;
  auto stream = Start();
  ExpectUnitsAhead(stream.get(), 7);
  Drain(stream.get());
  EXPECT_EQ(peaks_->units, 7u);
  EXPECT_LE(peaks_->bytes, 7 * kUnitBytes);
}

TEST_F(ReadAhead, ReadsOneUnitHoweverSmallTheBoundOnBytes) {
  options_.bytes_ahead = 1;
  auto stream = Start();
  EXPECT_EQ(Drain(stream.get()), 2970);
  EXPECT_EQ(peaks_->units, 1u);
}

TEST_F(ReadAhead, StopsAtTheBoundOnFragments) {
  options_.fragments_ahead = 1;
  auto stream = Start();
  ASSERT_TRUE(stream->Next().ok());
  EXPECT_EQ(Drain(stream.get()), 2970 - static_cast<int64_t>(kUnitRows));
  EXPECT_EQ(peaks_->fragments, 1u);
}

TEST_F(ReadAhead, CrossesFragmentsWithoutABound) {
  auto stream = Start();
  ASSERT_TRUE(stream->Next().ok());
  // All of 3 fragments of 20 units each, but for the one that was taken.
  for (int i = 0; i < 500 && peaks_->units < 59; ++i) std::this_thread::sleep_for(10ms);
  EXPECT_GE(peaks_->units, 59u);
  EXPECT_EQ(peaks_->fragments, 3u);
}

TEST_F(ReadAhead, HoldsItsBoundsOutOfOrder) {
  options_.ordered = false;
  options_.units_ahead = 9;
  options_.fragments_ahead = 2;
  auto stream = Start();
  EXPECT_EQ(Drain(stream.get()), 2970);
  EXPECT_LE(peaks_->units, 9u);
  EXPECT_LE(peaks_->fragments, 2u);
}

}  // namespace
}  // namespace lance::scan
