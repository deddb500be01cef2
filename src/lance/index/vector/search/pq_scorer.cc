#include <algorithm>

#include "lance/index/vector/search/byte_tables.h"
#include "lance/index/vector/search/scorer.h"
#include "lance/simd/quantized.h"

namespace lance::index {
namespace {

// Rows are first judged by tables of bytes, which are looked up in registers; those that may be near enough
// then get their distance from the tables of floats, in the order in which the reference adds.
class PqScorer : public Scorer {
 public:
  PqScorer(const VectorSegment& segment, const PreparedQuery& query)
      : segment_(segment),
        query_(query),
        pq_(segment.quantizer().pq()),
        subs_(pq_.num_sub_vectors),
        codewords_(size_t{1} << pq_.num_bits),
        row_major_(segment.header().kind.sub_index == SubIndex::kHnsw),
        tables_(subs_ * codewords_),
        residual_(segment.dimension()) {
    if (segment.header().metric == simd::Metric::kDot) {
      offset_ = static_cast<float>(subs_) - 1;
      MakeTables(simd::CodewordMetric::kDot, query.values.data());
    }
  }

  void Begin(const Partition& partition, size_t number, float) override {
    partition_ = &partition;
    if (!segment_.uses_residuals()) return;
    const float* centroid = segment_.centroids().data() + number * segment_.dimension();
    for (size_t d = 0; d < residual_.size(); ++d) residual_[d] = query_.values[d] - centroid[d];
    MakeTables(simd::CodewordMetric::kL2, residual_.data());
  }

  void Scan(Neighbors* out) override {
    const size_t rows = partition_->num_rows;
    const uint64_t* ids = partition_->row_ids.data();
    if (row_major_ || !rounded_ok_) {
      for (uint32_t r = 0; r < rows; ++r) out->Offer(RowDistance(r), ids[r]);
      return;
    }
    sums_.resize(rows);
    const uint8_t* codes = partition_->codes->data();
    if (pq_.num_bits == 4) {
      simd::SumNibbleTables(codes, rows, subs_ / 2, rounded_.data(), sums_.data());
    } else {
      simd::SumByteTables(codes, rows, subs_, rounded_.data(), sums_.data());
    }
    float limit = out->limit();
    std::optional<uint16_t> cutoff = rounded_.Cutoff(limit + offset_);
    for (size_t r = 0; r < rows && cutoff.has_value(); ++r) {
      r += simd::FindAtMostU16(sums_.data() + r, rows - r, *cutoff);
      if (r >= rows) break;
      out->Offer(RowDistance(static_cast<uint32_t>(r)), ids[r]);
      if (out->limit() < limit) {
        limit = out->limit();
        cutoff = rounded_.Cutoff(limit + offset_);
      }
    }
  }

  void Distances(std::span<const uint32_t> rows, float* out) override {
    if (row_major_) PrefetchRows(partition_->codes->data(), rows, pq_.code_bytes());
    for (uint32_t row : rows) *out++ = RowDistance(row);
  }

 private:
  void MakeTables(simd::CodewordMetric metric, const float* query) {
    simd::CodewordDistances(metric, query, segment_.quantizer().codebook.data(), subs_, pq_.sub_dimension(),
                            codewords_, tables_.data());
    if (!row_major_) rounded_ok_ = rounded_.Make(tables_.data(), subs_, codewords_);
  }

  float RowDistance(uint32_t row) const {
    const size_t columns = pq_.code_bytes();
    const size_t stride = row_major_ ? 1 : partition_->num_rows;
    const uint8_t* code = partition_->codes->data() + (row_major_ ? row * columns : row);
    const float* table = tables_.data();
    float sum = 0;
    if (pq_.num_bits == 4) {
      for (size_t c = 0; c < columns; ++c, code += stride, table += 32) {
        sum += table[*code & 15] + table[16 + (*code >> 4)];
      }
    } else {
      for (size_t c = 0; c < columns; ++c, code += stride, table += 256) sum += table[*code];
    }
    return sum - offset_;
  }

  const VectorSegment& segment_;
  const PreparedQuery& query_;
  const PqMetadata& pq_;
  const size_t subs_;
  const size_t codewords_;
  const bool row_major_;
  float offset_ = 0;  // dot: every table but one counts a 1 too much
  std::vector<float> tables_;
  ByteTables rounded_;
  bool rounded_ok_ = false;
  std::vector<float> residual_;
  std::vector<uint16_t> sums_;
  const Partition* partition_ = nullptr;
};

}  // namespace

std::unique_ptr<Scorer> MakePqScorer(const VectorSegment& segment, const PreparedQuery& query) {
  return std::make_unique<PqScorer>(segment, query);
}

}  // namespace lance::index
