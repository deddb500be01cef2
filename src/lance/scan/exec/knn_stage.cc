#include "lance/scan/exec/knn_stage.h"

#include <cmath>

#include <arrow/api.h>

#include "lance/scan/exec/candidates.h"
#include "lance/scan/plan/projection.h"
#include "lance/simd/find_at_most.h"

namespace lance::scan {
namespace {

// Rows whose distances to all queries are computed together: the distances stay in the second-level cache.
constexpr size_t kBlockRows = 512;

}  // namespace

SharedThresholds::SharedThresholds(size_t queries) : values_(queries) {
  for (auto& value : values_) value.store(std::numeric_limits<float>::infinity(), std::memory_order_relaxed);
}

void SharedThresholds::Lower(size_t query, float value) {
  float seen = values_[query].load(std::memory_order_relaxed);
  while (value < seen && !values_[query].compare_exchange_weak(seen, value, std::memory_order_relaxed)) {
  }
}

struct KnnStage::Rows {
  std::shared_ptr<arrow::Array> holder;
  const uint8_t* vectors = nullptr;     // of row 0 (single) or of the first vector of all rows (multi)
  const arrow::Array* nulls = nullptr;  // null rows have no distance
  const int32_t* offsets = nullptr;     // multi: vectors of row i are [offsets[i], offsets[i + 1])
  const uint64_t* row_ids = nullptr;
  const uint64_t* addresses = nullptr;
  size_t count = 0;
};

KnnStage::KnnStage(std::shared_ptr<const ScanPlan> plan, std::shared_ptr<RunState> run)
    : plan_(std::move(plan)),
      run_(std::move(run)),
      scan_(plan_, run_, /*project=*/false),
      thresholds_(std::make_shared<SharedThresholds>(plan_->knn->num_queries())) {
  const KnnQuery& knn = *plan_->knn;
  // Every row of the first k is computed twice, so k must be few rows of a block.
  const bool few = knn.k <= kBlockRows / 8;
  if (few && knn.metric == simd::Metric::kL2 && knn.element == simd::Element::kFloat32 && !knn.multi_vector) {
    estimator_ = simd::L2Estimator::Make(reinterpret_cast<const float*>(knn.queries->data()),
                                         knn.num_queries(), knn.dim);
  }
}

std::shared_ptr<arrow::Schema> KnnStage::OutputSchema() {
  static const auto schema =
      arrow::schema({VirtualField(ColumnSource::kQueryIndex), VirtualField(ColumnSource::kDistance),
                     VirtualField(ColumnSource::kRowId), VirtualField(ColumnSource::kRowAddress)});
  return schema;
}

Result<KnnStage::Rows> KnnStage::GetRows(const arrow::RecordBatch& batch) const {
  const KnnQuery& knn = *plan_->knn;
  Rows rows;
  rows.count = static_cast<size_t>(batch.num_rows());
  ARROW_ASSIGN_OR_RAISE(rows.holder, GetMember(batch.GetColumnByName(knn.column), knn.members));
  rows.nulls = rows.holder->null_count() > 0 ? rows.holder.get() : nullptr;
  const arrow::Array* lists = rows.holder.get();
  int64_t first = lists->offset();
  if (knn.multi_vector) {
    const auto& outer = static_cast<const arrow::ListArray&>(*lists);
    rows.offsets = outer.raw_value_offsets();
    lists = outer.values().get();
    first = lists->offset();
  }
  const auto& vectors = static_cast<const arrow::FixedSizeListArray&>(*lists);
  const std::shared_ptr<arrow::ArrayData>& values = vectors.values()->data();
  if (values->buffers.size() < 2 || (values->buffers[1] == nullptr && values->length > 0)) {
    return Internal("column '{}' has no vector values", knn.column);
  }
  const auto element = static_cast<int64_t>(ElementBytes(knn.element));
  const int64_t skip = (first * static_cast<int64_t>(knn.dim) + values->offset) * element;
  rows.vectors = values->buffers[1] == nullptr ? nullptr : values->buffers[1]->data() + skip;
  auto uint64s = [&](ColumnSource source) {
    return static_cast<const arrow::UInt64Array&>(*batch.GetColumnByName(std::string(VirtualName(source))))
        .raw_values();
  };
  rows.row_ids = uint64s(ColumnSource::kRowId);
  rows.addresses = uint64s(ColumnSource::kRowAddress);
  return rows;
}

inline void KnnStage::Offer(size_t query, float distance, const Rows& rows, size_t row, float* threshold,
                            TopK* best) const {
  // Also false for NaN, which has no place in an order.
  if (!(distance <= *threshold)) return;
  const KnnQuery& knn = *plan_->knn;
  if (knn.lower_bound.has_value() && distance < *knn.lower_bound) return;
  if (knn.upper_bound.has_value() && !(distance < *knn.upper_bound)) return;
  if (rows.nulls != nullptr && rows.nulls->IsNull(static_cast<int64_t>(row))) return;
  best->Offer({distance, rows.row_ids[row], rows.addresses[row]});
  if (best->threshold() < *threshold) {
    *threshold = best->threshold();
    thresholds_->Lower(query, *threshold);
  }
}

// Offers the rows of a block whose distance to `query` may be at most the threshold. `distances` are off by
// up to `error`; when that is not 0 the few that may matter are computed again.
void KnnStage::OfferBlock(size_t query, const Rows& rows, size_t begin, std::span<const float> distances,
                          float error, TopK* best) const {
  const KnnQuery& knn = *plan_->knn;
  const size_t vector_bytes = knn.dim * ElementBytes(knn.element);
  const size_t count = distances.size();
  float threshold = std::min(best->threshold(), thresholds_->Get(query));
  for (size_t r = 0; r < count; ++r) {
    r += simd::FindAtMost(distances.data() + r, count - r, threshold + error);
    if (r >= count) break;
    float distance = distances[r];
    if (error > 0) {
      simd::Distances(knn.metric, knn.element, knn.queries->data() + query * vector_bytes,
                      rows.vectors + (begin + r) * vector_bytes, 1, knn.dim, &distance);
    }
    Offer(query, distance, rows, begin + r, &threshold, best);
  }
}

void KnnStage::SearchSingle(const Rows& rows, std::vector<TopK>* best) const {
  const KnnQuery& knn = *plan_->knn;
  const size_t queries = knn.num_queries();
  const size_t vector_bytes = knn.dim * ElementBytes(knn.element);
  std::vector<float> distances(queries * std::min(kBlockRows, rows.count));
  std::vector<float> norms(std::min(kBlockRows, rows.count));
  const bool together = knn.element == simd::Element::kFloat32 && queries > 1;
  for (size_t begin = 0; begin < rows.count; begin += kBlockRows) {
    const size_t count = std::min(kBlockRows, rows.count - begin);
    const uint8_t* vectors = rows.vectors + begin * vector_bytes;
    const auto* floats = reinterpret_cast<const float*>(vectors);
    float largest_norm = 0;
    if (estimator_ != nullptr) {
      estimator_->Estimate(floats, count, distances.data(), norms.data());
      for (size_t r = 0; r < count; ++r) {
        if (norms[r] <= largest_norm) continue;
        largest_norm = std::isnan(norms[r]) ? std::numeric_limits<float>::infinity() : norms[r];
      }
    } else if (together) {
      simd::BatchDistancesF32(knn.metric, reinterpret_cast<const float*>(knn.queries->data()), queries,
                              floats, count, knn.dim, distances.data());
    }
    for (size_t q = 0; q < queries; ++q) {
      float error = estimator_ == nullptr ? 0 : estimator_->ErrorBound(q, largest_norm);
      if (!together || !std::isfinite(error)) {
        simd::Distances(knn.metric, knn.element, knn.queries->data() + q * vector_bytes, vectors, count,
                        knn.dim, distances.data() + q * count);
        error = 0;
      }
      OfferBlock(q, rows, begin, {distances.data() + q * count, count}, error, &(*best)[q]);
    }
  }
}

// The score of a multi-vector is, for each vector of the query, the distance to the nearest of its vectors,
// summed.
void KnnStage::SearchMulti(const Rows& rows, TopK* best) const {
  const KnnQuery& knn = *plan_->knn;
  const size_t vector_bytes = knn.dim * ElementBytes(knn.element);
  std::vector<float> distances;
  float threshold = thresholds_->Get(0);
  for (size_t row = 0; row < rows.count; ++row) {
    const int32_t begin = rows.offsets[row];
    const auto count = static_cast<size_t>(rows.offsets[row + 1] - begin);
    if (count == 0) continue;
    distances.resize(count);
    float score = 0;
    for (size_t q = 0; q < knn.num_vectors; ++q) {
      simd::Distances(knn.metric, knn.element, knn.queries->data() + q * vector_bytes,
                      rows.vectors + static_cast<size_t>(begin) * vector_bytes, count, knn.dim,
                      distances.data());
      // NaN counts as farther than everything else.
      float nearest = distances[0];
      for (float distance : distances) {
        if (distance < nearest || std::isnan(nearest)) nearest = distance;
      }
      score += nearest;
    }
    Offer(0, score, rows, row, &threshold, best);
  }
}

Result<std::shared_ptr<arrow::RecordBatch>> KnnStage::Run(const Unit& unit) const {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::RecordBatch> batch, scan_.Run(unit));
  if (batch == nullptr || batch->num_rows() == 0) return nullptr;
  NodeMetrics& node = run_->at(NodeRole::kKnn);
  NodeTimer timer(node);
  ARROW_ASSIGN_OR_RAISE(Rows rows, GetRows(*batch));
  const KnnQuery& knn = *plan_->knn;
  std::vector<TopK> best(knn.num_queries(), TopK(knn.k));
  if (knn.multi_vector) {
    SearchMulti(rows, &best[0]);
  } else {
    SearchSingle(rows, &best);
  }
  node.rows.fetch_add(rows.count, std::memory_order_relaxed);
  node.batches.fetch_add(1, std::memory_order_relaxed);
  CandidateColumns columns;
  for (size_t q = 0; q < best.size(); ++q) columns.Append(q, best[q].Take());
  return columns.Finish();
}

namespace {

class KnnMerge : public BatchStream {
 public:
  KnnMerge(std::shared_ptr<const ScanPlan> plan, std::shared_ptr<RunState> run,
           std::unique_ptr<BatchStream> candidates)
      : plan_(std::move(plan)), run_(std::move(run)), input_(std::move(candidates)) {}

  Result<std::shared_ptr<arrow::RecordBatch>> Next() override {
    if (done_) return nullptr;
    done_ = true;
    std::vector<TopK> best(plan_->knn->num_queries(), TopK(plan_->knn->k));
    while (true) {
      ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::RecordBatch> batch, input_->Next());
      if (batch == nullptr) break;
      const auto* query = static_cast<const arrow::Int32Array&>(*batch->column(0)).raw_values();
      const auto* distance = static_cast<const arrow::FloatArray&>(*batch->column(1)).raw_values();
      const auto* row_id = static_cast<const arrow::UInt64Array&>(*batch->column(2)).raw_values();
      const auto* address = static_cast<const arrow::UInt64Array&>(*batch->column(3)).raw_values();
      for (int64_t i = 0; i < batch->num_rows(); ++i) {
        best[query[i]].Offer({distance[i], row_id[i], address[i]});
      }
    }
    input_ = nullptr;
    NodeMetrics& node = run_->at(NodeRole::kTopK);
    NodeTimer timer(node);
    CandidateColumns columns;
    for (size_t q = 0; q < best.size(); ++q) columns.Append(q, best[q].Take());
    auto batch = columns.Finish();
    node.rows.fetch_add(static_cast<uint64_t>(batch->num_rows()), std::memory_order_relaxed);
    node.batches.fetch_add(1, std::memory_order_relaxed);
    if (batch->num_rows() == 0) return nullptr;
    return batch;
  }

 private:
  std::shared_ptr<const ScanPlan> plan_;
  std::shared_ptr<RunState> run_;
  std::unique_ptr<BatchStream> input_;
  bool done_ = false;
};

}  // namespace

std::unique_ptr<BatchStream> MakeKnnMerge(std::shared_ptr<const ScanPlan> plan, std::shared_ptr<RunState> run,
                                          std::unique_ptr<BatchStream> candidates) {
  return std::make_unique<KnnMerge>(std::move(plan), std::move(run), std::move(candidates));
}

}  // namespace lance::scan
