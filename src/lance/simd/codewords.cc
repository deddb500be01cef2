#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "lance/simd/codewords.cc"
#include <hwy/foreach_target.h>
// Highway's header must follow foreach_target.h.
#include <hwy/highway.h>

#include "lance/simd/codewords.h"

#include <algorithm>
#include <limits>

#include "lance/simd/level.h"
#include "lance/simd/rounding.h"

HWY_BEFORE_NAMESPACE();
namespace lance::simd {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR

void Codewords(CodewordMetric metric, const float* queries, size_t num_queries, const float* codebook,
               size_t sub_vectors, size_t sub_dim, size_t codewords, float* out) {
  scalar::CodewordDistances(metric, queries, num_queries, codebook, sub_vectors, sub_dim, codewords, out);
}

float OfCode(const float* vector, const float* codewords, size_t sub_vectors, size_t sub_dim,
             const uint8_t* code, size_t stride) {
  return scalar::CodeDistance(vector, codewords, sub_vectors, sub_dim, code, stride);
}

RoundedTables Round(const float* tables, size_t count, size_t entries, uint8_t* bytes) {
  return scalar::RoundTables(tables, count, entries, bytes);
}

#else

// All codewords for Q queries, B vectors of them at a time: each value of the codebook is loaded once for all
// of the queries, and so many sums go on beside each other that none waits for the one before.
template <bool kL2, int Q, int B>
HWY_INLINE void CodewordsOf(float one, const float* HWY_RESTRICT queries, const float* HWY_RESTRICT codebook,
                            size_t sub_vectors, size_t sub_dim, size_t codewords, float* HWY_RESTRICT out) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  const size_t dim = sub_vectors * sub_dim, size = sub_vectors * codewords;
  for (size_t m = 0; m < sub_vectors; ++m) {
    const float* sub_query = queries + m * sub_dim;
    for (size_t c = 0; c < codewords; c += B * lanes) {
      hn::Vec<decltype(d)> sums[Q * B];
#pragma GCC unroll 8
      for (int s = 0; s < Q * B; ++s) sums[s] = hn::Zero(d);
      const float* column = codebook + m * sub_dim * codewords + c;
      for (size_t i = 0; i < sub_dim; ++i, column += codewords) {
#pragma GCC unroll 8
        for (int q = 0; q < Q; ++q) {
          const auto wanted = hn::Set(d, sub_query[static_cast<size_t>(q) * dim + i]);
#pragma GCC unroll 8
          for (int b = 0; b < B; ++b) {
            const auto value = hn::LoadU(d, column + static_cast<size_t>(b) * lanes);
            auto& sum = sums[q * B + b];
            if constexpr (kL2) {
              const auto difference = hn::Sub(wanted, value);
              sum = hn::MulAdd(difference, difference, sum);
            } else {
              sum = hn::MulAdd(wanted, value, sum);
            }
          }
        }
      }
#pragma GCC unroll 8
      for (int q = 0; q < Q; ++q) {
        float* to = out + static_cast<size_t>(q) * size + m * codewords + c;
#pragma GCC unroll 8
        for (int b = 0; b < B; ++b) {
          const auto sum = sums[q * B + b];
          hn::StoreU(kL2 ? sum : hn::Sub(hn::Set(d, one), sum), d, to + static_cast<size_t>(b) * lanes);
        }
      }
    }
  }
}

// Q queries with B vectors of codewords at a time, or with one where they are not so many.
template <bool kL2, int Q, int B>
HWY_INLINE void CodewordsBy(float one, const float* queries, const float* codebook, size_t sub_vectors,
                            size_t sub_dim, size_t codewords, float* out) {
  if (codewords % (B * hn::Lanes(hn::ScalableTag<float>())) == 0) {
    CodewordsOf<kL2, Q, B>(one, queries, codebook, sub_vectors, sub_dim, codewords, out);
  } else {
    CodewordsOf<kL2, Q, 1>(one, queries, codebook, sub_vectors, sub_dim, codewords, out);
  }
}

template <bool kL2>
void CodewordsOfAll(float one, const float* queries, size_t num_queries, const float* codebook,
                    size_t sub_vectors, size_t sub_dim, size_t codewords, float* out) {
  const size_t dim = sub_vectors * sub_dim, size = sub_vectors * codewords;
  size_t q = 0;
  for (; q + 4 <= num_queries; q += 4) {
    CodewordsBy<kL2, 4, 2>(one, queries + q * dim, codebook, sub_vectors, sub_dim, codewords, out + q * size);
  }
  for (; q + 2 <= num_queries; q += 2) {
    CodewordsBy<kL2, 2, 4>(one, queries + q * dim, codebook, sub_vectors, sub_dim, codewords, out + q * size);
  }
  if (q < num_queries) {
    CodewordsBy<kL2, 1, 4>(one, queries + q * dim, codebook, sub_vectors, sub_dim, codewords, out + q * size);
  }
}

void Codewords(CodewordMetric metric, const float* queries, size_t num_queries, const float* codebook,
               size_t sub_vectors, size_t sub_dim, size_t codewords, float* out) {
  if (codewords % hn::Lanes(hn::ScalableTag<float>()) != 0) {
    return scalar::CodewordDistances(metric, queries, num_queries, codebook, sub_vectors, sub_dim, codewords,
                                     out);
  }
  if (metric == CodewordMetric::kL2) {
    CodewordsOfAll<true>(0, queries, num_queries, codebook, sub_vectors, sub_dim, codewords, out);
  } else {
    const float one = metric == CodewordMetric::kDot ? 1 : 0;
    CodewordsOfAll<false>(one, queries, num_queries, codebook, sub_vectors, sub_dim, codewords, out);
  }
}

template <class D>
HWY_INLINE hn::Vec<D> AddSquare(D d, const float* wanted, hn::Vec<D> word, hn::Vec<D> sum) {
  const auto difference = hn::Sub(hn::LoadU(d, wanted), word);
  return hn::MulAdd(difference, difference, sum);
}

// Four sub-vectors side by side, each adding in order: four values of their four codewords are turned in
// registers. (A gather would do, but processors that guard it take 25 ns for one.)
float OfCode(const float* vector, const float* codewords, size_t sub_vectors, size_t sub_dim,
             const uint8_t* code, size_t stride) {
  const hn::CappedTag<float, 4> d;
  float out = 0;
  size_t m = 0;
  if (hn::Lanes(d) == 4 && sub_dim % 4 == 0) {
    for (; m + 4 <= sub_vectors; m += 4, code += 4 * stride) {
      const float* words = codewords + m * 256 * sub_dim;
      const float* w0 = words + code[0] * sub_dim;
      const float* w1 = words + (256 + code[stride]) * sub_dim;
      const float* w2 = words + (512 + code[2 * stride]) * sub_dim;
      const float* w3 = words + (768 + code[3 * stride]) * sub_dim;
      const float* wanted = vector + m;
      auto sum = hn::Zero(d);
      for (size_t i = 0; i < sub_dim; i += 4, wanted += 4 * sub_vectors) {
        const auto a = hn::LoadU(d, w0 + i), b = hn::LoadU(d, w1 + i);
        const auto c = hn::LoadU(d, w2 + i), e = hn::LoadU(d, w3 + i);
        const auto ab = hn::InterleaveLower(d, a, b), ce = hn::InterleaveLower(d, c, e);
        const auto ab2 = hn::InterleaveUpper(d, a, b), ce2 = hn::InterleaveUpper(d, c, e);
        sum = AddSquare(d, wanted, hn::ConcatLowerLower(d, ce, ab), sum);
        sum = AddSquare(d, wanted + sub_vectors, hn::ConcatUpperUpper(d, ce, ab), sum);
        sum = AddSquare(d, wanted + 2 * sub_vectors, hn::ConcatLowerLower(d, ce2, ab2), sum);
        sum = AddSquare(d, wanted + 3 * sub_vectors, hn::ConcatUpperUpper(d, ce2, ab2), sum);
      }
      float sums[4];
      hn::StoreU(sum, d, sums);
      for (const float one : sums) out += one;
    }
  }
  const hn::CappedTag<float, 1> one;
  for (; m < sub_vectors; ++m, code += stride) {
    const float* word = codewords + (m * 256 + *code) * sub_dim;
    auto sum = hn::Zero(one);
    for (size_t i = 0; i < sub_dim; ++i) {
      sum = AddSquare(one, vector + i * sub_vectors + m, hn::LoadU(one, word + i), sum);
    }
    out += hn::GetLane(sum);
  }
  return out;
}

RoundedTables Round(const float* tables, size_t count, size_t entries, uint8_t* bytes) {
  // Sixteen lanes at most, so that tables of 16 entries are whole vectors.
  const hn::CappedTag<float, 16> d;
  const hn::RebindToSigned<decltype(d)> d32;
  const hn::Rebind<uint8_t, decltype(d)> d8;
  const size_t lanes = hn::Lanes(d);
  if (entries % lanes != 0) return scalar::RoundTables(tables, count, entries, bytes);
  RoundedTables out;
  float largest = 0, spans = 0;
  // The smallest entries, for the second pass.
  constexpr size_t kKept = 256;
  float kept[kKept];
  // The largest bits, which those of infinities and NaN are.
  auto most = hn::Zero(d32);
  const auto magnitude = hn::Set(d32, INT32_MAX);
  auto lowest = [&](size_t t, float* high_out) {
    const float* table = tables + t * entries;
    auto low = hn::LoadU(d, table), high = low;
    for (size_t i = 0; i < entries; i += lanes) {
      const auto value = hn::LoadU(d, table + i);
      low = hn::Min(low, value);
      high = hn::Max(high, value);
      most = hn::Max(most, hn::And(hn::BitCast(d32, value), magnitude));
    }
    *high_out = hn::GetLane(hn::MaxOfLanes(d, high));
    return hn::GetLane(hn::MinOfLanes(d, low));
  };
  float high = 0;
  for (size_t t = 0; t < count; ++t) {
    const float low = lowest(t, &high);
    if (t < kKept) kept[t] = low;
    out.bias += low;
    out.magnitude += std::max(low < 0 ? -low : low, high < 0 ? -high : high);
    largest = std::max(largest, high - low);
    spans += high - low;
  }
  constexpr int32_t kInfinity = 0x7F800000;
  if (hn::GetLane(hn::MaxOfLanes(d32, most)) >= kInfinity) {
    out.bias = std::numeric_limits<float>::quiet_NaN();
  }
  out.step = StepFor(largest, spans, count);
  const auto inverse = hn::Set(d, InverseOf(out.step));
  for (size_t t = 0; t < count; ++t) {
    const auto low = hn::Set(d, t < kKept ? kept[t] : lowest(t, &high));
    for (size_t i = 0; i < entries; i += lanes) {
      const auto scaled = hn::Mul(hn::Sub(hn::LoadU(d, tables + t * entries + i), low), inverse);
      hn::StoreU(hn::DemoteTo(d8, hn::ConvertTo(d32, scaled)), d8, bytes + t * entries + i);
    }
  }
  return out;
}

#endif  // HWY_TARGET == HWY_SCALAR

}  // namespace HWY_NAMESPACE
}  // namespace lance::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lance::simd {
namespace {

HWY_EXPORT(Codewords);
HWY_EXPORT(OfCode);
HWY_EXPORT(Round);

}  // namespace

void CodewordDistances(CodewordMetric metric, const float* queries, size_t num_queries, const float* codebook,
                       size_t sub_vectors, size_t sub_dim, size_t codewords, float* out) {
  if (UseScalar()) {
    return scalar::CodewordDistances(metric, queries, num_queries, codebook, sub_vectors, sub_dim, codewords,
                                     out);
  }
  HWY_DYNAMIC_DISPATCH(Codewords)
  (metric, queries, num_queries, codebook, sub_vectors, sub_dim, codewords, out);
}

float CodeDistance(const float* vector, const float* codewords, size_t sub_vectors, size_t sub_dim,
                   const uint8_t* code, size_t stride) {
  if (UseScalar()) return scalar::CodeDistance(vector, codewords, sub_vectors, sub_dim, code, stride);
  return HWY_DYNAMIC_DISPATCH(OfCode)(vector, codewords, sub_vectors, sub_dim, code, stride);
}

RoundedTables RoundTables(const float* tables, size_t count, size_t entries, uint8_t* bytes) {
  if (UseScalar()) return scalar::RoundTables(tables, count, entries, bytes);
  return HWY_DYNAMIC_DISPATCH(Round)(tables, count, entries, bytes);
}

}  // namespace lance::simd
#endif  // HWY_ONCE
