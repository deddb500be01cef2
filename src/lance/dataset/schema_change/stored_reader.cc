#include "lance/dataset/schema_change/stored_reader.h"

#include <algorithm>
#include <numeric>

#include <arrow/api.h>

#include "lance/runtime/session.h"
#include "lance/runtime/thread_pool.h"
#include "lance/scan/exec/parallel_stream.h"
#include "lance/scan/read/unit_planner.h"

namespace lance::dataset {
namespace {

constexpr uint64_t kUnitBytes = 4 << 20;
constexpr uint64_t kSerialBytes = 512 << 10;
constexpr uint64_t kSmallUnitsAhead = 128;

class ReadStage : public scan::UnitStage {
 public:
  ReadStage(std::shared_ptr<arrow::Schema> schema, size_t num_columns)
      : schema_(std::move(schema)), columns_(num_columns) {
    std::iota(columns_.begin(), columns_.end(), 0);
  }
  Result<std::shared_ptr<arrow::RecordBatch>> Run(const scan::Unit& unit) const override {
    ARROW_ASSIGN_OR_RAISE(auto arrays, unit.fragment->Read(columns_, unit.rows, unit.live_rows_before));
    return arrow::RecordBatch::Make(schema_, static_cast<int64_t>(CountRows(unit.rows)), std::move(arrays));
  }

 private:
  std::shared_ptr<arrow::Schema> schema_;
  std::vector<int> columns_;
};

class StreamReader : public arrow::RecordBatchReader {
 public:
  StreamReader(std::shared_ptr<arrow::Schema> schema, std::unique_ptr<scan::BatchStream> stream)
      : schema_(std::move(schema)), stream_(std::move(stream)) {}
  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }
  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    ARROW_ASSIGN_OR_RAISE(*batch, stream_->Next());
    return Status::OK();
  }

 private:
  std::shared_ptr<arrow::Schema> schema_;
  std::unique_ptr<scan::BatchStream> stream_;
};

}  // namespace

Result<std::shared_ptr<arrow::RecordBatchReader>> ReadStoredRows(
    const std::shared_ptr<const table::Snapshot>& snapshot, std::vector<const table::Fragment*> fragments,
    const schema::Schema& columns, const StoredRowsOptions& options) {
  auto context = std::make_shared<scan::ReadContext>();
  context->snapshot = snapshot;
  context->blobs = options.blobs;
  for (const schema::Field& field : columns.fields) {
    ARROW_ASSIGN_OR_RAISE(auto arrow, scan::ReadField(field, options.blobs));
    context->columns.columns.push_back({scan::ColumnSource::kStored, field, std::move(arrow)});
  }
  auto schema = context->columns.ArrowSchema();
  auto stage = std::make_shared<ReadStage>(schema, columns.fields.size());

  uint64_t rows = 0;
  for (const table::Fragment* fragment : fragments) rows += fragment->physical_rows;
  const uint64_t mean_rows = rows / std::max<uint64_t>(fragments.size(), 1) + 1;
  scan::UnitPlanner planner(context, std::move(fragments), {});
  std::vector<int> all(columns.fields.size());
  std::iota(all.begin(), all.end(), 0);
  uint64_t row_bytes = 1;
  ARROW_ASSIGN_OR_RAISE(auto first, planner.PeekFragment());
  if (first != nullptr) {
    ARROW_ASSIGN_OR_RAISE(row_bytes, scan::EstimateRowBytes(*first, context->columns, all));
    row_bytes = std::max<uint64_t>(row_bytes, 1);
  }
  uint64_t unit_rows = std::max<uint64_t>(kUnitBytes / row_bytes, 64);
  if (options.batch_rows > 0) unit_rows = options.batch_rows;
  planner.set_unit_rows(unit_rows);

  runtime::ThreadPool* pool = snapshot->session()->thread_pool();
  const int threads = pool == nullptr ? 0 : pool->num_threads();
  scan::ParallelOptions parallel;
  parallel.pool = rows <= kSerialBytes / row_bytes ? nullptr : pool;
  parallel.workers = std::max(threads, 1);
  // Small units (of small fragments) go far ahead, so that nobody waits for the slowest of a few.
  const uint64_t unit_bytes = std::min(unit_rows, mean_rows) * row_bytes;
  parallel.units_ahead = std::max(std::max(threads, 1) * 2,
                                  static_cast<int>(std::min(kSmallUnitsAhead, kUnitBytes / unit_bytes)));
  return std::make_shared<StreamReader>(std::move(schema),
                                        scan::MakeParallelStream(std::move(planner), stage, parallel));
}

}  // namespace lance::dataset
