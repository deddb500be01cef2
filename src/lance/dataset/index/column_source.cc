#include "lance/dataset/index/column_source.h"

#include <algorithm>
#include <random>

#include <arrow/api.h>
#include <arrow/compute/api.h>

#include "lance/schema/schema.h"
#include "lance/table/snapshot.h"

namespace lance::dataset {
namespace {

constexpr int64_t kBatchRows = 8192;

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

  Result<std::vector<std::shared_ptr<arrow::Array>>> Sample(uint64_t num_rows, uint64_t seed) const override {
    // Beyond some share reading everything in order is cheaper than picking.
    const bool all = num_rows >= num_rows_;
    if (!all && !fragments_.has_value() && num_rows * 4 < num_rows_) {
      ARROW_ASSIGN_OR_RAISE(const auto table,
                            dataset_.Sample(static_cast<int64_t>(num_rows), seed, Projection(false)));
      return table->column(0)->chunks();
    }
    std::vector<std::shared_ptr<arrow::Array>> out;
    ARROW_ASSIGN_OR_RAISE(const auto reader, Read(/*with_row_id=*/false));
    std::mt19937_64 random(seed);
    uint64_t wanted = num_rows, left = num_rows_;
    while (true) {
      ARROW_ASSIGN_OR_RAISE(const auto batch, reader->Next());
      if (batch == nullptr) return out;
      if (all && batch->column(0)->null_count() == 0) {
        out.push_back(batch->column(0));
        continue;
      }
      // Each row is taken with the probability (still wanted) / (rows left).
      arrow::Int64Builder picked;
      for (int64_t row = 0; row < batch->num_rows() && left > 0; ++row, --left) {
        if (!all && random() % left >= wanted) continue;
        if (!all) --wanted;
        // A null takes as much room as a vector and trains nothing.
        if (batch->column(0)->IsValid(row)) ARROW_RETURN_NOT_OK(picked.Append(row));
      }
      ARROW_ASSIGN_OR_RAISE(const auto rows, picked.Finish());
      ARROW_ASSIGN_OR_RAISE(const auto taken, arrow::compute::Take(batch->column(0), rows));
      out.push_back(taken.make_array());
    }
  }

 private:
  ScanOptions Projection(bool with_row_id) const {
    ScanOptions options;
    options.columns = std::vector<ScanOptions::Column>{{column_, ""}};
    options.with_row_id = with_row_id;
    return options;
  }

  Result<std::shared_ptr<arrow::RecordBatchReader>> Read(bool with_row_id) const {
    ScanOptions options = Projection(with_row_id);
    options.fragments = fragments_;
    options.batch_rows = kBatchRows;
    options.io_buffer_bytes = 128 << 20;
    ARROW_ASSIGN_OR_RAISE(const auto scanner, dataset_.Scan(options));
    return scanner->ToReader();
  }

  const Dataset& dataset_;
  std::string column_;
  std::optional<std::vector<uint64_t>> fragments_;
  index::VectorType type_;
  uint64_t num_rows_;
};

}  // namespace

Result<std::unique_ptr<index::VectorSource>> MakeColumnSource(
    const Dataset& dataset, const std::string& column, std::optional<std::vector<uint64_t>> fragments) {
  const table::Snapshot& snapshot = *dataset.snapshot();
  ARROW_ASSIGN_OR_RAISE(const schema::Field* field, snapshot.manifest().schema.Resolve(column));
  ARROW_ASSIGN_OR_RAISE(const auto arrow_type, field->ArrowType());
  ARROW_ASSIGN_OR_RAISE(const index::VectorType type, index::VectorTypeOf(*arrow_type));
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
