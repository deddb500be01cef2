#include "lance/index/vector/build/node_distance.h"

#include <algorithm>

#include "lance/simd/gather_distance.h"

namespace lance::index {
namespace {

// Calls `gather` for at most as many others as fit a small array of integers.
template <typename Gather, typename Finish>
void InSteps(const uint32_t* others, size_t count, float* out, Gather gather, Finish finish) {
  constexpr size_t kStep = 64;
  uint32_t sums[kStep];
  for (size_t first = 0; first < count; first += kStep) {
    const size_t now = std::min(kStep, count - first);
    gather(others + first, now, sums);
    for (size_t i = 0; i < now; ++i) out[first + i] = finish(others[first + i], sums[i]);
  }
}

class FloatDistance : public NodeDistance {
 public:
  FloatDistance(std::vector<float> rows, size_t dim, bool dot)
      : rows_(std::move(rows)), dim_(dim), dot_(dot) {}

  void FromNode(uint32_t node, const uint32_t* others, size_t count, float* out) const override {
    const float* query = rows_.data() + size_t{node} * dim_;
    if (!dot_) return simd::GatherL2(query, rows_.data(), dim_, others, count, out);
    simd::GatherDot(query, rows_.data(), dim_, others, count, out);
    for (size_t i = 0; i < count; ++i) out[i] = 1 - out[i];
  }

 private:
  std::vector<float> rows_;
  size_t dim_;
  bool dot_;
};

class SqL2Distance : public NodeDistance {
 public:
  SqL2Distance(std::vector<uint8_t> codes, size_t dim, float step)
      : codes_(std::move(codes)), dim_(dim), scale_(step * step) {}

  void FromNode(uint32_t node, const uint32_t* others, size_t count, float* out) const override {
    const uint8_t* query = codes_.data() + size_t{node} * dim_;
    InSteps(
        others, count, out,
        [&](const uint32_t* ids, size_t now, uint32_t* sums) {
          simd::GatherL2(query, codes_.data(), dim_, ids, now, sums);
        },
        [&](uint32_t, uint32_t sum) { return scale_ * static_cast<float>(sum); });
  }

 private:
  std::vector<uint8_t> codes_;
  size_t dim_;
  float scale_;
};

class SqDotDistance : public NodeDistance {
 public:
  SqDotDistance(std::vector<uint8_t> codes, size_t dim, float start, float step)
      : codes_(std::move(codes)), dim_(dim), start_(start), step_(step), sums_(codes_.size() / dim) {
    for (size_t row = 0; row < sums_.size(); ++row) {
      uint32_t sum = 0;
      for (size_t k = 0; k < dim; ++k) sum += codes_[row * dim + k];
      sums_[row] = static_cast<float>(sum);
    }
  }

  // <a, b> of what codes stand for: dim start^2 + start step (sum a + sum b) + step^2 <codes>.
  void FromNode(uint32_t node, const uint32_t* others, size_t count, float* out) const override {
    const uint8_t* query = codes_.data() + size_t{node} * dim_;
    const float base = 1 - static_cast<float>(dim_) * start_ * start_ - start_ * step_ * sums_[node];
    InSteps(
        others, count, out,
        [&](const uint32_t* ids, size_t now, uint32_t* products) {
          simd::GatherDot(query, codes_.data(), dim_, ids, now, products);
        },
        [&](uint32_t other, uint32_t product) {
          return base - start_ * step_ * sums_[other] - step_ * step_ * static_cast<float>(product);
        });
  }

 private:
  std::vector<uint8_t> codes_;
  size_t dim_;
  float start_;
  float step_;
  std::vector<float> sums_;
};

class HammingDistance : public NodeDistance {
 public:
  HammingDistance(std::vector<uint8_t> rows, size_t dim) : rows_(std::move(rows)), dim_(dim) {}

  void FromNode(uint32_t node, const uint32_t* others, size_t count, float* out) const override {
    const uint8_t* query = rows_.data() + size_t{node} * dim_;
    InSteps(
        others, count, out,
        [&](const uint32_t* ids, size_t now, uint32_t* sums) {
          simd::GatherHamming(query, rows_.data(), dim_, ids, now, sums);
        },
        [](uint32_t, uint32_t sum) { return static_cast<float>(sum); });
  }

 private:
  std::vector<uint8_t> rows_;
  size_t dim_;
};

}  // namespace

std::unique_ptr<NodeDistance> MakeL2Distance(std::vector<float> rows, size_t dim) {
  return std::make_unique<FloatDistance>(std::move(rows), dim, false);
}
std::unique_ptr<NodeDistance> MakeDotDistance(std::vector<float> rows, size_t dim) {
  return std::make_unique<FloatDistance>(std::move(rows), dim, true);
}
std::unique_ptr<NodeDistance> MakeSqL2Distance(std::vector<uint8_t> codes, size_t dim, float step) {
  return std::make_unique<SqL2Distance>(std::move(codes), dim, step);
}
std::unique_ptr<NodeDistance> MakeSqDotDistance(std::vector<uint8_t> codes, size_t dim, float start,
                                                float step) {
  return std::make_unique<SqDotDistance>(std::move(codes), dim, start, step);
}
std::unique_ptr<NodeDistance> MakeHammingDistance(std::vector<uint8_t> rows, size_t dim) {
  return std::make_unique<HammingDistance>(std::move(rows), dim);
}

}  // namespace lance::index
