// Distances of one query with Highway: this file is compiled once for each instruction set and the best one
// that the CPU has is called. Four rows at a time, two accumulators each, so that eight additions are in
// flight.
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
#include "lance/simd/level.h"

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

#endif  // HWY_TARGET == HWY_SCALAR

}  // namespace HWY_NAMESPACE
}  // namespace lance::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lance::simd {
namespace {

HWY_EXPORT(DistancesOf);

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

}  // namespace

bool UseScalar() {
  static const bool scalar = ReadLevel();
  return scalar;
}

void Distances(Metric metric, Element element, const void* query, const void* vectors, size_t rows,
               size_t dim, float* out) {
  if (UseScalar()) return scalar::Distances(metric, element, query, vectors, rows, dim, out);
  HWY_DYNAMIC_DISPATCH(DistancesOf)(metric, element, query, vectors, rows, dim, out);
}

}  // namespace lance::simd
#endif  // HWY_ONCE
