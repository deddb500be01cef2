// The nearest of many points, with Highway. Lanes are points, packed once as panels [dim][vectors][lanes] and
// scaled so that the sum of products is the score itself: a sum starts at |c|^2 and adds <row, -2c>. A tile
// of rows x vectors stays in registers while the dimensions go by; then only the least score of each lane and
// its number are kept. Panels are reused from the first-level cache by a block of rows.
//
// With few dimensions that last step would cost as much as the products. There lanes are rows: 32 of them are
// transposed, and point after point takes its score from all; the least ones stay in registers (3 to 4 times
// as fast at 8 dimensions).
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "lance/simd/nearest.cc"
#include <hwy/foreach_target.h>
// Highway's header must follow foreach_target.h.
#include <hwy/highway.h>

#include <hwy/aligned_allocator.h>

#include "lance/simd/nearest.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <vector>

#include "lance/simd/level.h"

HWY_BEFORE_NAMESPACE();
namespace lance::simd {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using DF = hn::ScalableTag<float>;
using DI = hn::ScalableTag<int32_t>;
using VF = hn::Vec<DF>;
using VI = hn::Vec<DI>;

// Tile sizes: the sums, one row of the panel and a broadcast fill the registers (32, or 16 on older x86).
#if HWY_ARCH_X86 && HWY_TARGET > HWY_AVX3
constexpr size_t kTileRows = 4;
constexpr size_t kTileVectors = 3;
#else
constexpr size_t kTileRows = 6;
constexpr size_t kTileVectors = 4;
#endif
constexpr size_t kBlockRows = kTileRows * 16;
constexpr size_t kNarrowDim = 32;
constexpr size_t kNarrowVectors = 4;  // of rows

class PackedPoints {
 public:
  PackedPoints(const float* points, size_t count, size_t dim, float scale, const float* start)
      : dim_(dim), lanes_(hn::Lanes(DF())), width_(lanes_ * kTileVectors) {
    groups_ = (count + width_ - 1) / width_;
    panels_ = hwy::AllocateAligned<float>(groups_ * width_ * (dim + 1));
    starts_ = panels_.get() + groups_ * width_ * dim;
    for (size_t point = 0; point < groups_ * width_; ++point) {
      float* panel = panels_.get() + point / width_ * width_ * dim + point % width_;
      for (size_t k = 0; k < dim; ++k)
        panel[k * width_] = point < count ? scale * points[point * dim + k] : 0.0f;
      // What fills up the last panel is never the least.
      starts_[point] = point < count ? start[point] : std::numeric_limits<float>::infinity();
    }
  }

  void Find(const float* rows, size_t num_rows, size_t stride, uint32_t* ids, float* scores) const {
    const DF d;
    const DI di;
    HWY_ALIGN float best[kBlockRows * HWY_MAX_BYTES / sizeof(float)];
    HWY_ALIGN int32_t numbers[kBlockRows * HWY_MAX_BYTES / sizeof(int32_t)];
    for (size_t first = 0; first < num_rows; first += kBlockRows) {
      const size_t block = std::min(kBlockRows, num_rows - first);
      for (size_t i = 0; i < block; ++i) {
        hn::Store(hn::Set(d, std::numeric_limits<float>::infinity()), d, best + i * lanes_);
        hn::Store(hn::Zero(di), di, numbers + i * lanes_);
      }
      for (size_t group = 0; group < groups_; ++group) {
        for (size_t row = 0; row < block; row += kTileRows) {
          Tile(rows + first * stride, stride, row, block, group, best, numbers);
        }
      }
      for (size_t i = 0; i < block; ++i)
        Reduce(best + i * lanes_, numbers + i * lanes_, &ids[first + i], &scores[first + i]);
    }
  }

 private:
  HWY_INLINE void Tile(const float* rows, size_t stride, size_t row, size_t block, size_t group,
                       float* HWY_RESTRICT best, int32_t* HWY_RESTRICT numbers) const {
    const DF d;
    const DI di;
    const float* HWY_RESTRICT panel = panels_.get() + group * width_ * dim_;
    const float* from[kTileRows];
    for (size_t r = 0; r < kTileRows; ++r) from[r] = rows + std::min(row + r, block - 1) * stride;
    VF sums[kTileRows][kTileVectors];
#pragma GCC unroll 8
    for (size_t v = 0; v < kTileVectors; ++v) {
      const VF start = hn::Load(d, starts_ + group * width_ + v * lanes_);
#pragma GCC unroll 8
      for (size_t r = 0; r < kTileRows; ++r) sums[r][v] = start;
    }
    for (size_t k = 0; k < dim_; ++k) {
      VF c[kTileVectors];
#pragma GCC unroll 8
      for (size_t v = 0; v < kTileVectors; ++v) c[v] = hn::Load(d, panel + (k * kTileVectors + v) * lanes_);
#pragma GCC unroll 8
      for (size_t r = 0; r < kTileRows; ++r) {
        const VF x = hn::Set(d, from[r][k]);
#pragma GCC unroll 8
        for (size_t v = 0; v < kTileVectors; ++v) sums[r][v] = hn::MulAdd(x, c[v], sums[r][v]);
      }
    }
    const size_t valid = std::min(kTileRows, block - row);
    const VI lane = hn::Iota(di, static_cast<int32_t>(group * width_));
#pragma GCC unroll 8
    for (size_t r = 0; r < kTileRows; ++r) {
      if (r >= valid) break;
      VF least = hn::Load(d, best + (row + r) * lanes_);
      VI number = hn::Load(di, numbers + (row + r) * lanes_);
#pragma GCC unroll 8
      for (size_t v = 0; v < kTileVectors; ++v) {
        const auto less = hn::Lt(sums[r][v], least);
        least = hn::IfThenElse(less, sums[r][v], least);
        number = hn::IfThenElse(hn::RebindMask(di, less),
                                hn::Add(lane, hn::Set(di, static_cast<int32_t>(v * lanes_))), number);
      }
      hn::Store(least, d, best + (row + r) * lanes_);
      hn::Store(number, di, numbers + (row + r) * lanes_);
    }
  }

  void Reduce(const float* best, const int32_t* numbers, uint32_t* id, float* score) const {
    size_t at = 0;
    for (size_t lane = 1; lane < lanes_; ++lane) {
      if (best[lane] < best[at] || (best[lane] == best[at] && numbers[lane] < numbers[at])) at = lane;
    }
    *id = static_cast<uint32_t>(numbers[at]);
    *score = best[at];
  }

  size_t dim_;
  size_t lanes_;
  size_t width_;  // points of a panel
  size_t groups_;
  hwy::AlignedFreeUniquePtr<float[]> panels_;
  float* starts_;
};

// Points of few dimensions: see above.
class NarrowPoints {
 public:
  NarrowPoints(const float* points, size_t count, size_t dim, float scale, const float* start)
      : count_(count), dim_(dim), points_(points, points + count * dim), starts_(start, start + count) {
    for (float& value : points_) value *= scale;
  }

  void Find(const float* rows, size_t num_rows, size_t stride, uint32_t* ids, float* scores) const {
    const DF d;
    const DI di;
    const size_t lanes = hn::Lanes(d), block_rows = kNarrowVectors * lanes;
    HWY_ALIGN float block[kNarrowDim * kNarrowVectors * HWY_MAX_BYTES / sizeof(float)];
    HWY_ALIGN float least[kNarrowVectors * HWY_MAX_BYTES / sizeof(float)];
    HWY_ALIGN int32_t number[kNarrowVectors * HWY_MAX_BYTES / sizeof(int32_t)];
    for (size_t first = 0; first < num_rows; first += block_rows) {
      const size_t valid = std::min(block_rows, num_rows - first);
      for (size_t row = 0; row < block_rows; ++row) {
        const float* from = rows + (first + std::min(row, valid - 1)) * stride;
        for (size_t k = 0; k < dim_; ++k) block[k * block_rows + row] = from[k];
      }
      VF best[kNarrowVectors];
      VI at[kNarrowVectors];
#pragma GCC unroll 4
      for (size_t v = 0; v < kNarrowVectors; ++v) {
        best[v] = hn::Set(d, std::numeric_limits<float>::infinity());
        at[v] = hn::Zero(di);
      }
      const float* HWY_RESTRICT point = points_.data();
      for (size_t p = 0; p < count_; ++p, point += dim_) {
        VF sums[kNarrowVectors];
#pragma GCC unroll 4
        for (size_t v = 0; v < kNarrowVectors; ++v) sums[v] = hn::Set(d, starts_[p]);
        for (size_t k = 0; k < dim_; ++k) {
          const VF c = hn::Set(d, point[k]);
#pragma GCC unroll 4
          for (size_t v = 0; v < kNarrowVectors; ++v) {
            sums[v] = hn::MulAdd(hn::Load(d, block + k * block_rows + v * lanes), c, sums[v]);
          }
        }
        const VI here = hn::Set(di, static_cast<int32_t>(p));
#pragma GCC unroll 4
        for (size_t v = 0; v < kNarrowVectors; ++v) {
          const auto less = hn::Lt(sums[v], best[v]);
          best[v] = hn::IfThenElse(less, sums[v], best[v]);
          at[v] = hn::IfThenElse(hn::RebindMask(di, less), here, at[v]);
        }
      }
#pragma GCC unroll 4
      for (size_t v = 0; v < kNarrowVectors; ++v) {
        hn::Store(best[v], d, least + v * lanes);
        hn::Store(at[v], di, number + v * lanes);
      }
      for (size_t row = 0; row < valid; ++row) {
        ids[first + row] = static_cast<uint32_t>(number[row]);
        scores[first + row] = least[row];
      }
    }
  }

 private:
  size_t count_;
  size_t dim_;
  std::vector<float> points_;
  std::vector<float> starts_;
};

// Adds |row|^2 to each score.
void AddNorms(const float* rows, size_t num_rows, size_t stride, size_t dim, float* scores) {
  const DF d;
  const size_t lanes = hn::Lanes(d);
  for (size_t row = 0; row < num_rows; ++row, rows += stride) {
    VF first = hn::Zero(d), second = hn::Zero(d);
    size_t k = 0;
    for (; k + 2 * lanes <= dim; k += 2 * lanes) {
      const VF x = hn::LoadU(d, rows + k), y = hn::LoadU(d, rows + k + lanes);
      first = hn::MulAdd(x, x, first);
      second = hn::MulAdd(y, y, second);
    }
    float norm = hn::GetLane(hn::SumOfLanes(d, hn::Add(first, second)));
    for (; k < dim; ++k) norm += rows[k] * rows[k];
    scores[row] = std::max(0.0f, scores[row] + norm);
  }
}

std::shared_ptr<const void> PackPoints(const float* points, size_t count, size_t dim, float scale,
                                       const float* start) {
  if (dim <= kNarrowDim) return std::make_shared<const NarrowPoints>(points, count, dim, scale, start);
  return std::make_shared<const PackedPoints>(points, count, dim, scale, start);
}

void FindNearest(const void* packed, size_t dim, const float* rows, size_t num_rows, size_t stride,
                 uint32_t* ids, float* scores) {
  if (dim <= kNarrowDim)
    return static_cast<const NarrowPoints*>(packed)->Find(rows, num_rows, stride, ids, scores);
  static_cast<const PackedPoints*>(packed)->Find(rows, num_rows, stride, ids, scores);
}

}  // namespace HWY_NAMESPACE
}  // namespace lance::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lance::simd {
namespace {

HWY_EXPORT(PackPoints);
HWY_EXPORT(FindNearest);
HWY_EXPORT(AddNorms);

// The definition, for LANCE_SIMD_LEVEL=scalar.
struct PlainPoints {
  std::vector<float> points;
  std::vector<float> start;
  float scale;
};

void FindPlain(const PlainPoints& plain, size_t dim, const float* rows, size_t num_rows, size_t stride,
               uint32_t* ids, float* scores) {
  for (size_t row = 0; row < num_rows; ++row) {
    uint32_t best = 0;
    float least = std::numeric_limits<float>::infinity();
    for (size_t point = 0; point < plain.start.size(); ++point) {
      float sum = plain.start[point];
      for (size_t k = 0; k < dim; ++k)
        sum += rows[row * stride + k] * plain.scale * plain.points[point * dim + k];
      if (sum < least) {
        least = sum;
        best = static_cast<uint32_t>(point);
      }
    }
    ids[row] = best;
    scores[row] = least;
  }
}

}  // namespace

std::unique_ptr<const NearestPoint> NearestPoint::Make(Metric metric, const float* points, size_t count,
                                                       size_t dim, const float* penalty) {
  const bool l2 = metric == Metric::kL2;
  std::vector<float> start(count, l2 ? 0.0f : 1.0f);
  for (size_t point = 0; point < count; ++point) {
    for (size_t k = 0; l2 && k < dim; ++k) start[point] += points[point * dim + k] * points[point * dim + k];
    if (penalty != nullptr) start[point] += penalty[point];
  }
  const float scale = l2 ? -2.0f : -1.0f;
  std::shared_ptr<const void> packed;
  if (UseScalar()) {
    packed = std::make_shared<const PlainPoints>(
        PlainPoints{std::vector<float>(points, points + count * dim), std::move(start), scale});
  } else {
    packed = HWY_DYNAMIC_DISPATCH(PackPoints)(points, count, dim, scale, start.data());
  }
  return std::unique_ptr<const NearestPoint>(new NearestPoint(metric, count, dim, std::move(packed)));
}

void NearestPoint::Find(const float* rows, size_t num_rows, size_t stride, uint32_t* ids,
                        float* distances) const {
  constexpr size_t kBlock = 512;
  float scratch[kBlock];
  for (size_t first = 0; first < num_rows; first += kBlock) {
    const size_t block = std::min(kBlock, num_rows - first);
    const float* from = rows + first * stride;
    float* scores = distances != nullptr ? distances + first : scratch;
    if (UseScalar()) {
      FindPlain(*static_cast<const PlainPoints*>(packed_.get()), dim_, from, block, stride, ids + first,
                scores);
    } else {
      HWY_DYNAMIC_DISPATCH(FindNearest)(packed_.get(), dim_, from, block, stride, ids + first, scores);
    }
    if (distances == nullptr || metric_ != Metric::kL2) continue;
    HWY_DYNAMIC_DISPATCH(AddNorms)(from, block, stride, dim_, scores);
  }
}

}  // namespace lance::simd
#endif  // HWY_ONCE
