// Distances of many queries at once, with Highway. Lanes are queries: they are packed once as panels
// [dim][lanes], and a tile of four rows x up to six vectors of queries is kept in registers while the
// dimensions go by: per dimension four broadcast loads and six panel loads serve 24 multiply-adds. The rows
// are read where they are.
//
// Distances sum L2 as differences, which keeps the distance of equal vectors 0. Estimates take it from
// |q|^2 - 2<q, v> + |v|^2, a product of matrices at nearly twice the speed, and bound what that loses.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "lance/simd/distance_batch.cc"
#include <hwy/foreach_target.h>
// Highway's header must follow foreach_target.h.
#include <hwy/highway.h>

#include <hwy/aligned_allocator.h>

#include "lance/simd/distance.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <vector>

#include "lance/simd/distance_scalar.h"
#include "lance/simd/level.h"

HWY_BEFORE_NAMESPACE();
namespace lance::simd {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR

// A CPU without vectors that Highway uses.
void BatchOf(Metric metric, const float* queries, size_t num_queries, const float* vectors, size_t rows,
             size_t dim, float* out) {
  scalar::BatchDistancesF32(metric, queries, num_queries, vectors, rows, dim, out);
}

std::shared_ptr<const void> PackOf(const float*, size_t, size_t) { return nullptr; }
const float* NormsOf(const void*) { return nullptr; }
void EstimateOf(const void*, const float*, size_t, float*, float*) {}

#else

using DF = hn::ScalableTag<float>;
using VF = hn::Vec<DF>;

constexpr int kTileRows = 4;
// Vectors of queries in a tile: with the rows' broadcasts and one panel load they fill the registers, of
// which AVX-512 and Neon have 32 and older x86 sets 16.
#if HWY_ARCH_X86 && HWY_TARGET > HWY_AVX3
constexpr int kTileVectors = 2;
#else
constexpr int kTileVectors = 6;
#endif

// Writes a tile's vectors (lane: query) of four rows to out[query * stride + row]: four-by-four
// transpositions inside 128-bit blocks make 16-byte stores of one query's four rows.
HWY_INLINE void StoreTile(VF r0, VF r1, VF r2, VF r3, size_t valid_queries, size_t valid_rows, size_t stride,
                          float* HWY_RESTRICT out) {
  const DF d;
  const size_t lanes = hn::Lanes(d);
  HWY_ALIGN float block[kTileRows * HWY_MAX_BYTES / sizeof(float)];
  const VF a = hn::InterleaveLower(d, r0, r2), b = hn::InterleaveLower(d, r1, r3);
  const VF c = hn::InterleaveUpper(d, r0, r2), e = hn::InterleaveUpper(d, r1, r3);
  hn::Store(hn::InterleaveLower(d, a, b), d, block);
  hn::Store(hn::InterleaveUpper(d, a, b), d, block + lanes);
  hn::Store(hn::InterleaveLower(d, c, e), d, block + 2 * lanes);
  hn::Store(hn::InterleaveUpper(d, c, e), d, block + 3 * lanes);
  const size_t bytes = valid_rows * sizeof(float);
  for (size_t q = 0; q < valid_queries; ++q) {
    const float* from = block + (q % 4) * lanes + q / 4 * 4;
    if (valid_rows == kTileRows) {
      std::memcpy(out + q * stride, from, kTileRows * sizeof(float));
    } else {
      std::memcpy(out + q * stride, from, bytes);
    }
  }
}

// What a tile makes of its sums.
enum class Output { kL2, kDot, kCosine, kL2Estimate };

struct Panels {
  const float* data;   // [group of vectors][dim][vectors of the group][lanes]
  const float* norms;  // per query, padded to whole vectors; squared for estimates
  size_t num_queries;
  size_t dim;
};

// One tile: `vectors` vectors of queries from `first_query` on, four rows (the last ones may repeat).
template <Output kOutput, int kVectors>
HWY_INLINE void Tile(const float* HWY_RESTRICT panel, const Panels& panels, size_t first_query,
                     const float* const* rows, const float* row_norms, size_t valid_rows, size_t stride,
                     float* HWY_RESTRICT out) {
  const DF d;
  const size_t lanes = hn::Lanes(d);
  VF sums[kTileRows][kVectors];
#pragma GCC unroll 8
  for (int r = 0; r < kTileRows; ++r) {
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) sums[r][v] = hn::Zero(d);
  }
  const float* r0 = rows[0];
  const float* r1 = rows[1];
  const float* r2 = rows[2];
  const float* r3 = rows[3];
  for (size_t k = 0; k < panels.dim; ++k) {
    const VF x0 = hn::Set(d, r0[k]), x1 = hn::Set(d, r1[k]), x2 = hn::Set(d, r2[k]), x3 = hn::Set(d, r3[k]);
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) {
      const VF q = hn::Load(d, panel + (k * kVectors + v) * lanes);
      if constexpr (kOutput == Output::kL2) {
        const VF d0 = hn::Sub(q, x0), d1 = hn::Sub(q, x1), d2 = hn::Sub(q, x2), d3 = hn::Sub(q, x3);
        sums[0][v] = hn::MulAdd(d0, d0, sums[0][v]);
        sums[1][v] = hn::MulAdd(d1, d1, sums[1][v]);
        sums[2][v] = hn::MulAdd(d2, d2, sums[2][v]);
        sums[3][v] = hn::MulAdd(d3, d3, sums[3][v]);
      } else {
        sums[0][v] = hn::MulAdd(q, x0, sums[0][v]);
        sums[1][v] = hn::MulAdd(q, x1, sums[1][v]);
        sums[2][v] = hn::MulAdd(q, x2, sums[2][v]);
        sums[3][v] = hn::MulAdd(q, x3, sums[3][v]);
      }
    }
  }
#pragma GCC unroll 8
  for (int v = 0; v < kVectors; ++v) {
    const size_t query = first_query + v * lanes;
    if (query >= panels.num_queries) break;
    if constexpr (kOutput == Output::kL2Estimate) {
      const VF query_norm = hn::Load(d, panels.norms + query), two = hn::Set(d, 2.0f);
      for (int r = 0; r < kTileRows; ++r) {
        sums[r][v] = hn::NegMulAdd(two, sums[r][v], hn::Add(query_norm, hn::Set(d, row_norms[r])));
      }
    } else if constexpr (kOutput != Output::kL2) {
      const VF one = hn::Set(d, 1.0f);
      for (int r = 0; r < kTileRows; ++r) {
        if constexpr (kOutput == Output::kCosine) {
          const VF by_query = hn::Div(sums[r][v], hn::Load(d, panels.norms + query));
          sums[r][v] = hn::Div(by_query, hn::Set(d, row_norms[r]));
        }
        sums[r][v] = hn::Sub(one, sums[r][v]);
      }
    }
    StoreTile(sums[0][v], sums[1][v], sums[2][v], sums[3][v], std::min(lanes, panels.num_queries - query),
              valid_rows, stride, out + query * stride);
  }
}

template <Output kOutput, int kVectors>
HWY_INLINE void TileOf(int vectors, const float* panel, const Panels& panels, size_t first_query,
                       const float* const* rows, const float* row_norms, size_t valid_rows, size_t stride,
                       float* out) {
  if constexpr (kVectors > 1) {
    if (vectors < kVectors) {
      return TileOf<kOutput, kVectors - 1>(vectors, panel, panels, first_query, rows, row_norms, valid_rows,
                                           stride, out);
    }
  }
  Tile<kOutput, kVectors>(panel, panels, first_query, rows, row_norms, valid_rows, stride, out);
}

float SquaredNormOf(const float* row, size_t dim) {
  const DF d;
  const size_t lanes = hn::Lanes(d);
  VF a = hn::Zero(d), b = hn::Zero(d);
  size_t i = 0;
  for (; i + 2 * lanes <= dim; i += 2 * lanes) {
    const VF x = hn::LoadU(d, row + i), y = hn::LoadU(d, row + i + lanes);
    a = hn::MulAdd(x, x, a);
    b = hn::MulAdd(y, y, b);
  }
  float total = hn::GetLane(hn::SumOfLanes(d, hn::Add(a, b)));
  for (; i < dim; ++i) total += row[i] * row[i];
  return total;
}

// Queries as panels, each group as even in size as can be: 7 vectors go as 4 + 3, not 6 + 1.
class Packed {
 public:
  Packed(const float* queries, size_t num_queries, size_t dim, bool squared_norms) {
    const size_t lanes = hn::Lanes(DF());
    const size_t vectors = (num_queries + lanes - 1) / lanes;
    const size_t groups = (vectors + kTileVectors - 1) / kTileVectors;
    memory_ = hwy::AllocateAligned<float>(vectors * lanes * (dim + 1));
    float* panel = memory_.get();
    for (size_t g = 0, first = 0; g < groups; ++g) {
      const size_t count = vectors / groups + (g < vectors % groups ? 1 : 0);
      groups_.push_back({panel, static_cast<int>(count), first * lanes});
      for (size_t lane = 0; lane < count * lanes; ++lane) {
        const size_t query = first * lanes + lane;
        for (size_t k = 0; k < dim; ++k) {
          panel[k * count * lanes + lane] = query < num_queries ? queries[query * dim + k] : 0.0f;
        }
      }
      panel += dim * count * lanes;
      first += count;
    }
    for (size_t query = 0; query < vectors * lanes; ++query) {
      const float norm = query < num_queries ? SquaredNormOf(queries + query * dim, dim) : 1.0f;
      panel[query] = squared_norms ? norm : std::sqrt(norm);
    }
    panels_ = {memory_.get(), panel, num_queries, dim};
  }

  template <Output kOutput>
  void Run(const float* vectors, size_t rows, float* out, float* squared_norms = nullptr) const {
    for (size_t row = 0; row < rows; row += kTileRows) {
      const size_t valid = std::min<size_t>(kTileRows, rows - row);
      const float* tile[kTileRows];
      float norms[kTileRows] = {};
      for (size_t r = 0; r < kTileRows; ++r) {
        tile[r] = vectors + (row + std::min(r, valid - 1)) * panels_.dim;
        if constexpr (kOutput == Output::kCosine) norms[r] = std::sqrt(SquaredNormOf(tile[r], panels_.dim));
        if constexpr (kOutput == Output::kL2Estimate) {
          norms[r] = SquaredNormOf(tile[r], panels_.dim);
          squared_norms[row + std::min(r, valid - 1)] = norms[r];
        }
      }
      for (const Group& group : groups_) {
        TileOf<kOutput, kTileVectors>(group.vectors, group.panel, panels_, group.first_query, tile, norms,
                                      valid, rows, out + row);
      }
    }
  }

  const float* norms() const { return panels_.norms; }

 private:
  struct Group {
    const float* panel;
    int vectors;
    size_t first_query;
  };
  hwy::AlignedFreeUniquePtr<float[]> memory_;
  std::vector<Group> groups_;
  Panels panels_;
};

void BatchOf(Metric metric, const float* queries, size_t num_queries, const float* vectors, size_t rows,
             size_t dim, float* out) {
  // With few queries most lanes would be empty; then rows are read from cache once for each.
  if (num_queries * 2 <= hn::Lanes(DF()) || metric == Metric::kHamming) {
    const size_t block = std::max<size_t>(4, (size_t{64} << 10) / (dim * sizeof(float) + 1) / 4 * 4);
    for (size_t row = 0; row < rows; row += block) {
      for (size_t q = 0; q < num_queries; ++q) {
        Distances(metric, Element::kFloat32, queries + q * dim, vectors + row * dim,
                  std::min(block, rows - row), dim, out + q * rows + row);
      }
    }
    return;
  }
  const Packed packed(queries, num_queries, dim, /*squared_norms=*/false);
  switch (metric) {
    case Metric::kL2:
      return packed.Run<Output::kL2>(vectors, rows, out);
    case Metric::kDot:
      return packed.Run<Output::kDot>(vectors, rows, out);
    default:
      return packed.Run<Output::kCosine>(vectors, rows, out);
  }
}

std::shared_ptr<const void> PackOf(const float* queries, size_t num_queries, size_t dim) {
  // With few queries most lanes would be empty.
  if (num_queries < 2 * hn::Lanes(DF())) return nullptr;
  return std::make_shared<const Packed>(queries, num_queries, dim, /*squared_norms=*/true);
}

const float* NormsOf(const void* packed) { return static_cast<const Packed*>(packed)->norms(); }

void EstimateOf(const void* packed, const float* vectors, size_t rows, float* out, float* squared_norms) {
  static_cast<const Packed*>(packed)->Run<Output::kL2Estimate>(vectors, rows, out, squared_norms);
}

#endif  // HWY_TARGET == HWY_SCALAR

}  // namespace HWY_NAMESPACE
}  // namespace lance::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lance::simd {
namespace {

HWY_EXPORT(BatchOf);
HWY_EXPORT(PackOf);
HWY_EXPORT(NormsOf);
HWY_EXPORT(EstimateOf);

}  // namespace

void BatchDistancesF32(Metric metric, const float* queries, size_t num_queries, const float* vectors,
                       size_t rows, size_t dim, float* out) {
  if (UseScalar()) return scalar::BatchDistancesF32(metric, queries, num_queries, vectors, rows, dim, out);
  HWY_DYNAMIC_DISPATCH(BatchOf)(metric, queries, num_queries, vectors, rows, dim, out);
}

std::unique_ptr<const L2Estimator> L2Estimator::Make(const float* queries, size_t num_queries, size_t dim) {
  if (UseScalar()) return nullptr;
  std::shared_ptr<const void> packed = HWY_DYNAMIC_DISPATCH(PackOf)(queries, num_queries, dim);
  if (packed == nullptr) return nullptr;
  const float* norms = HWY_DYNAMIC_DISPATCH(NormsOf)(packed.get());
  return std::unique_ptr<const L2Estimator>(new L2Estimator(std::move(packed), norms, dim));
}

void L2Estimator::Estimate(const float* vectors, size_t rows, float* out, float* squared_norms) const {
  HWY_DYNAMIC_DISPATCH(EstimateOf)(packed_.get(), vectors, rows, out, squared_norms);
}

// A sum of n products is off by at most n roundings of the sum of their magnitudes: the two norms and the
// inner product are, and so is the distance that the estimate stands for, each by n * 2^-24 * (|q| + |v|)^2,
// and (|q| + |v|)^2 <= 2 (|q|^2 + |v|^2). The 8 is for the last operations, and for the norms given here.
float L2Estimator::ErrorBound(size_t query, float squared_norm) const {
  constexpr float kLargest = std::numeric_limits<float>::max() / 8;
  const float sum = norms_[query] + squared_norm;
  if (!(sum < kLargest)) return std::numeric_limits<float>::infinity();
  constexpr float kRounding = 1.0f / (1 << 24);
  return 4 * (static_cast<float>(dim_) + 8) * kRounding * sum + std::numeric_limits<float>::min();
}

}  // namespace lance::simd
#endif  // HWY_ONCE
