#include <algorithm>

#include "lance/index/vector/search/scorer.h"
#include "lance/simd/find_at_most.h"

namespace lance::index {
namespace {

constexpr size_t kBlockRows = 512;

class FlatScorer : public Scorer {
 public:
  FlatScorer(const VectorSegment& segment, const PreparedQuery& query)
      : metric_(segment.header().metric),
        element_(segment.element()),
        dimension_(segment.dimension()),
        row_bytes_(dimension_ * ElementSize(element_)) {
    const auto* bytes = static_cast<const uint8_t*>(query.stored);
    if (query.element == element_) {
      query_.assign(bytes, bytes + row_bytes_);
    } else {
      // The column changed its type since; the index compares what it has.
      const auto* floats = reinterpret_cast<const uint8_t*>(query.values.data());
      query_.assign(floats, floats + dimension_ * sizeof(float));
    }
  }

  void Begin(const Partition& partition, size_t, float) override { partition_ = &partition; }

  void Scan(Neighbors* out) override {
    float distances[kBlockRows];
    const uint64_t* ids = partition_->row_ids.data();
    for (size_t begin = 0; begin < partition_->num_rows; begin += kBlockRows) {
      const size_t count = std::min(kBlockRows, partition_->num_rows - begin);
      simd::Distances(metric_, element_, query_.data(), partition_->codes->data() + begin * row_bytes_, count,
                      dimension_, distances);
      for (size_t r = 0; r < count; ++r) {
        r += simd::FindAtMost(distances + r, count - r, out->limit());
        if (r < count) out->Offer(distances[r], ids[begin + r]);
      }
    }
  }

  void Distances(std::span<const uint32_t> rows, float* out) override {
    PrefetchRows(partition_->codes->data(), rows, row_bytes_);
    for (uint32_t row : rows) {
      simd::Distances(metric_, element_, query_.data(), partition_->codes->data() + row * row_bytes_, 1,
                      dimension_, out++);
    }
  }

 private:
  const simd::Metric metric_;
  const simd::Element element_;
  const size_t dimension_;
  const size_t row_bytes_;
  std::vector<uint8_t> query_;
  const Partition* partition_ = nullptr;
};

}  // namespace

std::unique_ptr<Scorer> MakeFlatScorer(const VectorSegment& segment, const PreparedQuery& query) {
  return std::make_unique<FlatScorer>(segment, query);
}

std::unique_ptr<Scorer> MakeScorer(const VectorSegment& segment, const PreparedQuery& query,
                                   ScorerScratch* scratch) {
  switch (segment.header().kind.quantizer) {
    case Quantizer::kPq:
      return MakePqScorer(segment, query, scratch);
    case Quantizer::kSq:
      return MakeSqScorer(segment, query);
    case Quantizer::kRq:
      return MakeRqScorer(segment, query, scratch);
    default:
      return MakeFlatScorer(segment, query);
  }
}

}  // namespace lance::index
