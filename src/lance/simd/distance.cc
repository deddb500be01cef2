// Distances of one query, and of many at once, with Highway: this file is compiled once for each instruction
// set and the best one that the CPU has is called.
//
// One query: four rows at a time, two accumulators each, so that eight additions are in flight.
//
// Many queries (BatchDistancesF32): lanes are queries. The queries are packed once as panels [dim][lanes],
// and a tile of four rows x up to six vectors of queries is kept in registers while the dimensions go by: per
// dimension four broadcast loads and six panel loads serve 24 multiply-adds. The rows are read where they
// are. L2 is summed as differences and not as |a|^2 + |b|^2 - 2ab, which costs half the speed and keeps the
// distance of equal vectors 0.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "lance/simd/distance.cc"
#include <hwy/foreach_target.h>
// Highway's header must follow foreach_target.h.
#include <hwy/highway.h>

#include <hwy/aligned_allocator.h>

#include "lance/simd/distance.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "lance/simd/distance_scalar.h"

HWY_BEFORE_NAMESPACE();
namespace lance::simd {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR

// A CPU without vectors that Highway uses.
void DistancesOf(Metric metric, Element element, const void* query, const void* vectors, size_t rows,
                 size_t dim, float* out) {
  scalar::Distances(metric, element, query, vectors, rows, dim, out);
}

void BatchOf(Metric metric, const float* queries, size_t num_queries, const float* vectors, size_t rows,
             size_t dim, float* out) {
  scalar::BatchDistancesF32(metric, queries, num_queries, vectors, rows, dim, out);
}

#else

// How stored elements become what is computed with.
template <typename Stored, typename Computed>
struct ElementOf {
  using T = Stored;
  using C = Computed;
  using D = hn::ScalableTag<C>;
  static HWY_INLINE hn::Vec<D> Load(D d, const T* from) {
    if constexpr (std::is_same_v<T, C>) {
      return hn::LoadU(d, from);
    } else {
      return hn::PromoteTo(d, hn::LoadU(hn::Rebind<T, D>(), from));
    }
  }
};

struct L2Op {
  static constexpr int kSums = 1;
  template <class V>
  static HWY_INLINE void Step(V q, V x, V* sums) {
    const V difference = hn::Sub(q, x);
    sums[0] = hn::MulAdd(difference, difference, sums[0]);
  }
  template <typename C>
  static HWY_INLINE float Finish(C, const C* sums) {
    return static_cast<float>(sums[0]);
  }
};

struct DotOp {
  static constexpr int kSums = 1;
  template <class V>
  static HWY_INLINE void Step(V q, V x, V* sums) {
    sums[0] = hn::MulAdd(q, x, sums[0]);
  }
  template <typename C>
  static HWY_INLINE float Finish(C, const C* sums) {
    return static_cast<float>(1 - sums[0]);
  }
};

struct CosineOp {
  static constexpr int kSums = 2;
  template <class V>
  static HWY_INLINE void Step(V q, V x, V* sums) {
    sums[0] = hn::MulAdd(q, x, sums[0]);
    sums[1] = hn::MulAdd(x, x, sums[1]);
  }
  template <typename C>
  static HWY_INLINE float Finish(C query_norm, const C* sums) {
    return static_cast<float>(1 - sums[0] / query_norm / std::sqrt(sums[1]));
  }
};

// Distances of R neighbouring rows. `query` is padded with zeros to whole vectors, and so is the rows' rest
// before it is loaded: zeros add nothing to any sum.
template <class Op, class E, int R>
HWY_INLINE void Rows(const typename E::C* HWY_RESTRICT query, typename E::C query_norm,
                     const typename E::T* HWY_RESTRICT rows, size_t dim, float* HWY_RESTRICT out) {
  using C = typename E::C;
  const typename E::D d;
  using V = hn::Vec<typename E::D>;
  const size_t lanes = hn::Lanes(d);
  V sums[R][2][Op::kSums];
  for (int r = 0; r < R; ++r) {
    for (int s = 0; s < Op::kSums; ++s) sums[r][0][s] = sums[r][1][s] = hn::Zero(d);
  }
  size_t i = 0;
  for (; i + 2 * lanes <= dim; i += 2 * lanes) {
    const V first = hn::LoadU(d, query + i), second = hn::LoadU(d, query + i + lanes);
#pragma GCC unroll 4
    for (int r = 0; r < R; ++r) {
      Op::Step(first, E::Load(d, rows + r * dim + i), sums[r][0]);
      Op::Step(second, E::Load(d, rows + r * dim + i + lanes), sums[r][1]);
    }
  }
  for (; i + lanes <= dim; i += lanes) {
    const V part = hn::LoadU(d, query + i);
#pragma GCC unroll 4
    for (int r = 0; r < R; ++r) Op::Step(part, E::Load(d, rows + r * dim + i), sums[r][0]);
  }
  if (i < dim) {
    const V part = hn::LoadU(d, query + i);
    HWY_ALIGN typename E::T rest[HWY_MAX_BYTES / sizeof(C)];
    std::memset(rest, 0, sizeof(rest));
    for (int r = 0; r < R; ++r) {
      std::memcpy(rest, rows + r * dim + i, (dim - i) * sizeof(typename E::T));
      Op::Step(part, E::Load(d, rest), sums[r][0]);
    }
  }
  for (int r = 0; r < R; ++r) {
    C total[Op::kSums];
    for (int s = 0; s < Op::kSums; ++s) {
      total[s] = hn::GetLane(hn::SumOfLanes(d, hn::Add(sums[r][0][s], sums[r][1][s])));
    }
    out[r] = Op::Finish(query_norm, total);
  }
}

template <class Op, class E>
void AllRows(const typename E::C* query, typename E::C query_norm, const typename E::T* vectors, size_t rows,
             size_t dim, float* out) {
  size_t row = 0;
  for (; row + 4 <= rows; row += 4) Rows<Op, E, 4>(query, query_norm, vectors + row * dim, dim, out + row);
  for (; row < rows; ++row) Rows<Op, E, 1>(query, query_norm, vectors + row * dim, dim, out + row);
}

// The query in computing precision, padded with zeros to whole vectors.
template <class E>
class PaddedQuery {
 public:
  using C = typename E::C;
  PaddedQuery(const typename E::T* query, size_t dim) {
    const typename E::D d;
    const size_t lanes = hn::Lanes(d);
    const size_t padded = (dim + lanes - 1) / lanes * lanes;
    if (padded > kInline) heap_.resize(padded);
    C* to = padded > kInline ? heap_.data() : inline_;
    size_t i = 0;
    for (; i + lanes <= dim; i += lanes) hn::StoreU(E::Load(d, query + i), d, to + i);
    if (i < dim) {
      HWY_ALIGN typename E::T rest[HWY_MAX_BYTES / sizeof(C)];
      std::memset(rest, 0, sizeof(rest));
      std::memcpy(rest, query + i, (dim - i) * sizeof(typename E::T));
      hn::StoreU(E::Load(d, rest), d, to + i);
    }
    data_ = to;
    auto sum = hn::Zero(d);
    for (i = 0; i < padded; i += lanes) {
      const auto part = hn::LoadU(d, to + i);
      sum = hn::MulAdd(part, part, sum);
    }
    norm_ = std::sqrt(hn::GetLane(hn::SumOfLanes(d, sum)));
  }
  const C* data() const { return data_; }
  C norm() const { return norm_; }

 private:
  static constexpr size_t kInline = 1024;
  HWY_ALIGN C inline_[kInline];
  std::vector<C> heap_;
  const C* data_;
  C norm_;
};

template <class E>
void OneQuery(Metric metric, const void* query, const void* vectors, size_t rows, size_t dim, float* out) {
  const PaddedQuery<E> padded(static_cast<const typename E::T*>(query), dim);
  const auto* from = static_cast<const typename E::T*>(vectors);
  switch (metric) {
    case Metric::kL2:
      return AllRows<L2Op, E>(padded.data(), padded.norm(), from, rows, dim, out);
    case Metric::kDot:
      return AllRows<DotOp, E>(padded.data(), padded.norm(), from, rows, dim, out);
    case Metric::kCosine:
      return AllRows<CosineOp, E>(padded.data(), padded.norm(), from, rows, dim, out);
    case Metric::kHamming:
      std::fill_n(out, rows, std::nanf(""));
  }
}

void Hamming(const uint8_t* HWY_RESTRICT query, const uint8_t* HWY_RESTRICT vectors, size_t rows, size_t dim,
             float* HWY_RESTRICT out) {
  const hn::ScalableTag<uint8_t> d;
  const hn::ScalableTag<uint64_t> wide;
  const size_t lanes = hn::Lanes(d);
  for (size_t row = 0; row < rows; ++row) {
    const uint8_t* vector = vectors + row * dim;
    auto sums = hn::Zero(wide);
    size_t i = 0;
    for (; i + lanes <= dim; i += lanes) {
      const auto bits = hn::PopulationCount(hn::Xor(hn::LoadU(d, query + i), hn::LoadU(d, vector + i)));
      sums = hn::Add(sums, hn::SumsOf8(bits));
    }
    uint64_t total = hn::GetLane(hn::SumOfLanes(wide, sums));
    for (; i < dim; ++i) total += static_cast<uint64_t>(__builtin_popcount(query[i] ^ vector[i]));
    out[row] = static_cast<float>(total);
  }
}

void DistancesOf(Metric metric, Element element, const void* query, const void* vectors, size_t rows,
                 size_t dim, float* out) {
  switch (element) {
    case Element::kFloat16:
      return OneQuery<ElementOf<hwy::float16_t, float> >(metric, query, vectors, rows, dim, out);
    case Element::kBFloat16:
      return OneQuery<ElementOf<hwy::bfloat16_t, float> >(metric, query, vectors, rows, dim, out);
    case Element::kFloat32:
      return OneQuery<ElementOf<float, float> >(metric, query, vectors, rows, dim, out);
    case Element::kFloat64:
      return OneQuery<ElementOf<double, double> >(metric, query, vectors, rows, dim, out);
    case Element::kUInt8:
      return Hamming(static_cast<const uint8_t*>(query), static_cast<const uint8_t*>(vectors), rows, dim,
                     out);
  }
}

// --- many queries ---

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

struct Panels {
  const float* data;   // [group of vectors][dim][vectors of the group][lanes]
  const float* norms;  // per query, padded to whole vectors
  size_t num_queries;
  size_t dim;
};

// One tile: `vectors` vectors of queries from `first_query` on, four rows (the last ones may repeat).
template <Metric kMetric, int kVectors>
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
      if constexpr (kMetric == Metric::kL2) {
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
    if constexpr (kMetric != Metric::kL2) {
      const VF one = hn::Set(d, 1.0f);
      for (int r = 0; r < kTileRows; ++r) {
        if constexpr (kMetric == Metric::kCosine) {
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

template <Metric kMetric, int kVectors>
HWY_INLINE void TileOf(int vectors, const float* panel, const Panels& panels, size_t first_query,
                       const float* const* rows, const float* row_norms, size_t valid_rows, size_t stride,
                       float* out) {
  if constexpr (kVectors > 1) {
    if (vectors < kVectors) {
      return TileOf<kMetric, kVectors - 1>(vectors, panel, panels, first_query, rows, row_norms, valid_rows,
                                           stride, out);
    }
  }
  Tile<kMetric, kVectors>(panel, panels, first_query, rows, row_norms, valid_rows, stride, out);
}

float NormOf(const float* row, size_t dim) {
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
  return std::sqrt(total);
}

// Queries as panels, each group as even in size as can be: 7 vectors go as 4 + 3, not 6 + 1.
class Packed {
 public:
  Packed(const float* queries, size_t num_queries, size_t dim) {
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
      panel[query] = query < num_queries ? NormOf(queries + query * dim, dim) : 1.0f;
    }
    panels_ = {memory_.get(), panel, num_queries, dim};
  }

  template <Metric kMetric>
  void Run(const float* vectors, size_t rows, float* out) const {
    for (size_t row = 0; row < rows; row += kTileRows) {
      const size_t valid = std::min<size_t>(kTileRows, rows - row);
      const float* tile[kTileRows];
      float norms[kTileRows] = {};
      for (size_t r = 0; r < kTileRows; ++r) {
        tile[r] = vectors + (row + std::min(r, valid - 1)) * panels_.dim;
        if constexpr (kMetric == Metric::kCosine) norms[r] = NormOf(tile[r], panels_.dim);
      }
      for (const Group& group : groups_) {
        TileOf<kMetric, kTileVectors>(group.vectors, group.panel, panels_, group.first_query, tile, norms,
                                      valid, rows, out + row);
      }
    }
  }

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
        DistancesOf(metric, Element::kFloat32, queries + q * dim, vectors + row * dim,
                    std::min(block, rows - row), dim, out + q * rows + row);
      }
    }
    return;
  }
  const Packed packed(queries, num_queries, dim);
  switch (metric) {
    case Metric::kL2:
      return packed.Run<Metric::kL2>(vectors, rows, out);
    case Metric::kDot:
      return packed.Run<Metric::kDot>(vectors, rows, out);
    default:
      return packed.Run<Metric::kCosine>(vectors, rows, out);
  }
}

#endif  // HWY_TARGET == HWY_SCALAR

}  // namespace HWY_NAMESPACE
}  // namespace lance::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lance::simd {
namespace {

HWY_EXPORT(DistancesOf);
HWY_EXPORT(BatchOf);

// LANCE_SIMD_LEVEL: scalar, sse4, avx2 or avx512 bounds what is used; anything else means all.
bool ReadLevel() {
  const char* value = std::getenv("LANCE_SIMD_LEVEL");
  const std::string_view level = value == nullptr ? "" : value;
  if (level == "scalar") return true;
#if HWY_ARCH_X86
  // A better target has a lower bit.
  if (level == "sse4") hwy::DisableTargets(HWY_SSE4 - 1);
  if (level == "avx2") hwy::DisableTargets(HWY_AVX2 - 1);
#endif
  return false;
}

bool UseScalar() {
  static const bool scalar = ReadLevel();
  return scalar;
}

}  // namespace

void Distances(Metric metric, Element element, const void* query, const void* vectors, size_t rows,
               size_t dim, float* out) {
  if (UseScalar()) return scalar::Distances(metric, element, query, vectors, rows, dim, out);
  HWY_DYNAMIC_DISPATCH(DistancesOf)(metric, element, query, vectors, rows, dim, out);
}

void BatchDistancesF32(Metric metric, const float* queries, size_t num_queries, const float* vectors,
                       size_t rows, size_t dim, float* out) {
  if (UseScalar()) return scalar::BatchDistancesF32(metric, queries, num_queries, vectors, rows, dim, out);
  HWY_DYNAMIC_DISPATCH(BatchOf)(metric, queries, num_queries, vectors, rows, dim, out);
}

}  // namespace lance::simd
#endif  // HWY_ONCE
