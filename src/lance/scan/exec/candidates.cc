#include "lance/scan/exec/candidates.h"

#include <cmath>

#include <arrow/api.h>

#include "lance/scan/exec/knn_query.h"
#include "lance/scan/exec/knn_stage.h"
#include "lance/scan/plan/projection.h"

namespace lance::scan {
namespace {

template <typename T>
std::shared_ptr<arrow::Array> ToArray(const std::shared_ptr<arrow::DataType>& type, std::vector<T> values) {
  const auto length = static_cast<int64_t>(values.size());
  return arrow::MakeArray(
      arrow::ArrayData::Make(type, length, {nullptr, arrow::Buffer::FromVector(std::move(values))}, 0));
}

}  // namespace

void CandidateColumns::Append(size_t query_index, const std::vector<Candidate>& candidates) {
  for (const Candidate& candidate : candidates) {
    query.push_back(static_cast<int32_t>(query_index));
    distance.push_back(candidate.distance);
    row_id.push_back(candidate.row_id);
    address.push_back(candidate.address);
  }
}

std::shared_ptr<arrow::RecordBatch> CandidateColumns::Finish() {
  const auto rows = static_cast<int64_t>(query.size());
  return arrow::RecordBatch::Make(
      KnnStage::OutputSchema(), rows,
      {ToArray(arrow::int32(), std::move(query)), ToArray(arrow::float32(), std::move(distance)),
       ToArray(arrow::uint64(), std::move(row_id)), ToArray(arrow::uint64(), std::move(address))});
}

Result<RowVectors> RowVectors::Make(const KnnQuery& knn, std::shared_ptr<arrow::Array> column) {
  RowVectors out;
  out.knn_ = &knn;
  out.vector_bytes_ = knn.dim * ElementBytes(knn.element);
  ARROW_ASSIGN_OR_RAISE(out.holder_, GetMember(std::move(column), knn.members));
  const arrow::Array* lists = out.holder_.get();
  int64_t first = lists->offset();
  if (knn.multi_vector) {
    const auto& outer = static_cast<const arrow::ListArray&>(*lists);
    out.offsets_ = outer.raw_value_offsets();
    lists = outer.values().get();
    first = lists->offset();
  }
  const auto& vectors = static_cast<const arrow::FixedSizeListArray&>(*lists);
  const std::shared_ptr<arrow::ArrayData>& values = vectors.values()->data();
  if (values->buffers.size() < 2 || (values->buffers[1] == nullptr && values->length > 0)) {
    return Internal("column '{}' has no vector values", knn.column);
  }
  if (values->buffers[1] != nullptr) {
    const auto element = static_cast<int64_t>(ElementBytes(knn.element));
    out.vectors_ =
        values->buffers[1]->data() + (first * static_cast<int64_t>(knn.dim) + values->offset) * element;
  }
  return out;
}

void RowVectors::Prefetch(size_t row) const {
  constexpr size_t kLine = 64, kMostLines = 8;  // the processor itself follows longer rows
  if (knn_->multi_vector || vectors_ == nullptr) return;
  const uint8_t* start = vectors_ + row * vector_bytes_;
  for (size_t line = 0; line < kMostLines && line * kLine < vector_bytes_; ++line) {
    __builtin_prefetch(start + line * kLine);
  }
}

float RowVectors::Distance(size_t query, size_t row) const {
  const KnnQuery& knn = *knn_;
  if (holder_->IsNull(static_cast<int64_t>(row))) return std::nanf("");
  if (!knn.multi_vector) {
    float distance;
    simd::Distances(knn.metric, knn.element, knn.queries->data() + query * vector_bytes_,
                    vectors_ + row * vector_bytes_, 1, knn.dim, &distance);
    return distance;
  }
  const int32_t begin = offsets_[row];
  const auto count = static_cast<size_t>(offsets_[row + 1] - begin);
  if (count == 0) return std::nanf("");
  std::vector<float> distances(count);
  float score = 0;
  for (size_t q = 0; q < knn.num_vectors; ++q) {
    simd::Distances(knn.metric, knn.element, knn.queries->data() + q * vector_bytes_,
                    vectors_ + static_cast<size_t>(begin) * vector_bytes_, count, knn.dim, distances.data());
    float nearest = distances[0];
    for (float distance : distances) {
      if (distance < nearest || std::isnan(nearest)) nearest = distance;
    }
    score += nearest;
  }
  return score;
}

}  // namespace lance::scan
