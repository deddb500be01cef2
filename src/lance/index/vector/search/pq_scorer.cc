#include <algorithm>

#include "lance/index/vector/search/bounded_rows.h"
#include "lance/index/vector/search/byte_tables.h"
#include "lance/index/vector/search/scorer.h"
#include "lance/index/vector/search/shared_tables.h"
#include "lance/simd/codewords.h"
#include "lance/simd/quantized.h"
#include "lance/simd/select.h"

namespace lance::index {
namespace {

// Tables that are computed in one pass over the codebook.
constexpr ptrdiff_t kTogether = 4;
// So many rows are compared before a table would be made.
constexpr size_t kFewRows = 32;

// Rows are first judged by tables of bytes, which are looked up in registers; those that may be near enough
// then get their distance from the tables of floats, in the order in which the reference adds.
class PqScorer : public Scorer {
 public:
  PqScorer(const VectorSegment& segment, const PreparedQuery& query, ScorerScratch* scratch)
      : segment_(segment),
        query_(query),
        scratch_(*scratch),
        sums_(scratch->sums),
        pq_(segment.quantizer().pq()),
        subs_(pq_.num_sub_vectors),
        codewords_(size_t{1} << pq_.num_bits),
        row_major_(segment.header().kind.sub_index == SubIndex::kHnsw),
        rounded_(&scratch->rounded) {
    if (segment.header().metric == simd::Metric::kDot) {
      offset_ = static_cast<float>(subs_) - 1;
      rounded_ = &own_rounded_;
      own_table_.resize(subs_ * codewords_);
      Compute(simd::CodewordMetric::kDot, query.values.data(), 1, own_table_.data());
      table_ = own_table_.data();
    }
  }

  void Begin(const Partition& partition, size_t number, float) override {
    partition_ = &partition;
    if (!segment_.uses_residuals()) return;
    number_ = static_cast<uint32_t>(number);
    table_ = nullptr;
    rounded_state_ = Rounded::kNone;
    residual_made_ = false;
  }

  void Scan(Neighbors* out) override {
    const size_t rows = partition_->num_rows;
    const uint64_t* ids = partition_->row_ids.data();
    if (segment_.HasPqTerms() && ScanByTerms(out)) return;
    MakeTable();
    if (row_major_ || !MakeRounded()) {
      for (uint32_t r = 0; r < rows; ++r) out->Offer(RowDistance(r), ids[r]);
      return;
    }
    sums_.resize(rows);
    const uint8_t* codes = partition_->codes->data();
    if (pq_.num_bits == 4) {
      simd::SumNibbleTables(codes, rows, subs_ / 2, rounded_->data(), sums_.data());
    } else {
      simd::SumByteTables(codes, rows, subs_, rounded_->data(), sums_.data());
    }
    // While there is no limit the most likely rows come first: they make one.
    int32_t seen = -1;
    if (!out->full() && rows > out->missing()) {
      seen = simd::KthSmallest(sums_.data(), rows, out->missing());
      for (size_t r = 0; r < rows; ++r) {
        r += simd::FindAtMostU16(sums_.data() + r, rows - r, static_cast<uint16_t>(seen));
        if (r < rows) out->Offer(RowDistance(static_cast<uint32_t>(r)), ids[r]);
      }
    }
    float limit = out->limit();
    std::optional<uint16_t> cutoff = rounded_->Cutoff(limit + offset_);
    for (size_t r = 0; r < rows && cutoff.has_value(); ++r) {
      r += simd::FindAtMostU16(sums_.data() + r, rows - r, *cutoff);
      if (r >= rows) break;
      if (sums_[r] <= seen) continue;
      out->Offer(RowDistance(static_cast<uint32_t>(r)), ids[r]);
      if (out->limit() < limit) {
        limit = out->limit();
        cutoff = rounded_->Cutoff(limit + offset_);
      }
    }
  }

  void Distances(std::span<const uint32_t> rows, float* out) override {
    if (table_ == nullptr && segment_.HasPqTerms() && rows.size() <= kFewRows) {
      MakeResidual();
      for (uint32_t row : rows) *out++ = CodeDistance(row);
      return;
    }
    MakeTable();
    if (row_major_) PrefetchRows(partition_->codes->data(), rows, pq_.code_bytes());
    for (uint32_t row : rows) *out++ = RowDistance(row);
  }

 private:
  // The table of the partition, of floats.
  void MakeTable() {
    if (table_ != nullptr) return;
    const Upcoming wanted{this, number_};
    auto& computed = scratch_.computed;
    auto found = std::find(computed.begin(), computed.end(), wanted);
    if (found == computed.end()) {
      ComputeFrom(wanted);
      found = computed.begin();
    }
    table_ = scratch_.tables.data() + static_cast<size_t>(found - computed.begin()) * subs_ * codewords_;
  }

  bool MakeRounded() {
    if (rounded_state_ == Rounded::kNone) {
      const bool ok = rounded_->Make(table_, subs_, codewords_);
      rounded_state_ = ok ? Rounded::kMade : Rounded::kUnusable;
    }
    return rounded_state_ == Rounded::kMade;
  }

  void MakeResidual() {
    if (residual_made_) return;
    residual_made_ = true;
    const size_t dimension = segment_.dimension();
    residual_.resize(dimension);
    const float* centroid = segment_.centroids().data() + number_ * dimension;
    const size_t sub_dim = pq_.sub_dimension();
    for (size_t m = 0; m < subs_; ++m) {
      for (size_t d = 0; d < sub_dim; ++d) {
        residual_[d * subs_ + m] = query_.values[m * sub_dim + d] - centroid[m * sub_dim + d];
      }
    }
  }

  // False where rows have no terms yet, or something is not finite.
  bool ScanByTerms(Neighbors* out) {
    const PqTerms* terms =
        partition_->pq_terms.Get([&] { return MakePqTerms(segment_, *partition_, number_); });
    if (terms == nullptr || !shared_.Make(segment_, query_.values, &scratch_.products)) return false;
    MakeResidual();
    // Anew: bounds are wrong where the distance that the probe was chosen by is less exact.
    float squared = 0;
    simd::Distances(simd::Metric::kL2, simd::Element::kFloat32, query_.values.data(),
                    segment_.centroids().data() + number_ * segment_.dimension(), 1, segment_.dimension(),
                    &squared);
    sums_.resize(partition_->num_rows);
    simd::SumByteTables(partition_->codes->data(), sums_.size(), subs_, shared_.data(), sums_.data());
    if (!shared_.Bounds(segment_, *terms, squared, sums_, &scratch_.bounds)) return false;
    OfferBounded(
        scratch_.bounds, partition_->row_ids, [](std::span<const uint32_t>) {},
        [&](uint32_t row) { return CodeDistance(row); }, out);
    return true;
  }

  // The same as RowDistance, without a table.
  float CodeDistance(uint32_t row) const {
    return simd::CodeDistance(residual_.data(), segment_.quantizer().codewords.data(), subs_,
                              pq_.sub_dimension(), partition_->codes->data() + row, partition_->num_rows);
  }

  // Tables of what is wanted and of what was announced to come after it.
  void ComputeFrom(const Upcoming& wanted) {
    const std::span<const Upcoming> upcoming = scratch_.upcoming;
    const auto from =
        std::find(upcoming.begin() + static_cast<ptrdiff_t>(scratch_.position), upcoming.end(), wanted);
    scratch_.computed.assign(1, wanted);
    if (from != upcoming.end()) {
      const auto end = upcoming.end() - from > kTogether ? from + kTogether : upcoming.end();
      scratch_.computed.assign(from, end);
      scratch_.position = static_cast<size_t>(end - upcoming.begin());
    }
    const size_t count = scratch_.computed.size(), dimension = segment_.dimension();
    scratch_.residuals.resize(count * dimension);
    for (size_t i = 0; i < count; ++i) {
      const float* centroid = segment_.centroids().data() + scratch_.computed[i].partition * dimension;
      const auto& query = static_cast<const PqScorer*>(scratch_.computed[i].scorer)->query_.values;
      float* residual = scratch_.residuals.data() + i * dimension;
      for (size_t d = 0; d < dimension; ++d) residual[d] = query[d] - centroid[d];
    }
    scratch_.tables.resize(count * subs_ * codewords_);
    Compute(simd::CodewordMetric::kL2, scratch_.residuals.data(), count, scratch_.tables.data());
  }

  void Compute(simd::CodewordMetric metric, const float* queries, size_t count, float* tables) const {
    simd::CodewordDistances(metric, queries, count, segment_.quantizer().codebook.data(), subs_,
                            pq_.sub_dimension(), codewords_, tables);
  }

  float RowDistance(uint32_t row) const {
    const size_t columns = pq_.code_bytes();
    const size_t stride = row_major_ ? 1 : partition_->num_rows;
    const uint8_t* code = partition_->codes->data() + (row_major_ ? row * columns : row);
    const float* table = table_;
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
  ScorerScratch& scratch_;
  std::vector<uint16_t>& sums_;
  const PqMetadata& pq_;
  const size_t subs_;
  const size_t codewords_;
  const bool row_major_;
  float offset_ = 0;              // dot: every table but one counts a 1 too much
  std::vector<float> own_table_;  // where it is the same for all partitions
  const float* table_ = nullptr;  // of the partition it turned to
  ByteTables own_rounded_;
  ByteTables* rounded_ = nullptr;
  enum class Rounded { kNone, kMade, kUnusable };
  Rounded rounded_state_ = Rounded::kNone;
  SharedTables shared_;
  std::vector<float> residual_;  // to the partition's centroid, as CodeDistance wants it
  bool residual_made_ = false;
  uint32_t number_ = 0;
  const Partition* partition_ = nullptr;
};

}  // namespace

std::unique_ptr<Scorer> MakePqScorer(const VectorSegment& segment, const PreparedQuery& query,
                                     ScorerScratch* scratch) {
  return std::make_unique<PqScorer>(segment, query, scratch);
}

}  // namespace lance::index
