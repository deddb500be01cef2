#include <algorithm>
#include <cmath>
#include <numeric>

#include "lance/index/vector/search/scorer.h"
#include "lance/simd/gather_distance.h"
#include "lance/simd/quantized.h"

namespace lance::index {
namespace {

constexpr size_t kBlockRows = 256;
constexpr size_t kMostGathered = 32'768;  // dimensions whose squares add up to 32 bits

// L2 compares the query's own code with those of the rows; dot keeps the query as it is.
class SqScorer : public Scorer {
 public:
  SqScorer(const VectorSegment& segment, const PreparedQuery& query)
      : query_(query),
        dimension_(segment.dimension()),
        dot_(segment.header().metric == simd::Metric::kDot),
        start_(static_cast<float>(segment.quantizer().sq().start)) {
    const SqMetadata& sq = segment.quantizer().sq();
    step_ = static_cast<float>(sq.end - sq.start) / 255.0f;
    if (dot_) {
      query_sum_ = std::accumulate(query.values.begin(), query.values.end(), 0.0f);
      return;
    }
    code_.assign(dimension_, 0);
    const double range = sq.end - sq.start;
    if (range == 0) return;
    for (size_t d = 0; d < dimension_; ++d) {
      const double value = (static_cast<double>(query.values[d]) - sq.start) * 255.0 / range;
      code_[d] = static_cast<uint8_t>(std::clamp(std::isnan(value) ? 0.0 : value, 0.0, 255.0));
    }
  }

  void Begin(const Partition& partition, size_t, float) override { partition_ = &partition; }

  void Scan(Neighbors* out) override {
    float distances[kBlockRows];
    const uint64_t* ids = partition_->row_ids.data();
    for (size_t begin = 0; begin < partition_->num_rows; begin += kBlockRows) {
      const size_t count = std::min(kBlockRows, partition_->num_rows - begin);
      RowDistances(begin, count, distances);
      for (size_t r = 0; r < count; ++r) {
        if (distances[r] <= out->limit()) out->Offer(distances[r], ids[begin + r]);
      }
    }
  }

  void Distances(std::span<const uint32_t> rows, float* out) override {
    PrefetchRows(partition_->codes->data(), rows, dimension_);
    if (dot_ || dimension_ > kMostGathered) {
      for (uint32_t row : rows) RowDistances(row, 1, out++);
      return;
    }
    squares_.resize(rows.size());
    simd::GatherL2(code_.data(), partition_->codes->data(), dimension_, rows.data(), rows.size(),
                   squares_.data());
    for (size_t i = 0; i < rows.size(); ++i) out[i] = static_cast<float>(squares_[i]) * (step_ * step_);
  }

 private:
  void RowDistances(size_t begin, size_t count, float* out) const {
    const uint8_t* codes = partition_->codes->data() + begin * dimension_;
    if (dot_) {
      simd::DotBytes(query_.values.data(), codes, count, dimension_, out);
      for (size_t r = 0; r < count; ++r) out[r] = 1 - (start_ * query_sum_ + step_ * out[r]);
      return;
    }
    uint64_t squares[kBlockRows];
    simd::L2Bytes(code_.data(), codes, count, dimension_, squares);
    for (size_t r = 0; r < count; ++r) out[r] = static_cast<float>(squares[r]) * (step_ * step_);
  }

  const PreparedQuery& query_;
  const size_t dimension_;
  const bool dot_;
  const float start_;
  float step_ = 0;
  float query_sum_ = 0;
  std::vector<uint8_t> code_;
  std::vector<uint32_t> squares_;
  const Partition* partition_ = nullptr;
};

}  // namespace

std::unique_ptr<Scorer> MakeSqScorer(const VectorSegment& segment, const PreparedQuery& query) {
  return std::make_unique<SqScorer>(segment, query);
}

}  // namespace lance::index
