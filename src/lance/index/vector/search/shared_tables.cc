#include "lance/index/vector/search/shared_tables.h"

#include <cmath>

#include "lance/simd/codewords.h"
#include "lance/simd/quantized.h"

namespace lance::index {
namespace {

// No smaller than the absolute values that any sum of products of a vector with codewords is made of.
float Reach(const VectorSegment& segment, const std::vector<float>& vector) {
  const QuantizerModel& model = segment.quantizer();
  const size_t sub_dim = model.pq().sub_dimension();
  float out = 0;
  for (size_t m = 0; m < model.longest.size(); ++m) {
    float squares = 0;
    for (size_t d = 0; d < sub_dim; ++d) squares += vector[m * sub_dim + d] * vector[m * sub_dim + d];
    out += std::sqrt(squares) * model.longest[m];
  }
  return out;
}

std::vector<float> FromMiddle(const VectorSegment& segment, const float* vector) {
  std::vector<float> out = segment.quantizer().middle;
  for (size_t d = 0; d < out.size(); ++d) out[d] = vector[d] - out[d];
  return out;
}

// - <vector, codeword> of all codewords.
void NegativeProducts(const VectorSegment& segment, const std::vector<float>& vector, float* out) {
  const QuantizerModel& model = segment.quantizer();
  const PqMetadata& pq = model.pq();
  simd::CodewordDistances(simd::CodewordMetric::kNegativeDot, vector.data(), 1, model.codebook.data(),
                          pq.num_sub_vectors, pq.sub_dimension(), size_t{1} << pq.num_bits, out);
}

}  // namespace

PqTerms MakePqTerms(const VectorSegment& segment, const Partition& partition, size_t number) {
  const QuantizerModel& model = segment.quantizer();
  const std::vector<float> centroid =
      FromMiddle(segment, segment.centroids().data() + number * segment.dimension());
  std::vector<float> table(model.squares.size());
  NegativeProducts(segment, centroid, table.data());
  for (size_t i = 0; i < table.size(); ++i) table[i] = model.squares[i] - 2 * table[i];
  PqTerms out;
  const size_t rows = partition.num_rows;
  out.values.resize(rows);
  const uint8_t* codes = partition.codes->data();
  for (size_t m = 0; m < model.longest.size(); ++m, codes += rows) {
    for (size_t row = 0; row < rows; ++row) out.values[row] += table[m * 256 + codes[row]];
    out.magnitude += model.longest[m] * model.longest[m];
  }
  out.magnitude += 2 * Reach(segment, centroid);
  return out;
}

bool SharedTables::Make(const VectorSegment& segment, const std::vector<float>& query,
                        std::vector<float>* scratch) {
  if (state_ == State::kNone) {
    const std::vector<float> shifted = FromMiddle(segment, query.data());
    const PqMetadata& pq = segment.quantizer().pq();
    scratch->resize(segment.quantizer().squares.size());
    NegativeProducts(segment, shifted, scratch->data());
    reach_ = Reach(segment, shifted);
    const bool ok = rounded_.Make(scratch->data(), pq.num_sub_vectors, size_t{1} << pq.num_bits);
    state_ = ok ? State::kMade : State::kUnusable;
  }
  return state_ == State::kMade;
}

bool SharedTables::Bounds(const VectorSegment& segment, const PqTerms& terms, float squared,
                          const std::vector<uint16_t>& sums, std::vector<float>* bounds) const {
  // Each float was rounded by about 6e-8 of itself, in sums of as many as there are dimensions, here and in
  // the distance that is bounded.
  const float rounding = 2.4e-7f * static_cast<float>(segment.dimension() + 32);
  const float slack = rounding * (squared + terms.magnitude + 2 * reach_) + 2 * rounded_.slack();
  if (!std::isfinite(slack)) return false;
  simd::EstimateTerms estimate;
  estimate.offset = 2 * rounded_.bias();
  estimate.slope = 2 * rounded_.step();
  estimate.shift = squared - slack;
  estimate.add = terms.values.data();
  bounds->resize(sums.size());
  simd::EstimateLowerBounds(estimate, sums.data(), sums.size(), bounds->data());
  return true;
}

}  // namespace lance::index
