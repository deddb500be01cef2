#include "lance/scan/exec/execute.h"

#include <algorithm>

#include <arrow/api.h>

#include "lance/base/row_address.h"
#include "lance/expr/expr.h"
#include "lance/runtime/session.h"
#include "lance/runtime/thread_pool.h"
#include "lance/scan/exec/ann_search.h"
#include "lance/scan/exec/knn_stage.h"
#include "lance/scan/exec/operators.h"
#include "lance/scan/exec/parallel_stream.h"
#include "lance/scan/exec/scan_stage.h"
#include "lance/scan/exec/unit_queue.h"

namespace lance::scan {
namespace {

// Decoded bytes of a unit: large against what handing one over costs, small against the caches.
constexpr uint64_t kUnitBytes = 4 << 20;
constexpr uint64_t kMinUnitBytes = 256 << 10;
// Below this a thread hop costs more than it gives.
constexpr uint64_t kSerialBytes = 512 << 10;
constexpr uint64_t kSmallUnitsAhead = 128;
// Large units (of wide rows) need not go as far ahead as others to keep all threads busy.
constexpr uint64_t kLargeUnitsAheadBytes = 64 << 20;

// Rows that are decoded for one that an index found.
constexpr uint64_t kFoundRowCost = 64;

class EmptyStream : public BatchStream {
 public:
  Result<std::shared_ptr<arrow::RecordBatch>> Next() override { return nullptr; }
};

// Rows that units may give, before filters; from the manifest, so an upper bound.
uint64_t CountPlannedRows(const ScanPlan& plan, const FoundRows* found) {
  uint64_t rows = 0;
  for (const table::Fragment* fragment : plan.fragments) {
    if (found == nullptr || !found->covered.Contains(fragment->id)) rows += fragment->physical_rows;
  }
  if (found != nullptr) {
    for (const auto& [id, ranges] : found->rows) rows += CountRows(ranges);
  }
  rows -= std::min(rows, plan.skip_before);
  return plan.limit_before.has_value() ? std::min(rows, *plan.limit_before) : rows;
}

// Rows that are read or wait for the consumer at most, when batches ahead are bounded.
uint64_t RowsAhead(const ScanPlan& plan) {
  const uint64_t batches = std::min<uint64_t>(plan.batches_ahead.value_or(UINT32_MAX), UINT32_MAX);
  return batches * plan.batch_rows;
}

struct Sizing {
  uint64_t unit_rows = 8192;
  uint64_t unit_bytes = 0;  // of a full unit
  uint64_t mean_bytes = 0;  // small fragments make small units
  bool serial = true;
};

// How much a unit holds: what is read for every row counts in full, what only survivors need a little.
Result<Sizing> ChooseSizes(const ScanPlan& plan, const FoundRows* found, RunPurpose purpose, int threads,
                           UnitPlanner* planner) {
  Sizing sizing;
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<FragmentReader> first, planner->PeekFragment());
  if (first == nullptr) return sizing;
  const ColumnSet& columns = plan.context->columns;
  uint64_t row_bytes = 1;
  if (purpose != RunPurpose::kCount || plan.filter != nullptr) {
    ARROW_ASSIGN_OR_RAISE(row_bytes, EstimateRowBytes(*first, columns, plan.early));
  }
  uint64_t late_bytes = 0;
  if (plan.filter != nullptr && purpose != RunPurpose::kCount) {
    ARROW_ASSIGN_OR_RAISE(late_bytes, EstimateRowBytes(*first, columns, plan.late));
  }
  uint64_t weighted = row_bytes + late_bytes / 4;
  // Rows far from each other cost the decoding of others around them.
  if (found != nullptr && !found->rows.empty()) weighted *= kFoundRowCost;
  const uint64_t rows = std::max<uint64_t>(CountPlannedRows(plan, found), 1);
  const uint64_t total = rows > (1ull << 62) / weighted ? 1ull << 62 : rows * weighted;
  uint64_t bytes = kUnitBytes;
  if (threads > 0)
    bytes = std::clamp(total / (static_cast<uint64_t>(threads) * 8), kMinUnitBytes, kUnitBytes);
  bytes = std::min(bytes, plan.io_buffer_bytes);
  sizing.unit_rows = std::max<uint64_t>(bytes / weighted, 1);
  if (plan.batches_ahead.has_value()) {
    sizing.unit_rows =
        std::min(sizing.unit_rows, RowsAhead(plan) / static_cast<uint64_t>(std::max(threads, 1)));
  }
  if (purpose == RunPurpose::kStream) {
    // Whole batches, so that they end where the caller expects.
    sizing.unit_rows = std::max(sizing.unit_rows / plan.batch_rows * plan.batch_rows, plan.batch_rows);
  } else {
    sizing.unit_rows = std::max<uint64_t>(sizing.unit_rows, 64);
  }
  sizing.unit_bytes = sizing.unit_rows * (row_bytes + late_bytes);
  sizing.mean_bytes = std::min(sizing.unit_bytes, total / std::max<uint64_t>(plan.fragments.size(), 1));
  sizing.serial = threads == 0 || total <= kSerialBytes;
  return sizing;
}

// Runs the chain of stages behind the units.
class Executor {
 public:
  Executor(std::shared_ptr<const ScanPlan> plan, std::shared_ptr<RunState> run, RunPurpose purpose)
      : plan_(std::move(plan)), run_(std::move(run)), purpose_(purpose) {
    context_ = ContextOf(NodeRole::kRead);
    // A count needs no column, unless later stages do.
    const bool later = plan_->knn.has_value() || plan_->post_filter != nullptr;
    if (purpose_ == RunPurpose::kCount && later) purpose_ = RunPurpose::kTable;
    counting_ = purpose_ == RunPurpose::kCount;
  }

  Result<std::unique_ptr<BatchStream>> Start() {
    if (plan_->nothing) return std::make_unique<EmptyStream>();
    ARROW_ASSIGN_OR_RAISE(std::unique_ptr<BatchStream> stream, StartSources());
    if (plan_->knn.has_value()) stream = MakeKnnMerge(plan_, run_, std::move(stream));
    stream = AddTake(plan_->taken_for_filter, NodeRole::kTakeForFilter, std::move(stream));
    if (plan_->post_filter != nullptr) stream = MakeFilter(plan_->post_filter, run_, std::move(stream));
    if (!plan_->sort.empty() && !counting_) {
      stream = AddTake(plan_->taken_for_sort, NodeRole::kTakeForSort, std::move(stream));
      stream = MakeSort(plan_->sort, plan_->sort_limit, plan_->memory_limit_bytes, run_, std::move(stream));
    }
    if (plan_->limit.has_value() || plan_->skip > 0) {
      stream = MakeLimit(plan_->skip, plan_->limit, run_, std::move(stream));
    }
    if (counting_) return stream;
    stream = AddTake(plan_->taken_last, NodeRole::kTakeLast, std::move(stream));
    if (!ProjectsInUnits()) stream = MakeProject(plan_, run_, std::move(stream));
    if (purpose_ == RunPurpose::kStream) {
      stream = MakeBatches(plan_->batch_rows, plan_->batch_bytes, plan_->strict_batches, std::move(stream));
    }
    return stream;
  }

  Result<std::unique_ptr<SharedScan>> StartShared(int threads) {
    if (plan_->nothing || !ProjectsInUnits() || plan_->post_filter != nullptr) return nullptr;
    ARROW_ASSIGN_OR_RAISE(const UnitOptions options, UnitWindow());
    UnitPlanner planner(context_, FragmentsWithRows(options), options);
    ARROW_ASSIGN_OR_RAISE(Sizing sizing,
                          ChooseSizes(*plan_, options.found.get(), purpose_, threads, &planner));
    planner.set_unit_rows(sizing.unit_rows);
    auto stage = std::make_shared<ScanStage>(plan_, run_, /*project=*/true, counting_);
    return std::make_unique<UnitQueue>(std::move(planner), std::move(stage));
  }

 private:
  Result<UnitOptions> UnitWindow() const {
    UnitOptions options;
    options.skip = plan_->skip_before;
    options.limit = plan_->limit_before;
    options.mask = plan_->mask;
    ARROW_ASSIGN_OR_RAISE(options.found, SearchIndices());
    return options;
  }

  // The rows that indices find for the filter; nullptr when all rows are to be looked at.
  Result<std::shared_ptr<const FoundRows>> SearchIndices() const {
    const IndexFilter* filter = plan_->index_filter.get();
    if (filter == nullptr) return nullptr;
    NodeMetrics& node = run_->at(NodeRole::kIndexQuery);
    NodeTimer timer(node);
    ARROW_ASSIGN_OR_RAISE(const std::vector<uint64_t> found,
                          filter->query.Search(*context_->snapshot, &run_->indices));
    node.rows.fetch_add(found.size(), std::memory_order_relaxed);
    node.batches.fetch_add(1, std::memory_order_relaxed);
    auto out = std::make_shared<FoundRows>();
    out->covered = filter->covered;
    out->passed = filter->exact;
    uint64_t runs = 0;
    RowRanges* ranges = nullptr;
    uint64_t last = UINT64_MAX;
    for (const uint64_t address : found) {
      const RowAddress at{address};
      if (at.fragment_id() != last) {
        last = at.fragment_id();
        ranges = filter->covered.Contains(last) ? &out->rows[last] : nullptr;
      }
      if (ranges == nullptr) continue;
      if (ranges->empty() || ranges->back().end() != at.offset()) ++runs;
      AppendRange(ranges, {at.offset(), 1});
    }
    if (!PaysToRead(*filter, runs, counting_)) return nullptr;
    return out;
  }

  // Fragments without those in which an index found nothing.
  std::vector<const table::Fragment*> FragmentsWithRows(const UnitOptions& options) const {
    if (options.found == nullptr) return plan_->fragments;
    std::vector<const table::Fragment*> out;
    for (const table::Fragment* fragment : plan_->fragments) {
      const bool empty =
          options.found->covered.Contains(fragment->id) && !options.found->rows.contains(fragment->id);
      if (!empty) out.push_back(fragment);
    }
    return out;
  }

  bool ProjectsInUnits() const {
    // Behind a window, so that nothing is computed for rows that it drops.
    return !plan_->knn.has_value() && plan_->sort.empty() && plan_->taken_last.empty() &&
           !plan_->limit.has_value() && plan_->skip == 0;
  }

  // What to read with, counted for the node of a role.
  std::shared_ptr<const ReadContext> ContextOf(NodeRole role) const {
    auto context = std::make_shared<ReadContext>(*plan_->context);
    context->io = std::shared_ptr<IoCounters>(run_, &run_->io_of(role));
    return context;
  }

  std::unique_ptr<BatchStream> AddTake(const std::vector<int>& columns, NodeRole role,
                                       std::unique_ptr<BatchStream> input) {
    if (columns.empty()) return input;
    std::shared_ptr<const ReadContext> context = ContextOf(role);
    return MakeTake(std::make_shared<TakeReader>(context), context, columns, role, run_, std::move(input));
  }

  // What an index finds, then what the units give.
  Result<std::unique_ptr<BatchStream>> StartSources() {
    if (plan_->ann == nullptr) return StartUnits();
    std::vector<std::unique_ptr<BatchStream>> inputs;
    auto start = [run = run_](std::shared_ptr<const ScanPlan> allowed) {
      return Executor(std::move(allowed), run, RunPurpose::kTable).StartUnits();
    };
    // Vectors are compared and dropped.
    auto context = std::make_shared<ReadContext>(*ContextOf(NodeRole::kKnn));
    context->views = true;
    auto vectors = std::make_shared<TakeReader>(std::move(context));
    inputs.push_back(MakeAnnSearch(plan_, run_, std::move(vectors), std::move(start)));
    if (!plan_->fragments.empty()) {
      ARROW_ASSIGN_OR_RAISE(inputs.emplace_back(), StartUnits());
    }
    return MakeConcatenation(std::move(inputs));
  }

  // A search keeps nothing of what it reads: it hands on distances and row ids, its filter row ids only.
  // (Plans with a root are scans of their own: most read a column once, and mapping it would not pay.)
  bool EmitsNothingStored() const {
    if (plan_->root != nullptr || plan_->emitted.empty()) return false;
    return std::all_of(plan_->emitted.begin(), plan_->emitted.end(), [&](int column) {
      return context_->columns.columns[column].source != ColumnSource::kStored;
    });
  }

  Result<std::unique_ptr<BatchStream>> StartUnits() {
    ARROW_ASSIGN_OR_RAISE(UnitOptions options, UnitWindow());
    // A filter with a limit may be satisfied soon: begin small.
    const bool may_stop = plan_->filter != nullptr && plan_->limit.has_value() && plan_->sort.empty() &&
                          !plan_->knn.has_value();
    if (may_stop) options.first_unit_rows = plan_->batch_rows;
    auto unit_context = std::make_shared<ReadContext>(*context_);
    unit_context->views = plan_->knn.has_value() || EmitsNothingStored();
    UnitPlanner planner(std::move(unit_context), FragmentsWithRows(options), options);

    runtime::ThreadPool* pool = context_->snapshot->session()->thread_pool();
    const int threads = pool == nullptr ? 0 : pool->num_threads();
    ARROW_ASSIGN_OR_RAISE(Sizing sizing,
                          ChooseSizes(*plan_, options.found.get(), purpose_, threads, &planner));
    planner.set_unit_rows(sizing.unit_rows);

    ParallelOptions parallel;
    parallel.pool = sizing.serial ? nullptr : pool;
    // The consumer works too when it waits; one that takes everything always waits.
    parallel.workers = purpose_ == RunPurpose::kStream ? threads : std::max(threads - 1, 1);
    parallel.ordered = plan_->ordered || !plan_->sort.empty();
    parallel.cancel = run_->cancel;
    uint64_t budget = plan_->io_buffer_bytes;
    if (plan_->memory_limit_bytes.has_value()) budget = std::min(budget, *plan_->memory_limit_bytes / 2);
    const uint64_t fitting = budget / std::max<uint64_t>(sizing.unit_bytes, 1);
    // Small units (of small fragments) go far ahead, so that nobody waits for the slowest of a few.
    const uint64_t most =
        std::max(static_cast<uint64_t>(std::max(threads, 1)) * 4,
                 std::min<uint64_t>(kSmallUnitsAhead, kUnitBytes / std::max<uint64_t>(sizing.mean_bytes, 1)));
    const uint64_t wide =
        std::max<uint64_t>(static_cast<uint64_t>(std::max(threads, 1)) + 1,
                           kLargeUnitsAheadBytes / std::max<uint64_t>(sizing.unit_bytes, 1));
    uint64_t units_ahead = std::min({fitting, most, wide});
    if (plan_->batches_ahead.has_value())
      units_ahead = std::min(units_ahead, RowsAhead(*plan_) / sizing.unit_rows);
    parallel.units_ahead = static_cast<int>(std::max<uint64_t>(units_ahead, 1));
    parallel.fragments_ahead =
        static_cast<int>(std::min<uint64_t>(plan_->fragments_ahead.value_or(INT_MAX), INT_MAX));
    parallel.bytes_ahead = budget;
    parallel.unit_bytes = sizing.unit_bytes;
    parallel.peaks = std::shared_ptr<ReadAheadPeaks>(run_, &run_->ahead);
    std::shared_ptr<const UnitStage> stage;
    if (plan_->knn.has_value()) {
      stage = std::make_shared<KnnStage>(plan_, run_);
      parallel.ordered = false;
    } else {
      stage =
          std::make_shared<ScanStage>(plan_, run_, ProjectsInUnits() && plan_->root != nullptr, counting_);
    }
    return MakeParallelStream(std::move(planner), std::move(stage), parallel);
  }

  std::shared_ptr<const ScanPlan> plan_;
  std::shared_ptr<RunState> run_;
  RunPurpose purpose_;
  bool counting_ = false;
  std::shared_ptr<const ReadContext> context_;  // of units
};

}  // namespace

Result<std::unique_ptr<BatchStream>> Execute(const std::shared_ptr<const ScanPlan>& plan,
                                             const std::shared_ptr<RunState>& run, RunPurpose purpose) {
  return Executor(plan, run, purpose).Start();
}

Result<std::unique_ptr<SharedScan>> ExecuteShared(const std::shared_ptr<const ScanPlan>& plan,
                                                  const std::shared_ptr<RunState>& run, int threads) {
  return Executor(plan, run, RunPurpose::kTable).StartShared(threads);
}

}  // namespace lance::scan
