#include "lance/dataset/index/column_source.h"

#include <algorithm>
#include <random>

#include <arrow/api.h>
#include <arrow/compute/api.h>

#include "lance/dataset/draw_positions.h"
#include "lance/schema/schema.h"
#include "lance/table/snapshot.h"

namespace lance::dataset {
namespace {

// Vectors that are read or converted together: large ones in fewer rows.
constexpr uint64_t kMostRows = 8192, kBatchBytes = 8 << 20, kPieceBytes = 16 << 20;
constexpr int64_t kReadAheadBytes = 64 << 20;

uint64_t RowsOf(uint64_t bytes, const index::VectorType& type) {
  return std::max<uint64_t>(bytes / (type.dim * type.element_bytes()), 1);
}

ScanOptions Projection(const std::string& column, bool with_row_id) {
  ScanOptions options;
  options.columns = std::vector<ScanOptions::Column>{{column, ""}};
  options.with_row_id = with_row_id;
  return options;
}

class ColumnSource : public index::VectorSource {
 public:
  ColumnSource(const Dataset& dataset, std::string column, std::optional<std::vector<uint64_t>> fragments,
               index::VectorType type, uint64_t num_rows)
      : dataset_(dataset),
        column_(std::move(column)),
        fragments_(std::move(fragments)),
        type_(type),
        num_rows_(num_rows) {}

  const index::VectorType& type() const override { return type_; }
  uint64_t num_rows() const override { return num_rows_; }

  Result<std::shared_ptr<arrow::RecordBatchReader>> Scan() const override {
    return Read(/*with_row_id=*/true);
  }

  Status Sample(uint64_t num_rows, uint64_t seed,
                const std::function<Status(const arrow::Array&)>& use) const override {
    // Beyond some share reading everything in order is cheaper than picking.
    const bool all = num_rows >= num_rows_;
    if (!all && !fragments_.has_value() && num_rows * 4 < num_rows_) return Pick(num_rows, seed, use);
    ARROW_ASSIGN_OR_RAISE(const auto reader, Read(/*with_row_id=*/false));
    std::mt19937_64 random(seed);
    uint64_t wanted = num_rows, left = num_rows_;
    while (true) {
      ARROW_ASSIGN_OR_RAISE(const auto batch, reader->Next());
      if (batch == nullptr) return Status::OK();
      if (all) {
        ARROW_RETURN_NOT_OK(use(*batch->column(0)));
        continue;
      }
      // Each row is taken with the probability (still wanted) / (rows left).
      arrow::Int64Builder picked;
      for (int64_t row = 0; row < batch->num_rows() && left > 0; ++row, --left) {
        if (random() % left >= wanted) continue;
        --wanted;
        // A null takes as much room as a vector and trains nothing.
        if (batch->column(0)->IsValid(row)) ARROW_RETURN_NOT_OK(picked.Append(row));
      }
      ARROW_ASSIGN_OR_RAISE(const auto rows, picked.Finish());
      ARROW_ASSIGN_OR_RAISE(const auto taken, arrow::compute::Take(batch->column(0), rows));
      ARROW_RETURN_NOT_OK(use(*taken.make_array()));
    }
  }

 private:
  Status Pick(uint64_t num_rows, uint64_t seed, const std::function<Status(const arrow::Array&)>& use) const {
    std::vector<int64_t> rows = DrawPositions(num_rows, num_rows_, seed);
    std::sort(rows.begin(), rows.end());
    const size_t step = RowsOf(kPieceBytes, type_);
    for (size_t first = 0; first < rows.size(); first += step) {
      const auto piece = std::span<const int64_t>(rows).subspan(first, std::min(step, rows.size() - first));
      ARROW_ASSIGN_OR_RAISE(const auto table, dataset_.Take(piece, Projection(column_, false)));
      for (const auto& array : table->column(0)->chunks()) ARROW_RETURN_NOT_OK(use(*array));
    }
    return Status::OK();
  }

  Result<std::shared_ptr<arrow::RecordBatchReader>> Read(bool with_row_id) const {
    ScanOptions options = Projection(column_, with_row_id);
    options.fragments = fragments_;
    options.batch_rows = static_cast<int64_t>(std::min(kMostRows, RowsOf(kBatchBytes, type_)));
    options.io_buffer_bytes = kReadAheadBytes;
    ARROW_ASSIGN_OR_RAISE(const auto scanner, dataset_.Scan(options));
    return scanner->ToReader();
  }

  const Dataset& dataset_;
  std::string column_;
  std::optional<std::vector<uint64_t>> fragments_;
  index::VectorType type_;
  uint64_t num_rows_;
};

class RowSource : public index::VectorSource {
 public:
  RowSource(const Dataset& dataset, std::string column, std::vector<uint64_t> row_ids, index::VectorType type)
      : dataset_(dataset), column_(std::move(column)), row_ids_(std::move(row_ids)), type_(type) {}

  const index::VectorType& type() const override { return type_; }
  uint64_t num_rows() const override { return row_ids_.size(); }

  Result<std::shared_ptr<arrow::RecordBatchReader>> Scan() const override {
    ARROW_ASSIGN_OR_RAISE(const auto none, dataset_.TakeRowIds({}, Projection(column_, true)));
    size_t next = 0;
    auto batches =
        arrow::MakeFunctionIterator([this, next]() mutable -> Result<std::shared_ptr<arrow::RecordBatch>> {
          if (next >= row_ids_.size()) return nullptr;
          const auto piece = std::span<const uint64_t>(row_ids_).subspan(next);
          const size_t rows = std::min<size_t>(piece.size(), RowsOf(kBatchBytes, type_));
          next += rows;
          ARROW_ASSIGN_OR_RAISE(const auto table,
                                dataset_.TakeRowIds(piece.first(rows), Projection(column_, true)));
          return table->CombineChunksToBatch();
        });
    return arrow::RecordBatchReader::MakeFromIterator(std::move(batches), none->schema());
  }

  Status Sample(uint64_t num_rows, uint64_t seed,
                const std::function<Status(const arrow::Array&)>& use) const override {
    std::vector<int64_t> positions =
        DrawPositions(std::min<uint64_t>(num_rows, row_ids_.size()), row_ids_.size(), seed);
    std::sort(positions.begin(), positions.end());
    std::vector<uint64_t> drawn;
    for (const int64_t position : positions) drawn.push_back(row_ids_[static_cast<size_t>(position)]);
    const RowSource source(dataset_, column_, std::move(drawn), type_);
    ARROW_ASSIGN_OR_RAISE(const auto reader, source.Scan());
    while (true) {
      ARROW_ASSIGN_OR_RAISE(const auto batch, reader->Next());
      if (batch == nullptr) return Status::OK();
      ARROW_RETURN_NOT_OK(use(*batch->column(0)));
    }
  }

 private:
  const Dataset& dataset_;
  std::string column_;
  std::vector<uint64_t> row_ids_;
  index::VectorType type_;
};

Result<index::VectorType> TypeOf(const Dataset& dataset, const std::string& column) {
  ARROW_ASSIGN_OR_RAISE(const schema::Field* field, dataset.snapshot()->manifest().schema.Resolve(column));
  ARROW_ASSIGN_OR_RAISE(const auto arrow_type, field->ArrowType());
  return index::VectorTypeOf(*arrow_type);
}

}  // namespace

Result<std::unique_ptr<index::VectorSource>> MakeRowSource(const Dataset& dataset, const std::string& column,
                                                           std::vector<uint64_t> row_ids) {
  ARROW_ASSIGN_OR_RAISE(const index::VectorType type, TypeOf(dataset, column));
  return std::make_unique<RowSource>(dataset, column, std::move(row_ids), type);
}

Result<std::unique_ptr<index::VectorSource>> MakeColumnSource(
    const Dataset& dataset, const std::string& column, std::optional<std::vector<uint64_t>> fragments) {
  const table::Snapshot& snapshot = *dataset.snapshot();
  ARROW_ASSIGN_OR_RAISE(const index::VectorType type, TypeOf(dataset, column));
  uint64_t rows = 0;
  if (fragments.has_value()) {
    for (const uint64_t id : *fragments) {
      const table::Fragment* fragment = snapshot.FindFragment(id);
      LANCE_CHECK_ARG(fragment != nullptr, "fragment {} is not in version {}", id,
                      snapshot.manifest().version);
      ARROW_ASSIGN_OR_RAISE(const uint64_t live, snapshot.CountRows(*fragment));
      rows += live;
    }
  } else {
    ARROW_ASSIGN_OR_RAISE(rows, snapshot.CountRows());
  }
  return std::make_unique<ColumnSource>(dataset, column, std::move(fragments), type, rows);
}

}  // namespace lance::dataset
