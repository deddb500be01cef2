#include "lance/dataset/mutate/merge_insert/target_rows.h"

#include <arrow/api.h>
#include <arrow/compute/api.h>

namespace lance::dataset {

Result<std::shared_ptr<arrow::RecordBatch>> TargetReader::Read(std::span<const uint64_t> addresses) {
  if (columns_.empty()) {
    return arrow::RecordBatch::Make(arrow::schema({}), static_cast<int64_t>(addresses.size()),
                                    arrow::ArrayVector{});
  }
  if (taker_ == nullptr) {
    ScanOptions options;
    options.columns.emplace();
    for (const std::string& name : columns_) options.columns->push_back({name, ""});
    options.blobs = BlobMode::kWritable;
    options.stored_json = true;
    ARROW_ASSIGN_OR_RAISE(taker_, scan::Taker::Make(snapshot_, options));
  }
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Table> table, taker_->Take(addresses));
  return table->CombineChunksToBatch();
}

Result<std::shared_ptr<arrow::RecordBatch>> TakeSourceRows(const arrow::RecordBatch& source,
                                                           std::span<const uint32_t> rows) {
  const arrow::UInt32Array indices(static_cast<int64_t>(rows.size()),
                                   arrow::Buffer::Wrap(rows.data(), rows.size()));
  const auto options = arrow::compute::TakeOptions::NoBoundsCheck();
  arrow::ArrayVector columns;
  for (const auto& column : source.columns()) {
    ARROW_ASSIGN_OR_RAISE(auto taken, arrow::compute::Take(*column, indices, options));
    columns.push_back(std::move(taken));
  }
  return arrow::RecordBatch::Make(source.schema(), indices.length(), std::move(columns));
}

}  // namespace lance::dataset
