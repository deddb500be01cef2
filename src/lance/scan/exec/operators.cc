#include "lance/scan/exec/operators.h"

#include <arrow/api.h>
#include <arrow/util/byte_size.h>

#include "lance/expr/expr.h"
#include "lance/scan/exec/selection.h"

namespace lance::scan {
namespace {

using BatchPtr = std::shared_ptr<arrow::RecordBatch>;

void Count(NodeMetrics& node, const arrow::RecordBatch& batch) {
  node.rows.fetch_add(static_cast<uint64_t>(batch.num_rows()), std::memory_order_relaxed);
  node.batches.fetch_add(1, std::memory_order_relaxed);
}

class FilterStream : public BatchStream {
 public:
  FilterStream(std::shared_ptr<const expr::Expression> filter, std::shared_ptr<RunState> run,
               std::unique_ptr<BatchStream> input)
      : filter_(std::move(filter)), run_(std::move(run)), input_(std::move(input)) {}

  Result<BatchPtr> Next() override {
    while (true) {
      ARROW_ASSIGN_OR_RAISE(BatchPtr batch, input_->Next());
      if (batch == nullptr) return batch;
      NodeMetrics& node = run_->at(NodeRole::kPostFilter);
      NodeTimer timer(node);
      ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Array> outcome, filter_->Evaluate(*batch));
      ARROW_ASSIGN_OR_RAISE(Selection selection, MakeSelection(outcome));
      if (selection.count == 0) continue;
      if (!selection.all()) {
        arrow::ArrayVector columns;
        for (const auto& column : batch->columns()) {
          ARROW_ASSIGN_OR_RAISE(columns.emplace_back(), SelectValues(selection, column));
        }
        batch = arrow::RecordBatch::Make(batch->schema(), selection.count, std::move(columns));
      }
      Count(node, *batch);
      return batch;
    }
  }

 private:
  std::shared_ptr<const expr::Expression> filter_;
  std::shared_ptr<RunState> run_;
  std::unique_ptr<BatchStream> input_;
};

class LimitStream : public BatchStream {
 public:
  LimitStream(uint64_t skip, std::optional<uint64_t> limit, std::shared_ptr<RunState> run,
              std::unique_ptr<BatchStream> input)
      : skip_(skip), left_(limit), run_(std::move(run)), input_(std::move(input)) {}

  Result<BatchPtr> Next() override {
    while (true) {
      if (left_ == uint64_t{0}) input_ = nullptr;  // stops the work behind
      if (input_ == nullptr) return nullptr;
      ARROW_ASSIGN_OR_RAISE(BatchPtr batch, input_->Next());
      if (batch == nullptr) return batch;
      const auto rows = static_cast<uint64_t>(batch->num_rows());
      if (rows <= skip_) {
        skip_ -= rows;
        continue;
      }
      const uint64_t take = std::min(rows - skip_, left_.value_or(rows));
      if (take < rows) batch = batch->Slice(static_cast<int64_t>(skip_), static_cast<int64_t>(take));
      skip_ = 0;
      if (left_.has_value()) *left_ -= take;
      Count(run_->at(NodeRole::kLimit), *batch);
      return batch;
    }
  }

 private:
  uint64_t skip_;
  std::optional<uint64_t> left_;
  std::shared_ptr<RunState> run_;
  std::unique_ptr<BatchStream> input_;
};

class TakeStream : public BatchStream {
 public:
  TakeStream(std::shared_ptr<TakeReader> reader, std::shared_ptr<const ReadContext> context,
             std::vector<int> columns, NodeRole role, std::shared_ptr<RunState> run,
             std::unique_ptr<BatchStream> input)
      : reader_(std::move(reader)),
        context_(std::move(context)),
        columns_(std::move(columns)),
        role_(role),
        run_(std::move(run)),
        input_(std::move(input)) {}

  Result<BatchPtr> Next() override {
    ARROW_ASSIGN_OR_RAISE(BatchPtr batch, input_->Next());
    if (batch == nullptr) return batch;
    ARROW_RETURN_NOT_OK(run_->cancel.Check());
    NodeMetrics& node = run_->at(role_);
    NodeTimer timer(node);
    const auto addresses = batch->GetColumnByName(std::string(VirtualName(ColumnSource::kRowAddress)));
    if (addresses == nullptr) return Internal("a take needs row addresses");
    const auto* values = static_cast<const arrow::UInt64Array&>(*addresses).raw_values();
    ARROW_ASSIGN_OR_RAISE(std::vector<std::shared_ptr<arrow::Array>> taken,
                          reader_->Read({values, static_cast<size_t>(batch->num_rows())}, columns_));
    arrow::ArrayVector arrays = batch->columns();
    arrow::FieldVector fields = batch->schema()->fields();
    for (size_t i = 0; i < columns_.size(); ++i) {
      fields.push_back(context_->columns.columns[columns_[i]].arrow);
      arrays.push_back(std::move(taken[i]));
    }
    batch = arrow::RecordBatch::Make(arrow::schema(std::move(fields)), batch->num_rows(), std::move(arrays));
    Count(node, *batch);
    return batch;
  }

 private:
  std::shared_ptr<TakeReader> reader_;
  std::shared_ptr<const ReadContext> context_;
  std::vector<int> columns_;
  NodeRole role_;
  std::shared_ptr<RunState> run_;
  std::unique_ptr<BatchStream> input_;
};

class ProjectStream : public BatchStream {
 public:
  ProjectStream(std::shared_ptr<const ScanPlan> plan, std::shared_ptr<RunState> run,
                std::unique_ptr<BatchStream> input)
      : plan_(std::move(plan)), run_(std::move(run)), input_(std::move(input)) {}

  Result<BatchPtr> Next() override {
    ARROW_ASSIGN_OR_RAISE(BatchPtr batch, input_->Next());
    if (batch == nullptr) return batch;
    NodeMetrics& node = run_->at(NodeRole::kProject);
    NodeTimer timer(node);
    ARROW_ASSIGN_OR_RAISE(batch, plan_->projection.Apply(*batch));
    Count(node, *batch);
    return batch;
  }

 private:
  std::shared_ptr<const ScanPlan> plan_;
  std::shared_ptr<RunState> run_;
  std::unique_ptr<BatchStream> input_;
};

class BatchesStream : public BatchStream {
 public:
  BatchesStream(uint64_t rows, std::optional<uint64_t> bytes, bool strict, std::unique_ptr<BatchStream> input)
      : rows_(rows), bytes_(bytes), strict_(strict), input_(std::move(input)) {}

  Result<BatchPtr> Next() override {
    if (strict_) return NextStrict();
    if (position_ == end_) {
      ARROW_ASSIGN_OR_RAISE(current_, input_->Next());
      if (current_ == nullptr) return current_;
      position_ = 0;
      end_ = current_->num_rows();
      cut_ = static_cast<int64_t>(rows_);
      if (bytes_.has_value()) {
        const uint64_t size = std::max<int64_t>(SizeOf(*current_), 1);
        const double share = static_cast<double>(*bytes_) / static_cast<double>(size);
        cut_ = std::clamp<int64_t>(static_cast<int64_t>(share * static_cast<double>(end_)), 1, cut_);
      }
    }
    const int64_t take = std::min(cut_, end_ - position_);
    BatchPtr out = take == end_ ? current_ : current_->Slice(position_, take);
    position_ += take;
    if (position_ == end_) current_ = nullptr;
    return out;
  }

 private:
  static int64_t SizeOf(const arrow::RecordBatch& batch) {
    return arrow::util::ReferencedBufferSize(batch).ValueOr(arrow::util::TotalBufferSize(batch));
  }

  Result<BatchPtr> NextStrict() {
    const auto wanted = static_cast<int64_t>(rows_);
    std::vector<BatchPtr> pieces;
    int64_t have = 0;
    while (have < wanted) {
      if (position_ == end_) {
        ARROW_ASSIGN_OR_RAISE(current_, input_->Next());
        if (current_ == nullptr) break;
        position_ = 0;
        end_ = current_->num_rows();
      }
      const int64_t take = std::min(wanted - have, end_ - position_);
      pieces.push_back(take == end_ ? current_ : current_->Slice(position_, take));
      position_ += take;
      have += take;
    }
    if (pieces.empty()) return nullptr;
    if (pieces.size() == 1) return pieces.front();
    return arrow::ConcatenateRecordBatches(pieces);
  }

  const uint64_t rows_;
  const std::optional<uint64_t> bytes_;
  const bool strict_;
  std::unique_ptr<BatchStream> input_;
  BatchPtr current_;
  int64_t position_ = 0;
  int64_t end_ = 0;
  int64_t cut_ = 0;
};

}  // namespace

std::unique_ptr<BatchStream> MakeFilter(std::shared_ptr<const expr::Expression> filter,
                                        std::shared_ptr<RunState> run, std::unique_ptr<BatchStream> input) {
  return std::make_unique<FilterStream>(std::move(filter), std::move(run), std::move(input));
}

std::unique_ptr<BatchStream> MakeLimit(uint64_t skip, std::optional<uint64_t> limit,
                                       std::shared_ptr<RunState> run, std::unique_ptr<BatchStream> input) {
  return std::make_unique<LimitStream>(skip, limit, std::move(run), std::move(input));
}

std::unique_ptr<BatchStream> MakeTake(std::shared_ptr<TakeReader> reader,
                                      std::shared_ptr<const ReadContext> context, std::vector<int> columns,
                                      NodeRole role, std::shared_ptr<RunState> run,
                                      std::unique_ptr<BatchStream> input) {
  return std::make_unique<TakeStream>(std::move(reader), std::move(context), std::move(columns), role,
                                      std::move(run), std::move(input));
}

std::unique_ptr<BatchStream> MakeProject(std::shared_ptr<const ScanPlan> plan, std::shared_ptr<RunState> run,
                                         std::unique_ptr<BatchStream> input) {
  return std::make_unique<ProjectStream>(std::move(plan), std::move(run), std::move(input));
}

std::unique_ptr<BatchStream> MakeBatches(uint64_t rows, std::optional<uint64_t> bytes, bool strict,
                                         std::unique_ptr<BatchStream> input) {
  return std::make_unique<BatchesStream>(rows, bytes, strict, std::move(input));
}

}  // namespace lance::scan
