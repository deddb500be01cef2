// Estimates of RaBitQ (Gao and Long, "RaBitQ: quantizing high-dimensional vectors with a theoretical error
// bound for approximate nearest neighbor search", 2024; with more bits: Gao et al., 2025). A row's sign bits
// give a first estimate with an error bound; rows that may be near enough are judged by all their bits.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "lance/index/vector/rq/rotation.h"
#include "lance/index/vector/search/bounded_rows.h"
#include "lance/index/vector/search/byte_tables.h"
#include "lance/index/vector/search/scorer.h"
#include "lance/simd/quantized.h"

namespace lance::index {
namespace {

class RqScorer : public Scorer {
 public:
  RqScorer(const VectorSegment& segment, const PreparedQuery& query, ScorerScratch* scratch)
      : segment_(segment),
        query_(query),
        sums_(scratch->sums),
        bounds_(scratch->bounds),
        rq_(segment.quantizer().rq()),
        size_(segment.quantizer().code_dimension),
        columns_(size_ / 8),
        residual_query_(rq_.estimator == RqMetadata::Estimator::kResidualQuery),
        dot_(segment.header().metric == simd::Metric::kDot),
        rotated_(size_),
        tables_(columns_ * 32),
        residual_(segment.dimension()) {
    if (!residual_query_) MakeTables(query.values);
  }

  void Begin(const Partition& partition, size_t number, float centroid_distance) override {
    partition_ = &partition;
    const float* centroid = segment_.centroids().data() + number * segment_.dimension();
    if (residual_query_) {
      for (size_t d = 0; d < residual_.size(); ++d) residual_[d] = query_.values[d] - centroid[d];
      MakeTables(residual_);
      add_ = dot_ ? centroid_distance - 1 : centroid_distance;
      return;
    }
    if (!dot_) {
      add_ = centroid_distance;
      error_scale_ = std::sqrt(std::max(centroid_distance, 0.0f));
      return;
    }
    // What a row adds is scaled by the projection of the query onto the centroid.
    double squares = 0;
    for (size_t d = 0; d < residual_.size(); ++d) squares += double{centroid[d]} * centroid[d];
    const float product = 1 - centroid_distance;
    const float projection = static_cast<float>(product / squares);
    add_scale_ = std::isfinite(projection) ? projection : 0;
    add_offset_ = 1;
    add_ = 1 - product;
    double rest = 0;
    for (size_t d = 0; d < residual_.size(); ++d) {
      const double value = query_.values[d] - double{add_scale_} * centroid[d];
      rest += value * value;
    }
    error_scale_ = std::nextafter(static_cast<float>(std::sqrt(rest)), INFINITY);
  }

  void Scan(Neighbors* out) override {
    const size_t rows = partition_->num_rows;
    const uint64_t* ids = partition_->row_ids.data();
    const bool bounded = rounded_ok_ && (one_step() || !partition_->factors.error.empty());
    if (!bounded) {
      for (uint32_t r = 0; r < rows; ++r) out->Offer(RowDistance(r), ids[r]);
      return;
    }
    sums_.resize(rows);
    bounds_.resize(rows);
    simd::SumNibbleTables(partition_->codes->data(), rows, columns_, rounded_.data(), sums_.data());
    LowerBounds();
    OfferBounded(
        bounds_, partition_->row_ids,
        [&](std::span<const uint32_t> near) {
          if (!one_step()) PrefetchRows(partition_->ex_codes->data(), near, size_);
        },
        [&](uint32_t row) { return RowDistance(row); }, out);
  }

  void Distances(std::span<const uint32_t> rows, float* out) override {
    for (uint32_t row : rows) *out++ = RowDistance(row);
  }

 private:
  // Whether the sign bits are all there is.
  bool one_step() const { return residual_query_ || rq_.ex_bits() == 0; }

  void MakeTables(std::span<const float> vector) {
    Rotate(segment_.quantizer(), vector, rotated_.data());
    sum_ = std::accumulate(rotated_.begin(), rotated_.end(), 0.0f);
    // The sum of the values that four bits select.
    for (size_t t = 0; t < columns_ * 2; ++t) {
      const float* values = rotated_.data() + 4 * t;
      float* table = tables_.data() + 16 * t;
      table[0] = 0;
      for (size_t bit = 0; bit < 4; ++bit) {
        for (size_t i = 0; i < (size_t{1} << bit); ++i)
          table[(size_t{1} << bit) + i] = table[i] + values[bit];
      }
    }
    rounded_ok_ = rounded_.Make(tables_.data(), columns_ * 2, 16);
  }

  // Below what each row's distance cannot be.
  void LowerBounds() {
    const float root = std::sqrt(static_cast<float>(size_));
    const float factor = residual_query_ ? 2 / root : 1.0f;
    simd::EstimateTerms terms;
    terms.offset = factor * (rounded_.bias() - sum_ / 2);
    terms.slope = factor * rounded_.step();
    terms.width =
        factor * rounded_.width();  // the product may be larger by that much: tables are rounded down
    terms.add_scale = add_scale_;
    terms.add_offset = add_offset_;
    terms.shift = add_;
    terms.error_scale = error_scale_;
    terms.scale = partition_->factors.scale.data();
    terms.add = partition_->factors.add.data();
    terms.error = one_step() ? nullptr : partition_->factors.error.data();
    simd::EstimateLowerBounds(terms, sums_.data(), sums_.size(), bounds_.data());
  }

  float SignProduct(uint32_t row) const {
    const uint8_t* code = partition_->codes->data() + row;
    const float* table = tables_.data();
    float sum = 0;
    for (size_t c = 0; c < columns_; ++c, code += partition_->num_rows, table += 32) {
      sum += table[*code & 15] + table[16 + (*code >> 4)];
    }
    return sum;
  }

  float RowDistance(uint32_t row) const {
    const RqFactors& factors = partition_->factors;
    const float signs = SignProduct(row);
    if (residual_query_) {
      const float product = (2 * signs - sum_) / std::sqrt(static_cast<float>(size_));
      return product * factors.scale[row] + factors.add[row] + add_;
    }
    if (rq_.ex_bits() == 0) {
      return (signs - sum_ / 2) * factors.scale[row] + add_scale_ * (factors.add[row] - add_offset_) + add_;
    }
    float further;
    simd::DotBytes(rotated_.data(), partition_->ex_codes->data() + row * size_, 1, size_, &further);
    const auto levels = static_cast<float>(1u << rq_.ex_bits());
    const float product = levels * signs + further - (levels - 0.5f) * sum_;
    return product * factors.scale_ex[row] + add_scale_ * (factors.add_ex[row] - add_offset_) + add_;
  }

  const VectorSegment& segment_;
  const PreparedQuery& query_;
  std::vector<uint16_t>& sums_;
  std::vector<float>& bounds_;
  const RqMetadata& rq_;
  const size_t size_;
  const size_t columns_;
  const bool residual_query_;
  const bool dot_;
  std::vector<float> rotated_;
  std::vector<float> tables_;
  float sum_ = 0;  // of the rotated query
  ByteTables rounded_;
  bool rounded_ok_ = false;
  std::vector<float> residual_;
  // A row's distance is scale * product + add_scale_ * (add - add_offset_) + add_.
  float add_ = 0;
  float add_scale_ = 1;
  float add_offset_ = 0;
  float error_scale_ = 0;
  const Partition* partition_ = nullptr;
};

}  // namespace

std::unique_ptr<Scorer> MakeRqScorer(const VectorSegment& segment, const PreparedQuery& query,
                                     ScorerScratch* scratch) {
  return std::make_unique<RqScorer>(segment, query, scratch);
}

}  // namespace lance::index
