#include "lance/index/vector/kmeans/spatial_order.h"

#include <algorithm>
#include <numeric>
#include <span>

namespace lance::index {
namespace {

class Bisection {
 public:
  Bisection(const float* points, size_t count, size_t dim)
      : points_(points), dim_(dim), axis_(dim), along_(count) {}

  void Order(std::span<uint32_t> some) {
    if (some.size() < 3) return;
    FindAxis(some);
    for (const uint32_t p : some) along_[p] = Dot(p);
    const auto less = [&](uint32_t a, uint32_t b) {
      return along_[a] != along_[b] ? along_[a] < along_[b] : a < b;
    };
    const size_t half = some.size() / 2;
    std::nth_element(some.begin(), some.begin() + static_cast<ptrdiff_t>(half), some.end(), less);
    Order(some.first(half));
    Order(some.subspan(half));
  }

 private:
  const float* Point(uint32_t p) const { return points_ + size_t{p} * dim_; }

  // From a point far from the first one to the point that is farthest from it.
  void FindAxis(std::span<const uint32_t> some) {
    const uint32_t one = Farthest(some, some.front());
    const uint32_t other = Farthest(some, one);
    for (size_t d = 0; d < dim_; ++d) axis_[d] = Point(other)[d] - Point(one)[d];
  }

  uint32_t Farthest(std::span<const uint32_t> some, uint32_t from) const {
    uint32_t farthest = from;
    float most = -1;
    for (const uint32_t p : some) {
      float squares = 0;
      for (size_t d = 0; d < dim_; ++d) {
        const float difference = Point(p)[d] - Point(from)[d];
        squares += difference * difference;
      }
      if (squares > most) {
        most = squares;
        farthest = p;
      }
    }
    return farthest;
  }

  float Dot(uint32_t p) const { return std::inner_product(axis_.begin(), axis_.end(), Point(p), 0.0f); }

  const float* points_;
  size_t dim_;
  std::vector<float> axis_;
  std::vector<float> along_;
};

}  // namespace

std::vector<uint32_t> SpatialOrder(const float* points, size_t count, size_t dim) {
  std::vector<uint32_t> out(count);
  std::iota(out.begin(), out.end(), 0u);
  Bisection(points, count, dim).Order(out);
  return out;
}

}  // namespace lance::index
