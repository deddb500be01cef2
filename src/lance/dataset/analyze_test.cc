// What AnalyzePlan says of each node, against what the nodes must do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <arrow/api.h>

#include "lance/dataset.h"
#include "lance/dataset/testing/rows.h"

namespace lance {
namespace {

using dataset_testing::Columns;
using dataset_testing::OpenFixture;
using ::testing::HasSubstr;

class Analysis : public ::testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    SessionOptions options;
    options.num_threads = GetParam();
    dataset_ = OpenFixture("basic", Session::Make(options));
    ASSERT_NE(dataset_, nullptr);
  }

  // Lines of the plan, the result's node first.
  std::vector<std::string> Analyze(const ScanOptions& options) {
    auto scanner = dataset_->Scan(options);
    EXPECT_TRUE(scanner.ok()) << scanner.status();
    std::string text = scanner.ok() ? (*scanner)->AnalyzePlan().ValueOr("") : "";
    std::vector<std::string> lines;
    for (size_t at = 0, end = 0; (end = text.find('\n', at)) != std::string::npos; at = end + 1) {
      lines.push_back(text.substr(at, end - at));
    }
    return lines;
  }

  // The number after "key=" in the metrics of the first node whose line has `node`; -1 without one.
  static int64_t Metric(const std::vector<std::string>& lines, const std::string& node,
                        const std::string& key) {
    for (const std::string& line : lines) {
      if (line.find(node) == std::string::npos) continue;
      const size_t metrics = line.find("metrics=[");
      const size_t at = line.find(key + "=", metrics);
      if (at != std::string::npos) return std::stoll(line.substr(at + key.size() + 1));
    }
    return -1;
  }

  std::shared_ptr<Dataset> dataset_;
};

INSTANTIATE_TEST_SUITE_P(Threads, Analysis, ::testing::Values(0, 3));

TEST_P(Analysis, CountsRowsBehindALimit) {
  ScanOptions options;
  options.columns = std::vector<ScanOptions::Column>{{"twice", "i * 2"}};
  options.filter = "i >= 10";
  options.limit = 5;
  auto lines = Analyze(options);
  EXPECT_EQ(Metric(lines, "ProjectionExec", "output_rows"), 5);
  EXPECT_EQ(Metric(lines, "GlobalLimitExec", "output_rows"), 5);
  EXPECT_GE(Metric(lines, "LanceRead", "output_rows"), 5);
  EXPECT_LE(Metric(lines, "LanceRead", "output_rows"), Metric(lines, "LanceRead", "rows_scanned"));
}

TEST_P(Analysis, CountsRowsOfAWindowWithoutFilter) {
  ScanOptions options;
  options.columns = Columns({"s"});
  options.limit = 7;
  options.offset = 1234;
  auto lines = Analyze(options);
  EXPECT_EQ(Metric(lines, "LanceRead", "output_rows"), 7);
  EXPECT_EQ(Metric(lines, "LanceRead", "rows_scanned"), 7);
}

TEST_P(Analysis, CountsRowsAndBytesOfLateColumns) {
  ScanOptions options;
  options.columns = Columns({"s", "i"});
  options.order_by = {{"i", false, false}};
  options.limit = 3;
  auto lines = Analyze(options);
  EXPECT_EQ(Metric(lines, "ProjectionExec", "output_rows"), 3);
  EXPECT_EQ(Metric(lines, "source=stream", "output_rows"), 3);
  EXPECT_EQ(Metric(lines, "SortExec", "output_rows"), 3);
  EXPECT_EQ(Metric(lines, "num_fragments=3", "output_rows"), 2970);
  EXPECT_GT(Metric(lines, "source=stream", "bytes_read"), 0);
  EXPECT_GT(Metric(lines, "source=stream", "requests"), 0);
  EXPECT_GT(Metric(lines, "num_fragments=3", "bytes_read"), 0);
}

TEST_P(Analysis, SumsWhatNodesReadInStatistics) {
  ScanOptions options;
  options.columns = Columns({"s", "i"});
  options.order_by = {{"i", true, false}};
  options.limit = 3;
  auto lines = Analyze(options);
  const int64_t bytes =
      Metric(lines, "source=stream", "bytes_read") + Metric(lines, "num_fragments=3", "bytes_read");
  ScanStatistics statistics;
  auto scanner = dataset_->Scan(options).ValueOrDie();
  scanner->OnFinished([&](const ScanStatistics& finished) { statistics = finished; });
  ASSERT_TRUE(scanner->ToTable().ok());
  EXPECT_EQ(static_cast<int64_t>(statistics.bytes_read), bytes);
  EXPECT_EQ(statistics.rows, 3u);
}

TEST_P(Analysis, CountsRowsOfASearch) {
  ScanOptions options;
  options.columns = Columns({"i"});
  options.nearest = NearestQuery();
  options.nearest->column = "v";
  auto field = dataset_->schema()->GetFieldByName("v");
  const auto& type = static_cast<const arrow::FixedSizeListType&>(*field->type());
  arrow::FloatBuilder query;
  for (int i = 0; i < type.list_size(); ++i) ASSERT_TRUE(query.Append(static_cast<float>(i)).ok());
  options.nearest->query = query.Finish().ValueOrDie();
  options.nearest->k = 4;
  auto lines = Analyze(options);
  EXPECT_EQ(Metric(lines, "TopK(fetch=4)", "output_rows"), 4);
  EXPECT_EQ(Metric(lines, "KNNVectorDistance", "output_rows"), 2970);
  EXPECT_EQ(Metric(lines, "ProjectionExec", "output_rows"), 4);
}

TEST_P(Analysis, RefusesAReadAheadOfNothing) {
  ScanOptions options;
  options.batch_readahead = 0;
  EXPECT_THAT(dataset_->Scan(options).status().ToString(), HasSubstr("batch_readahead must be positive"));
  options.batch_readahead = 1;
  options.fragment_readahead = 0;
  EXPECT_THAT(dataset_->Scan(options).status().ToString(), HasSubstr("fragment_readahead must be positive"));
}

}  // namespace
}  // namespace lance
