#include "lance/scan/exec/scan_stage.h"

#include <algorithm>

#include <arrow/api.h>

#include "lance/base/row_address.h"
#include "lance/expr/expr.h"
#include "lance/scan/exec/selection.h"

namespace lance::scan {
namespace {

std::shared_ptr<arrow::Schema> SchemaOf(const ColumnSet& set, const std::vector<int>& columns) {
  arrow::FieldVector fields;
  for (int index : columns) fields.push_back(set.columns[index].arrow);
  return arrow::schema(std::move(fields));
}

// Whether a column is the rows' addresses.
bool IsAddress(const ReadContext& context, int column) {
  const ColumnSource source = context.columns.columns[column].source;
  if (source == ColumnSource::kRowAddress) return true;
  return source == ColumnSource::kRowId && !context.include_deleted &&
         !context.snapshot->manifest().has_stable_row_ids();
}

// Reading rows by range costs about as much per range as decoding this many rows that nobody wants. Past it,
// decode everything and filter.
constexpr uint64_t kRowsPerRange = 8;

}  // namespace

ScanStage::ScanStage(std::shared_ptr<const ScanPlan> plan, std::shared_ptr<RunState> run, bool project,
                     bool count_only)
    : plan_(std::move(plan)),
      run_(std::move(run)),
      project_(project),
      count_only_(count_only),
      early_schema_(SchemaOf(plan_->context->columns, plan_->early)),
      emitted_schema_(SchemaOf(plan_->context->columns, plan_->emitted)) {}

Result<std::shared_ptr<arrow::RecordBatch>> ScanStage::Run(const Unit& unit) const {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::RecordBatch> batch, Read(unit));
  return batch == nullptr ? batch : Project(std::move(batch));
}

Result<std::shared_ptr<arrow::RecordBatch>> ScanStage::Read(const Unit& unit) const {
  NodeMetrics& node = run_->at(NodeRole::kRead);
  NodeTimer timer(node);
  const uint64_t rows = CountRows(unit.rows);
  run_->units.fetch_add(1, std::memory_order_relaxed);
  run_->rows_read.fetch_add(rows, std::memory_order_relaxed);
  std::shared_ptr<arrow::RecordBatch> batch;
  if (plan_->filter != nullptr && !unit.passed) {
    ARROW_ASSIGN_OR_RAISE(batch, RunFiltered(unit));
  } else {
    std::vector<std::shared_ptr<arrow::Array>> arrays;
    if (!count_only_) {
      ARROW_ASSIGN_OR_RAISE(arrays, unit.fragment->Read(plan_->emitted, unit.rows, unit.live_rows_before));
    }
    batch = arrow::RecordBatch::Make(count_only_ ? arrow::schema({}) : emitted_schema_,
                                     static_cast<int64_t>(rows), std::move(arrays));
  }
  if (batch == nullptr) return batch;
  node.rows.fetch_add(static_cast<uint64_t>(batch->num_rows()), std::memory_order_relaxed);
  node.batches.fetch_add(1, std::memory_order_relaxed);
  return batch;
}

Result<std::shared_ptr<arrow::RecordBatch>> ScanStage::RunFiltered(const Unit& unit) const {
  ARROW_ASSIGN_OR_RAISE(std::vector<std::shared_ptr<arrow::Array>> early,
                        unit.fragment->Read(plan_->early, unit.rows, unit.live_rows_before));
  const auto rows = static_cast<int64_t>(CountRows(unit.rows));
  auto batch = arrow::RecordBatch::Make(early_schema_, rows, early);
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Array> outcome, plan_->filter->Evaluate(*batch));
  ARROW_ASSIGN_OR_RAISE(Selection selection, MakeSelection(outcome));
  if (selection.count == 0) return nullptr;
  if (count_only_) {
    return arrow::RecordBatch::Make(arrow::schema({}), selection.count, arrow::ArrayVector{});
  }
  std::vector<std::shared_ptr<arrow::Array>> late;
  if (!plan_->late.empty()) {
    ARROW_ASSIGN_OR_RAISE(late, ReadLate(unit, selection));
  }
  arrow::ArrayVector arrays;
  for (int column : plan_->emitted) {
    auto in_early = std::find(plan_->early.begin(), plan_->early.end(), column);
    if (in_early != plan_->early.end()) {
      ARROW_ASSIGN_OR_RAISE(arrays.emplace_back(),
                            SelectValues(selection, early[in_early - plan_->early.begin()]));
    } else {
      auto in_late = std::find(plan_->late.begin(), plan_->late.end(), column);
      arrays.push_back(late[in_late - plan_->late.begin()]);
    }
  }
  return arrow::RecordBatch::Make(emitted_schema_, selection.count, std::move(arrays));
}

Result<std::vector<std::shared_ptr<arrow::Array>>> ScanStage::ReadLate(const Unit& unit,
                                                                       const Selection& selection) const {
  if (selection.all()) return unit.fragment->Read(plan_->late, unit.rows, unit.live_rows_before);
  if (plan_->late.size() == 1 && unit.rows.size() == 1 && IsAddress(*plan_->context, plan_->late[0])) {
    const RowAddress first =
        RowAddress::Of(unit.fragment->fragment().id, static_cast<uint32_t>(unit.rows[0].start));
    ARROW_ASSIGN_OR_RAISE(auto addresses, SelectAddresses(selection, first.value));
    return std::vector{std::move(addresses)};
  }
  const auto rows = static_cast<uint64_t>(selection.mask->length());
  const bool by_range = plan_->late_mode == LateMaterialization::kAll ||
                        plan_->late_mode == LateMaterialization::kColumns ||
                        static_cast<uint64_t>(selection.CountRuns()) * kRowsPerRange <= rows;
  if (by_range) {
    return unit.fragment->Read(plan_->late, SelectRows(selection, unit.rows), unit.live_rows_before);
  }
  ARROW_ASSIGN_OR_RAISE(std::vector<std::shared_ptr<arrow::Array>> arrays,
                        unit.fragment->Read(plan_->late, unit.rows, unit.live_rows_before));
  for (std::shared_ptr<arrow::Array>& array : arrays) {
    ARROW_ASSIGN_OR_RAISE(array, SelectValues(selection, array));
  }
  return arrays;
}

Result<std::shared_ptr<arrow::RecordBatch>> ScanStage::Project(
    std::shared_ptr<arrow::RecordBatch> batch) const {
  if (!project_ || count_only_) return batch;
  NodeMetrics& node = run_->at(NodeRole::kProject);
  NodeTimer timer(node);
  node.rows.fetch_add(static_cast<uint64_t>(batch->num_rows()), std::memory_order_relaxed);
  node.batches.fetch_add(1, std::memory_order_relaxed);
  return plan_->projection.Apply(*batch);
}

}  // namespace lance::scan
