// Rows go through in windows: each is cut into pieces that all threads convert, assign and encode.
#include "lance/index/vector/build/row_coder.h"

#include <algorithm>
#include <numeric>

#include <arrow/api.h>

#include "lance/index/vector/kmeans/kmeans.h"
#include "lance/runtime/parallel_for.h"

namespace lance::index {
namespace {

constexpr size_t kMostPieceRows = 2048, kLeastPieceRows = 128;
constexpr size_t kPieceBytes = 1 << 20;  // of vectors, as floats
constexpr size_t kWindowPieces = 32;

struct Piece {
  std::shared_ptr<arrow::Array> vectors;
  std::shared_ptr<arrow::Array> row_ids;
};

}  // namespace

RowCoder::RowCoder(const VectorSource& source, const VectorModel& model, const BuildContext& context)
    : model_(model),
      context_(context),
      options_(RowsOptions(model.metric, model.kind, model.type.element)),
      piece_rows_(static_cast<int64_t>(
          std::clamp(kPieceBytes / (model.type.dim * sizeof(float)), kLeastPieceRows, kMostPieceRows))) {
  if (!model.bytes()) {
    nearest_ = simd::NearestPoint::Make(model.assign_metric(), model.centroids.data(), model.num_partitions(),
                                        model.type.dim);
  }
}

Result<std::unique_ptr<RowCoder>> RowCoder::Make(const VectorSource& source, const VectorModel& model,
                                                 const BuildContext& context) {
  auto out = std::unique_ptr<RowCoder>(new RowCoder(source, model, context));
  ARROW_ASSIGN_OR_RAISE(out->reader_, source.Scan());
  return out;
}

Result<std::vector<CodedRows>> RowCoder::Next() {
  std::vector<Piece> pieces;
  while (pieces.size() < kWindowPieces) {
    ARROW_ASSIGN_OR_RAISE(const auto batch, reader_->Next());
    if (batch == nullptr) break;
    rows_read_ += static_cast<uint64_t>(batch->num_rows());
    for (int64_t at = 0; at < batch->num_rows(); at += piece_rows_) {
      pieces.push_back({batch->column(0)->Slice(at, piece_rows_), batch->column(1)->Slice(at, piece_rows_)});
    }
  }
  ARROW_RETURN_NOT_OK(context_.cancellation.Check());
  std::vector<CodedRows> out(pieces.size());
  ARROW_RETURN_NOT_OK(runtime::ParallelFor(context_.pool, pieces.size(), [&](size_t i) -> Status {
    ARROW_ASSIGN_OR_RAISE(out[i], Code(*pieces[i].vectors, *pieces[i].row_ids));
    pieces[i] = {};
    return Status::OK();
  }));
  return out;
}

Result<CodedRows> RowCoder::Code(const arrow::Array& vectors, const arrow::Array& row_ids) const {
  ARROW_ASSIGN_OR_RAISE(VectorRows rows, ReadVectorRows(vectors, &row_ids, model_.type, options_));
  const size_t count = rows.count();
  CodedRows out;
  out.partitions.resize(count);
  if (model_.bytes()) {
    ARROW_RETURN_NOT_OK(AssignToModes(rows.stored.data(), count, model_.type.dim, model_.modes, nullptr,
                                      out.partitions.data(), nullptr));
  } else {
    std::vector<float> distances(count);
    nearest_->Find(rows.values.data(), count, model_.type.dim, out.partitions.data(), distances.data());
    out.loss = std::accumulate(distances.begin(), distances.end(), 0.0);
  }
  out.codes.resize(count * model_.encoder->record_bytes());
  AssignedRows assigned;
  assigned.values = rows.values.data();
  assigned.stored = rows.stored.empty() ? nullptr : rows.stored.data();
  assigned.partitions = out.partitions.data();
  assigned.count = count;
  ARROW_RETURN_NOT_OK(model_.encoder->Encode(assigned, out.codes.data()));
  out.row_ids = std::move(rows.row_ids);
  return out;
}

}  // namespace lance::index
