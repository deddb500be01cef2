#include "lance/vector_codes.h"

#include <deque>

#include <arrow/api.h>

#include "lance/dataset.h"
#include "lance/dataset/index/column_source.h"
#include "lance/dataset/index/index_entries.h"
#include "lance/dataset/index/vector_index_entry.h"
#include "lance/index/vector/build/coded_batch.h"
#include "lance/table/snapshot.h"

namespace lance {
namespace {

using index::VectorIndexParams;

// The model that centroids and a codebook are, without training anything.
Result<index::VectorModel> GivenModel(const VectorIndexParams& params, const index::VectorType& type) {
  LANCE_CHECK_ARG(params.kind == (index::VectorIndexKind{index::SubIndex::kFlat, index::Quantizer::kPq}),
                  "only IVF_PQ is built of codes, got {}", index::KindName(params.kind));
  LANCE_CHECK_ARG(!params.centroids.empty() && !params.codebook.empty(),
                  "codes of vectors need given centroids and a given codebook");
  ARROW_RETURN_NOT_OK(params.Validate(type.dim, type.element));
  return index::TrainModel({}, type, params, params.centroids.size() / type.dim, {});
}

class CodedReader : public arrow::RecordBatchReader {
 public:
  static Result<std::shared_ptr<CodedReader>> Make(std::shared_ptr<const Dataset> dataset,
                                                   const std::string& column,
                                                   const VectorIndexOptions& options) {
    auto out = std::shared_ptr<CodedReader>(new CodedReader);
    ARROW_ASSIGN_OR_RAISE(const VectorIndexParams params, dataset::ParamsOf(options));
    ARROW_ASSIGN_OR_RAISE(out->source_, dataset::MakeColumnSource(*dataset, column, options.fragments));
    ARROW_ASSIGN_OR_RAISE(out->model_, GivenModel(params, out->source_->type()));
    out->context_ = dataset::ContextOf(*dataset->snapshot(), options);
    out->dataset_ = std::move(dataset);
    ARROW_ASSIGN_OR_RAISE(out->coder_, index::RowCoder::Make(*out->source_, out->model_, out->context_));
    return out;
  }

  std::shared_ptr<arrow::Schema> schema() const override { return index::CodedSchema(code_bytes()); }

  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    *batch = nullptr;
    if (ready_.empty()) {
      ARROW_ASSIGN_OR_RAISE(auto pieces, coder_->Next());
      ready_.assign(std::make_move_iterator(pieces.begin()), std::make_move_iterator(pieces.end()));
    }
    if (ready_.empty()) return Status::OK();
    *batch = index::ToCodedBatch(std::move(ready_.front()), code_bytes());
    ready_.pop_front();
    return Status::OK();
  }

 private:
  CodedReader() = default;
  size_t code_bytes() const { return model_.encoder->record_bytes(); }

  std::shared_ptr<const Dataset> dataset_;
  std::unique_ptr<index::VectorSource> source_;
  index::VectorModel model_;
  index::BuildContext context_;
  std::unique_ptr<index::RowCoder> coder_;
  std::deque<index::CodedRows> ready_;
};

class PartitionReader : public arrow::RecordBatchReader {
 public:
  PartitionReader(std::unique_ptr<index::PartitionedRows> rows, size_t code_bytes)
      : rows_(std::move(rows)), code_bytes_(code_bytes) {}

  std::shared_ptr<arrow::Schema> schema() const override { return index::PartitionListSchema(code_bytes_); }

  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    *batch = nullptr;
    if (next_ == rows_->num_partitions()) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(auto records, rows_->Read(next_));
    LANCE_CHECK_ARG(records.row_ids.size() <= INT32_MAX, "partition {} has too many rows for a list: {}",
                    next_, records.row_ids.size());
    *batch = index::ToPartitionList(static_cast<uint32_t>(next_++), std::move(records), code_bytes_);
    return Status::OK();
  }

 private:
  std::unique_ptr<index::PartitionedRows> rows_;
  size_t code_bytes_;
  size_t next_ = 0;
};

}  // namespace

arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> TransformVectors(
    std::shared_ptr<const Dataset> dataset, const std::string& column, const VectorIndexOptions& options) {
  return CodedReader::Make(std::move(dataset), column, options);
}

arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> ShuffleVectors(arrow::RecordBatchReader& codes,
                                                                        uint64_t num_partitions,
                                                                        uint64_t memory_budget_bytes) {
  ARROW_ASSIGN_OR_RAISE(const size_t code_bytes, index::CodeBytesOf(*codes.schema()));
  LANCE_CHECK_ARG(num_partitions > 0 && num_partitions <= UINT32_MAX, "{} partitions cannot be",
                  num_partitions);
  index::BuildContext context;
  context.memory_budget_bytes = memory_budget_bytes;
  auto rows = std::make_unique<index::PartitionedRows>(num_partitions, code_bytes, context);
  ARROW_RETURN_NOT_OK(index::AppendCoded(codes, rows.get()));
  ARROW_RETURN_NOT_OK(rows->Finish());
  return std::make_shared<PartitionReader>(std::move(rows), code_bytes);
}

arrow::Result<std::shared_ptr<Dataset>> CreateVectorIndexFromCodes(const Dataset& dataset,
                                                                   const std::string& column,
                                                                   const VectorIndexOptions& options,
                                                                   arrow::RecordBatchReader& codes) {
  ARROW_ASSIGN_OR_RAISE(const VectorIndexParams params, dataset::ParamsOf(options));
  ARROW_ASSIGN_OR_RAISE(const auto source, dataset::MakeColumnSource(dataset, column, options.fragments));
  ARROW_ASSIGN_OR_RAISE(const index::VectorModel model, GivenModel(params, source->type()));
  ARROW_ASSIGN_OR_RAISE(const size_t code_bytes, index::CodeBytesOf(*codes.schema()));
  LANCE_CHECK_ARG(code_bytes == model.encoder->record_bytes(),
                  "codes have {} bytes a row, those of the codebook have {}", code_bytes,
                  model.encoder->record_bytes());
  ARROW_ASSIGN_OR_RAISE(table::IndexMetadata entry,
                        dataset::NewVectorEntry(dataset, column, options, params));

  const index::BuildContext context = dataset::ContextOf(*dataset.snapshot(), options);
  index::PartitionedRows rows(model.num_partitions(), code_bytes, context);
  ARROW_RETURN_NOT_OK(index::AppendCoded(codes, &rows));
  ARROW_RETURN_NOT_OK(rows.Finish());
  ARROW_ASSIGN_OR_RAISE(const index::SegmentTarget target,
                        dataset::TargetOf(*dataset.snapshot(), entry.uuid, options.commit.durable));
  ARROW_ASSIGN_OR_RAISE(entry.files, index::WriteRows(rows, model, {}, {}, target, context));
  dataset::Cover(dataset, options, &entry);
  return dataset::CommitNewIndex(dataset, std::move(entry), options.replace, options.commit);
}

}  // namespace lance
