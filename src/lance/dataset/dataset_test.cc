#include "lance/dataset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <numeric>
#include <thread>

#include <arrow/api.h>

#include "lance/dataset/testing/rows.h"

namespace lance {
namespace {

using dataset_testing::Columns;
using dataset_testing::LiveRows;
using dataset_testing::OpenFixture;
using dataset_testing::Values;

class Fixture : public ::testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    SessionOptions options;
    options.num_threads = GetParam();
    session_ = Session::Make(options);
    dataset_ = OpenFixture("basic", session_);
    ASSERT_NE(dataset_, nullptr);
  }

  std::shared_ptr<arrow::Table> Read(const ScanOptions& options) {
    auto scanner = dataset_->Scan(options);
    EXPECT_TRUE(scanner.ok()) << scanner.status();
    if (!scanner.ok()) return nullptr;
    auto table = (*scanner)->ToTable();
    EXPECT_TRUE(table.ok()) << table.status();
    if (table.ok()) {
      EXPECT_TRUE((*table)->ValidateFull().ok());
    }
    return table.ValueOr(nullptr);
  }

  std::shared_ptr<Session> session_;
  std::shared_ptr<Dataset> dataset_;
};

INSTANTIATE_TEST_SUITE_P(Threads, Fixture, ::testing::Values(0, 1, 3));

TEST_P(Fixture, CountsLiveRowsFromMetadata) {
  EXPECT_EQ(dataset_->CountRows().ValueOrDie(), 2970);
  EXPECT_EQ(dataset_->FragmentIds(), (std::vector<uint64_t>{0, 1, 2}));
}

TEST_P(Fixture, ScansAllColumnsInOrder) {
  auto table = Read({});
  ASSERT_NE(table, nullptr);
  EXPECT_EQ(table->schema()->field_names(), (std::vector<std::string>{"i", "s", "f", "n", "v", "added"}));
  const std::vector<int64_t> rows = LiveRows();
  ASSERT_EQ(table->num_rows(), static_cast<int64_t>(rows.size()));
  EXPECT_EQ(Values<arrow::Int64Type>(*table, "i"), rows);
  std::vector<int64_t> tenfold;
  for (int64_t row : rows) tenfold.push_back(row * 10);
  EXPECT_EQ(Values<arrow::Int64Type>(*table, "added"), tenfold);
  auto combined = table->CombineChunksToBatch().ValueOrDie();
  const auto& strings = static_cast<const arrow::StringArray&>(*combined->GetColumnByName("s"));
  const auto& nested = static_cast<const arrow::StructArray&>(*combined->GetColumnByName("n"));
  const auto& vectors = static_cast<const arrow::FixedSizeListArray&>(*combined->GetColumnByName("v"));
  const auto& floats = static_cast<const arrow::FloatArray&>(*vectors.values());
  for (size_t k = 0; k < rows.size(); ++k) {
    const int64_t row = rows[k];
    const auto at = static_cast<int64_t>(k);
    ASSERT_EQ(strings.IsNull(at), row % 11 == 3) << row;
    if (row % 11 != 3) {
      ASSERT_EQ(strings.GetView(at), "s" + std::to_string(row % 100));
    }
    ASSERT_EQ(nested.IsNull(at), row % 13 == 5) << row;
    if (row % 13 != 5) {
      ASSERT_EQ(static_cast<const arrow::Int64Array&>(*nested.field(0)).Value(at), row);
    }
    ASSERT_EQ(floats.Value(vectors.value_offset(at)), static_cast<float>(row % 17));
  }
}

TEST_P(Fixture, ProjectsPathsByName) {
  ScanOptions options;
  options.columns = Columns({"n.b.c", "added", "n.a"});
  auto table = Read(options);
  ASSERT_NE(table, nullptr);
  EXPECT_EQ(table->schema()->field_names(), (std::vector<std::string>{"n.b.c", "added", "n.a"}));
  const std::vector<int64_t> rows = LiveRows();
  auto chunk =
      std::static_pointer_cast<arrow::StringArray>(table->CombineChunksToBatch().ValueOrDie()->column(0));
  for (size_t k = 0; k < rows.size(); ++k) {
    const auto at = static_cast<int64_t>(k);
    ASSERT_EQ(chunk->IsNull(at), rows[k] % 13 == 5);
    if (!chunk->IsNull(at)) {
      ASSERT_EQ(chunk->GetString(at), std::to_string(rows[k]));
    }
  }
}

TEST_P(Fixture, MakesRowIdsAddressesAndOffsets) {
  ScanOptions options;
  options.columns = Columns({"i", "_rowoffset", "_row_created_at_version"});
  options.with_row_id = true;
  options.with_row_address = true;
  auto table = Read(options);
  ASSERT_NE(table, nullptr);
  EXPECT_EQ(table->schema()->field_names(),
            (std::vector<std::string>{"i", "_rowoffset", "_row_created_at_version", "_rowid", "_rowaddr"}));
  const auto rows = Values<arrow::Int64Type>(*table, "i");
  const auto offsets = Values<arrow::UInt64Type>(*table, "_rowoffset");
  const auto addresses = Values<arrow::UInt64Type>(*table, "_rowaddr");
  for (size_t k = 0; k < rows.size(); ++k) {
    ASSERT_EQ(offsets[k], k);
    ASSERT_EQ(addresses[k],
              (static_cast<uint64_t>(rows[k] / 1000) << 32) + static_cast<uint64_t>(rows[k] % 1000));
  }
  EXPECT_EQ(Values<arrow::UInt64Type>(*table, "_rowid"), addresses);
}

TEST_P(Fixture, LimitAndOffsetCutAcrossFragmentsAndDeletions) {
  const std::vector<int64_t> rows = LiveRows();
  for (auto [offset, limit] : std::vector<std::pair<int64_t, int64_t>>{
           {0, 5}, {3, 10}, {988, 5}, {985, 1000}, {2960, 100}, {5000, 5}, {0, 0}, {1, 2969}}) {
    ScanOptions options;
    options.columns = Columns({"i"});
    options.offset = offset;
    options.limit = limit;
    auto table = Read(options);
    ASSERT_NE(table, nullptr);
    std::vector<int64_t> expected;
    for (int64_t k = offset; k < std::min<int64_t>(offset + limit, static_cast<int64_t>(rows.size())); ++k) {
      expected.push_back(rows[static_cast<size_t>(k)]);
    }
    EXPECT_EQ(Values<arrow::Int64Type>(*table, "i"), expected) << offset << " " << limit;
  }
}

TEST_P(Fixture, BatchesEndWhereFragmentsEndUnlessStrict) {
  ScanOptions options;
  options.columns = Columns({"i"});
  options.batch_rows = 400;
  auto lengths = [&] {
    std::vector<int64_t> out;
    auto reader = dataset_->Scan(options).ValueOrDie()->ToReader().ValueOrDie();
    for (const auto& batch : *reader) out.push_back((*batch)->num_rows());
    return out;
  };
  EXPECT_EQ(lengths(), (std::vector<int64_t>{400, 400, 190, 400, 400, 190, 400, 400, 190}));
  options.strict_batch_size = true;
  EXPECT_EQ(lengths(), (std::vector<int64_t>{400, 400, 400, 400, 400, 400, 400, 170}));
}

TEST_P(Fixture, IncludesDeletedRowsWithNullRowId) {
  ScanOptions options;
  options.columns = Columns({"i"});
  options.include_deleted_rows = true;
  EXPECT_EQ(KindOf(dataset_->Scan(options).status()), ErrorKind::kInvalidArgument);
  options.with_row_id = true;
  auto table = Read(options);
  ASSERT_NE(table, nullptr);
  ASSERT_EQ(table->num_rows(), 3000);
  auto ids = table->CombineChunksToBatch().ValueOrDie()->GetColumnByName("_rowid");
  for (int64_t row = 0; row < 3000; ++row) ASSERT_EQ(ids->IsNull(row), row % 100 == 7);
}

TEST_P(Fixture, TakesByPositionKeepingOrderAndDuplicates) {
  const std::vector<int64_t> rows = LiveRows();
  ScanOptions projection;
  projection.columns = Columns({"added", "n.a", "i"});
  const std::vector<int64_t> positions = {2969, 0, 5, 5, 1500, 990, 989};
  auto table = dataset_->Take(positions, projection).ValueOrDie();
  EXPECT_EQ(table->schema()->field_names(), (std::vector<std::string>{"added", "n", "i"}));
  std::vector<int64_t> expected;
  for (int64_t position : positions) expected.push_back(rows[static_cast<size_t>(position)]);
  EXPECT_EQ(Values<arrow::Int64Type>(*table, "i"), expected);
  auto failed = dataset_->Take(std::vector<int64_t>{2970}, projection);
  EXPECT_EQ(KindOf(failed.status()), ErrorKind::kInvalidArgument);
  EXPECT_THAT(failed.status().message(), ::testing::HasSubstr("non-existent fragment"));
  EXPECT_EQ(dataset_->Take(std::vector<int64_t>{}, projection).ValueOrDie()->num_rows(), 0);
}

TEST_P(Fixture, TakesByRowIdLeavingOutDeletedRows) {
  ScanOptions projection;
  projection.columns = Columns({"i"});
  const std::vector<uint64_t> ids = {(1ull << 32) + 8, 7, 8, 8};
  auto table = dataset_->TakeRowIds(ids, projection).ValueOrDie();
  EXPECT_EQ(Values<arrow::Int64Type>(*table, "i"), (std::vector<int64_t>{1008, 8, 8}));
  for (uint64_t absent : {uint64_t{5000}, uint64_t{9} << 32}) {
    EXPECT_EQ(KindOf(dataset_->TakeRowIds(std::vector<uint64_t>{8, absent}, projection).status()),
              ErrorKind::kInvalidArgument);
  }
}

TEST_P(Fixture, SamplesWithoutReplacementAndBySeed) {
  ScanOptions projection;
  projection.columns = Columns({"i"});
  auto first = Values<arrow::Int64Type>(*dataset_->Sample(500, 42, projection).ValueOrDie(), "i");
  EXPECT_EQ(first, Values<arrow::Int64Type>(*dataset_->Sample(500, 42, projection).ValueOrDie(), "i"));
  std::sort(first.begin(), first.end());
  EXPECT_EQ(std::unique(first.begin(), first.end()), first.end());
  EXPECT_EQ(KindOf(dataset_->Sample(2971, 1, projection).status()), ErrorKind::kInvalidArgument);
}

TEST_P(Fixture, OrdersByKeysWithNullsAndLimit) {
  ScanOptions options;
  options.columns = Columns({"i", "s"});
  options.order_by = {{"s", true, true}, {"i", false, false}};
  auto table = Read(options);
  ASSERT_NE(table, nullptr);
  std::vector<int64_t> expected = LiveRows();
  std::stable_sort(expected.begin(), expected.end(), [](int64_t a, int64_t b) {
    const bool null_a = a % 11 == 3, null_b = b % 11 == 3;
    if (null_a != null_b) return null_a;
    const std::string key_a = "s" + std::to_string(a % 100), key_b = "s" + std::to_string(b % 100);
    if (!null_a && key_a != key_b) return key_a < key_b;
    return a > b;
  });
  EXPECT_EQ(Values<arrow::Int64Type>(*table, "i"), expected);
  options.limit = 20;
  options.offset = 290;
  table = Read(options);
  ASSERT_NE(table, nullptr);
  EXPECT_EQ(Values<arrow::Int64Type>(*table, "i"),
            std::vector<int64_t>(expected.begin() + 290, expected.begin() + 310));
}

TEST_P(Fixture, FindsNearestVectorsInOrderOfDistanceThenRow) {
  ScanOptions options;
  options.columns = Columns({"i", "n.a"});
  options.nearest.emplace();
  options.nearest->column = "v";
  options.nearest->k = 7;
  arrow::FloatBuilder query;
  ASSERT_TRUE(query.AppendValues({3.f, 2.f, 1.f, 0.f}).ok());
  options.nearest->query = query.Finish().ValueOrDie();
  auto table = Read(options);
  ASSERT_NE(table, nullptr);
  EXPECT_EQ(table->schema()->field_names(), (std::vector<std::string>{"i", "n.a", "_distance"}));
  std::vector<std::pair<float, int64_t>> all;
  for (int64_t row : LiveRows()) {
    const float a = static_cast<float>(row % 17) - 3, b = static_cast<float>(row % 5) - 2,
                c = static_cast<float>(row % 3);
    all.emplace_back(a * a + b * b + c * c, row);
  }
  std::sort(all.begin(), all.end());
  std::vector<int64_t> expected;
  for (size_t k = 0; k < 7; ++k) expected.push_back(all[k].second);
  EXPECT_EQ(Values<arrow::Int64Type>(*table, "i"), expected);
}

TEST_P(Fixture, SearchesManyQueriesInOnePass) {
  ScanOptions options;
  options.columns = Columns({"i"});
  options.nearest.emplace();
  options.nearest->column = "v";
  options.nearest->k = 3;
  auto values = std::make_shared<arrow::FloatBuilder>();
  ASSERT_TRUE(values->AppendValues({3.f, 2.f, 1.f, 0.f, 0.f, 0.f, 1.f, 0.f}).ok());
  options.nearest->query =
      arrow::FixedSizeListArray::FromArrays(values->Finish().ValueOrDie(), 4).ValueOrDie();
  auto table = Read(options);
  ASSERT_NE(table, nullptr);
  EXPECT_EQ(table->schema()->field_names(), (std::vector<std::string>{"query_index", "i", "_distance"}));
  EXPECT_EQ(Values<arrow::Int32Type>(*table, "query_index"), (std::vector<int32_t>{0, 0, 0, 1, 1, 1}));
  EXPECT_EQ(Values<arrow::FloatType>(*table, "_distance"), (std::vector<float>(6, 0.f)));
}

TEST_P(Fixture, DroppingAReaderStopsTheScan) {
  ScanOptions options;
  options.batch_rows = 10;
  for (int round = 0; round < 20; ++round) {
    auto reader = dataset_->Scan(options).ValueOrDie()->ToReader().ValueOrDie();
    std::shared_ptr<arrow::RecordBatch> batch;
    for (int k = 0; k < round % 4; ++k) ASSERT_TRUE(reader->ReadNext(&batch).ok());
  }
}

TEST_P(Fixture, FiltersTheSameHoweverColumnsAreRead) {
  for (const char* filter :
       {"i % 10 = 0", "i >= 1500", "i % 2 = 0", "n.a < 50 AND s IS NOT NULL", "added = 20"}) {
    std::optional<std::vector<int64_t>> expected;
    for (LateMaterialization mode : {LateMaterialization::kAuto, LateMaterialization::kAll,
                                     LateMaterialization::kNone, LateMaterialization::kColumns}) {
      ScanOptions options;
      options.columns = Columns({"i", "s", "v", "n.b.d"});
      options.filter = filter;
      options.late_materialization = mode;
      options.late_columns = {"v"};
      auto table = Read(options);
      ASSERT_NE(table, nullptr);
      if (!expected.has_value()) expected = Values<arrow::Int64Type>(*table, "i");
      EXPECT_EQ(Values<arrow::Int64Type>(*table, "i"), *expected) << filter;
      EXPECT_FALSE(expected->empty());
    }
    EXPECT_EQ(dataset_->CountRows(filter).ValueOrDie(), static_cast<int64_t>(expected->size()));
    ScanOptions options;
    options.columns = Columns({"i"});
    options.filter = filter;
    options.limit = 3;
    options.offset = 1;
    auto window = Read(options);
    ASSERT_NE(window, nullptr);
    const size_t end = std::min<size_t>(4, expected->size());
    const std::vector<int64_t> some(expected->begin() + (expected->empty() ? 0 : 1), expected->begin() + end);
    EXPECT_EQ(Values<arrow::Int64Type>(*window, "i"), some) << filter;
  }
}

TEST_P(Fixture, ComputesColumns) {
  ScanOptions options;
  options.columns = std::vector<ScanOptions::Column>{{"x", "i * 2 + 1"}, {"same", "added"}};
  options.filter = "i < 5";
  auto table = Read(options);
  ASSERT_NE(table, nullptr);
  EXPECT_EQ(Values<arrow::Int64Type>(*table, "x"), (std::vector<int64_t>{1, 3, 5, 7, 9}));
  EXPECT_EQ(Values<arrow::Int64Type>(*table, "same"), (std::vector<int64_t>{0, 10, 20, 30, 40}));
}

TEST_P(Fixture, ReportsWhatAScanDid) {
  ScanOptions options;
  options.columns = Columns({"i"});
  options.filter = "i < 10";
  auto scanner = dataset_->Scan(options).ValueOrDie();
  ScanStatistics seen;
  scanner->OnFinished([&](const ScanStatistics& statistics) { seen = statistics; });
  ASSERT_TRUE(scanner->ToTable().ok());
  EXPECT_EQ(seen.rows, 9u);
  EXPECT_GT(seen.requests, 0u);
  EXPECT_GT(seen.bytes_read, 0u);
  EXPECT_THAT(scanner->AnalyzePlan().ValueOrDie(), ::testing::HasSubstr("output_rows=9"));
  EXPECT_THAT(scanner->ExplainPlan().ValueOrDie(), ::testing::HasSubstr("full_filter=i < Int64(10)"));
}

TEST_P(Fixture, ManyThreadsShareOneDataset) {
  ScanOptions options;
  options.batch_rows = 64;
  auto scanner = dataset_->Scan(options).ValueOrDie();
  ScanOptions projection;
  projection.columns = Columns({"i", "n.a"});
  std::vector<int64_t> many(2900);
  std::iota(many.begin(), many.end(), 0);
  std::atomic<int> failures{0};
  auto work = [&](int which) {
    for (int round = 0; round < 5; ++round) {
      auto reader = scanner->ToReader().ValueOrDie();
      std::shared_ptr<arrow::RecordBatch> batch;
      int64_t rows = 0;
      while (reader->ReadNext(&batch).ok() && batch != nullptr) {
        rows += batch->num_rows();
        if (which % 2 == 1 && rows > 500) break;  // some give up early
      }
      if (which % 2 == 0 && rows != 2970) ++failures;
      auto taken = dataset_->Take(many, projection);
      if (!taken.ok() || (*taken)->num_rows() != 2900) ++failures;
    }
  };
  std::vector<std::thread> threads;
  for (int which = 0; which < 4; ++which) threads.emplace_back(work, which);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failures.load(), 0);
}

TEST_P(Fixture, ReportsWrongCalls) {
  ScanOptions options;
  options.columns = Columns({"zz"});
  auto failed = dataset_->Scan(options);
  EXPECT_EQ(KindOf(failed.status()), ErrorKind::kInvalidArgument);
  EXPECT_THAT(failed.status().message(), ::testing::HasSubstr("No field named zz"));
  options = {};
  options.limit = -1;
  EXPECT_EQ(KindOf(dataset_->Scan(options).status()), ErrorKind::kInvalidArgument);
  options = {};
  options.columns = Columns({"i", "i"});
  EXPECT_THAT(dataset_->Scan(options).status().message(), ::testing::HasSubstr("Duplicate column name"));
  options = {};
  options.order_by = {{"zz"}};
  EXPECT_THAT(dataset_->Scan(options).status().message(), ::testing::HasSubstr("Column zz not found"));
  options = {};
  options.limit = 3;
  EXPECT_EQ(KindOf(dataset_->Scan(options).ValueOrDie()->CountRows().status()), ErrorKind::kInvalidArgument);
}

TEST_P(Fixture, AMemoryLimitRefusesInsteadOfGrowing) {
  ScanOptions options;
  options.memory_limit_bytes = 1000;
  EXPECT_EQ(KindOf(dataset_->Scan(options).ValueOrDie()->ToTable().status()), ErrorKind::kResourceExhausted);
}

TEST(DatasetOpen, SaysWhatWasNotFound) {
  auto missing = Dataset::Open("/nowhere/at/all.lance");
  EXPECT_EQ(KindOf(missing.status()), ErrorKind::kNotFound);
  EXPECT_THAT(missing.status().message(), ::testing::HasSubstr("was not found"));
  auto dataset = OpenFixture("basic", nullptr);
  ASSERT_NE(dataset, nullptr);
  VersionRef version;
  version.number = 77;
  EXPECT_EQ(KindOf(dataset->Checkout(version).status()), ErrorKind::kNotFound);
}

TEST(DatasetOpen, TravelsInTime) {
  auto dataset = OpenFixture("basic", nullptr);
  ASSERT_NE(dataset, nullptr);
  EXPECT_EQ(dataset->version(), 3u);
  EXPECT_EQ(dataset->Versions().ValueOrDie().size(), 3u);
  VersionRef version;
  version.number = 1;
  auto first = dataset->Checkout(version).ValueOrDie();
  EXPECT_EQ(first->CountRows().ValueOrDie(), 3000);
  EXPECT_EQ(first->schema()->num_fields(), 5);
}

TEST(StableRowIds, SurviveAnUpdate) {
  auto dataset = OpenFixture("stable", nullptr);
  ASSERT_NE(dataset, nullptr);
  ScanOptions options;
  options.columns = Columns({"i", "s"});
  options.with_row_id = true;
  auto table = dataset->Scan(options).ValueOrDie()->ToTable().ValueOrDie();
  ASSERT_EQ(table->num_rows(), 2970);
  const auto rows = Values<arrow::Int64Type>(*table, "i");
  const auto ids = Values<arrow::UInt64Type>(*table, "_rowid");
  for (size_t k = 0; k < rows.size(); ++k) ASSERT_EQ(ids[k], static_cast<uint64_t>(rows[k]));
  const std::vector<uint64_t> wanted = {2908, 5, 7, 108};
  auto taken = dataset->TakeRowIds(wanted, options).ValueOrDie();
  EXPECT_EQ(Values<arrow::Int64Type>(*taken, "i"), (std::vector<int64_t>{2908, 5, 108}));
}

}  // namespace
}  // namespace lance
