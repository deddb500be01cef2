#include "lance/scan/scanner_impl.h"

#include <atomic>
#include <mutex>

#include <arrow/api.h>
#include <arrow/util/byte_size.h>

#include "lance/scan/exec/execute.h"
#include "lance/scan/plan/analyze.h"
#include "lance/scan/plan/planner.h"

namespace lance::scan {
namespace {

using StatisticsCallback = std::function<void(const ScanStatistics&)>;

ScanStatistics Statistics(const RunState& run, uint64_t rows) {
  ScanStatistics out;
  uint64_t ranges = 0;
  for (const IoCounters& io : run.io) {
    out.requests += io.requests.load(std::memory_order_relaxed);
    out.bytes_read += io.bytes.load(std::memory_order_relaxed);
    ranges += io.ranges.load(std::memory_order_relaxed);
  }
  out.rows = rows;
  out.counts["iops"] = ranges;
  out.counts["rows_scanned"] = run.rows_read.load(std::memory_order_relaxed);
  out.counts["parts_loaded"] = run.indices.pages_read.load(std::memory_order_relaxed);
  out.counts["index_comparisons"] = run.indices.rows.load(std::memory_order_relaxed);
  out.counts["ranges_scanned"] = run.units.load(std::memory_order_relaxed);
  return out;
}

// Hands the batches of a run out as Arrow's reader. Dropping it drops the stream, which stops the work.
class StreamReader : public arrow::RecordBatchReader {
 public:
  StreamReader(std::shared_ptr<arrow::Schema> schema, std::unique_ptr<BatchStream> stream,
               std::shared_ptr<RunState> run, StatisticsCallback finished)
      : schema_(std::move(schema)),
        stream_(std::move(stream)),
        run_(std::move(run)),
        finished_(std::move(finished)) {}
  ~StreamReader() override { End(); }

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }

  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    *batch = nullptr;
    if (stream_ == nullptr) return Status::OK();
    auto next = stream_->Next();
    if (!next.ok() || *next == nullptr) {
      End();
      return next.status();
    }
    rows_ += static_cast<uint64_t>((*next)->num_rows());
    *batch = std::move(*next);
    return Status::OK();
  }

  Status Close() override {
    End();
    return Status::OK();
  }

 private:
  void End() {
    if (stream_ == nullptr) return;
    run_->cancel.Cancel();
    stream_ = nullptr;
    if (finished_) finished_(Statistics(*run_, rows_));
  }

  std::shared_ptr<arrow::Schema> schema_;
  std::unique_ptr<BatchStream> stream_;
  std::shared_ptr<RunState> run_;
  StatisticsCallback finished_;
  uint64_t rows_ = 0;
};

class ScannerImpl : public Scanner {
 public:
  ScannerImpl(std::shared_ptr<const table::Snapshot> snapshot, bool windowed,
              std::shared_ptr<const ScanPlan> plan)
      : snapshot_(std::move(snapshot)), windowed_(windowed), plan_(std::move(plan)) {}

  const std::shared_ptr<arrow::Schema>& schema() const override { return plan_->projection.schema; }

  Result<std::shared_ptr<arrow::RecordBatchReader>> ToReader() const override {
    auto run = std::make_shared<RunState>();
    ARROW_ASSIGN_OR_RAISE(std::unique_ptr<BatchStream> stream, Execute(plan_, run, RunPurpose::kStream));
    return std::make_shared<StreamReader>(schema(), std::move(stream), std::move(run), callback());
  }

  Result<std::shared_ptr<arrow::Table>> ToTable() const override {
    auto run = std::make_shared<RunState>();
    ARROW_ASSIGN_OR_RAISE(std::vector<std::shared_ptr<arrow::RecordBatch>> batches, Collect(run));
    uint64_t rows = 0;
    for (const auto& batch : batches) rows += static_cast<uint64_t>(batch->num_rows());
    if (StatisticsCallback finished = callback()) finished(Statistics(*run, rows));
    return arrow::Table::FromRecordBatches(schema(), batches);
  }

  Result<int64_t> CountRows() const override {
    if (windowed_) {
      return InvalidArgument("Cannot use limit/offset with aggregate. Apply limit to the result instead.");
    }
    if (CountsFromMetadata()) return CountMetadata();
    auto run = std::make_shared<RunState>();
    ARROW_ASSIGN_OR_RAISE(std::unique_ptr<BatchStream> stream, Execute(plan_, run, RunPurpose::kCount));
    int64_t rows = 0;
    while (true) {
      ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::RecordBatch> batch, stream->Next());
      if (batch == nullptr) break;
      rows += batch->num_rows();
    }
    if (StatisticsCallback finished = callback()) finished(Statistics(*run, static_cast<uint64_t>(rows)));
    return rows;
  }

  Result<std::string> ExplainPlan(bool verbose) const override { return Explain(*plan_->root); }

  Result<std::string> AnalyzePlan() const override {
    auto run = std::make_shared<RunState>();
    const auto start = std::chrono::steady_clock::now();
    ARROW_RETURN_NOT_OK(Collect(run).status());
    return Analyze(*plan_->root, *run, std::chrono::steady_clock::now() - start);
  }

  Result<std::unique_ptr<SharedScan>> Share(int threads) const {
    return ExecuteShared(plan_, std::make_shared<RunState>(), threads);
  }

  Result<std::shared_ptr<Scanner>> WithQuery(std::shared_ptr<arrow::Buffer> vectors) const override {
    LANCE_CHECK_ARG(plan_->knn.has_value(), "WithQuery: this scan has no nearest");
    const int64_t wanted = plan_->knn->queries->size();
    LANCE_CHECK_ARG(vectors != nullptr && vectors->size() == wanted,
                    "WithQuery takes {} bytes, as the query before had, not {}", wanted,
                    vectors == nullptr ? 0 : vectors->size());
    auto plan = std::make_shared<ScanPlan>(*plan_);
    plan->knn->queries = std::move(vectors);
    return std::make_shared<ScannerImpl>(snapshot_, windowed_, std::move(plan));
  }

  void OnFinished(StatisticsCallback callback) override {
    std::lock_guard lock(mutex_);
    finished_ = std::move(callback);
  }

 private:
  StatisticsCallback callback() const {
    std::lock_guard lock(mutex_);
    return finished_;
  }

  Result<std::vector<std::shared_ptr<arrow::RecordBatch>>> Collect(
      const std::shared_ptr<RunState>& run) const {
    ARROW_ASSIGN_OR_RAISE(std::unique_ptr<BatchStream> stream, Execute(plan_, run, RunPurpose::kTable));
    std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
    uint64_t bytes = 0;
    while (true) {
      ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::RecordBatch> batch, stream->Next());
      if (batch == nullptr) return batches;
      if (plan_->memory_limit_bytes.has_value()) {
        bytes += static_cast<uint64_t>(arrow::util::TotalBufferSize(*batch));
        if (bytes > *plan_->memory_limit_bytes) {
          return ResourceExhausted(
              "the result takes more than the memory limit of {} bytes: stream it, or "
              "raise the limit",
              *plan_->memory_limit_bytes);
        }
      }
      batches.push_back(std::move(batch));
    }
  }

  bool CountsFromMetadata() const {
    return plan_->filter == nullptr && plan_->mask == nullptr && plan_->post_filter == nullptr &&
           !plan_->knn.has_value() && !plan_->nothing && !plan_->context->include_deleted;
  }

  Result<int64_t> CountMetadata() const {
    if (plan_->fragments.size() == snapshot_->manifest().fragments.size()) {
      ARROW_ASSIGN_OR_RAISE(uint64_t rows, snapshot_->CountRows());
      return static_cast<int64_t>(rows);
    }
    uint64_t rows = 0;
    for (const table::Fragment* fragment : plan_->fragments) {
      ARROW_ASSIGN_OR_RAISE(uint64_t live, snapshot_->CountRows(*fragment));
      rows += live;
    }
    return static_cast<int64_t>(rows);
  }

  std::shared_ptr<const table::Snapshot> snapshot_;
  const bool windowed_;
  std::shared_ptr<const ScanPlan> plan_;
  mutable std::mutex mutex_;
  StatisticsCallback finished_;
};

}  // namespace

Result<std::shared_ptr<Scanner>> MakeScanner(std::shared_ptr<const table::Snapshot> snapshot,
                                             const ScanOptions& options) {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<const ScanPlan> plan, MakePlan(snapshot, options));
  return std::make_shared<ScannerImpl>(std::move(snapshot), options.limit || options.offset, std::move(plan));
}

}  // namespace lance::scan

namespace lance {

Result<std::unique_ptr<SharedScan>> MakeSharedScan(const Scanner& scanner, int threads) {
  LANCE_CHECK_ARG(threads >= 1, "a shared scan needs at least one thread, got {}", threads);
  const auto* planned = dynamic_cast<const scan::ScannerImpl*>(&scanner);
  if (planned == nullptr) return nullptr;
  return planned->Share(threads);
}

}  // namespace lance
