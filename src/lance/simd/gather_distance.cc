// Distances to picked rows, with Highway: one row at a time, as rows are short and lie anywhere; what counts
// is that the memory of the next ones is on its way.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "lance/simd/gather_distance.cc"
#include <hwy/foreach_target.h>
// Highway's headers must follow foreach_target.h.
#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include "lance/simd/gather_distance.h"

#include <algorithm>
#include <cstring>

#include "lance/simd/level.h"

HWY_BEFORE_NAMESPACE();
namespace lance::simd {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr size_t kAhead = 3;        // rows
constexpr size_t kMostBytes = 512;  // of a row; the hardware follows further lines by itself

template <typename T>
HWY_INLINE void PrefetchRow(const T* row, size_t dim) {
  const size_t bytes = std::min(dim * sizeof(T), kMostBytes);
  for (size_t at = 0; at < bytes; at += 64) hwy::Prefetch(reinterpret_cast<const char*>(row) + at);
}

template <typename T, typename Out, class One>
HWY_INLINE void ForEachRow(const T* rows, size_t dim, const uint32_t* ids, size_t count, Out* out, One one) {
  for (size_t i = 0; i < std::min(kAhead, count); ++i) PrefetchRow(rows + size_t{ids[i]} * dim, dim);
  for (size_t i = 0; i < count; ++i) {
    if (i + kAhead < count) PrefetchRow(rows + size_t{ids[i + kAhead]} * dim, dim);
    out[i] = one(rows + size_t{ids[i]} * dim);
  }
}

template <bool kL2>
HWY_INLINE float FloatSum(const float* HWY_RESTRICT a, const float* HWY_RESTRICT b, size_t dim) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  auto first = hn::Zero(d), second = hn::Zero(d);
  size_t i = 0;
  for (; i + 2 * lanes <= dim; i += 2 * lanes) {
    const auto x = hn::LoadU(d, a + i), y = hn::LoadU(d, a + i + lanes);
    const auto u = hn::LoadU(d, b + i), v = hn::LoadU(d, b + i + lanes);
    if constexpr (kL2) {
      const auto s = hn::Sub(x, u), t = hn::Sub(y, v);
      first = hn::MulAdd(s, s, first);
      second = hn::MulAdd(t, t, second);
    } else {
      first = hn::MulAdd(x, u, first);
      second = hn::MulAdd(y, v, second);
    }
  }
  float sum = hn::GetLane(hn::SumOfLanes(d, hn::Add(first, second)));
  for (; i < dim; ++i) sum += kL2 ? (a[i] - b[i]) * (a[i] - b[i]) : a[i] * b[i];
  return sum;
}

template <bool kL2>
HWY_INLINE uint32_t ByteSum(const uint8_t* HWY_RESTRICT a, const uint8_t* HWY_RESTRICT b, size_t dim) {
  size_t i = 0;
  uint32_t sum = 0;
#if HWY_TARGET != HWY_SCALAR
  const hn::ScalableTag<int16_t> d16;
  const hn::RepartitionToWide<decltype(d16)> d32;
  const hn::Rebind<uint8_t, decltype(d16)> d8;
  const size_t lanes = hn::Lanes(d16);
  auto even = hn::Zero(d32), odd = hn::Zero(d32);
  for (; i + lanes <= dim; i += lanes) {
    const auto x = hn::PromoteTo(d16, hn::LoadU(d8, a + i)), y = hn::PromoteTo(d16, hn::LoadU(d8, b + i));
    if constexpr (kL2) {
      const auto difference = hn::Sub(x, y);
      even = hn::ReorderWidenMulAccumulate(d32, difference, difference, even, odd);
    } else {
      even = hn::ReorderWidenMulAccumulate(d32, x, y, even, odd);
    }
  }
  sum = static_cast<uint32_t>(hn::GetLane(hn::SumOfLanes(d32, hn::Add(even, odd))));
#endif
  for (; i < dim; ++i) {
    const int x = a[i], y = b[i];
    sum += static_cast<uint32_t>(kL2 ? (x - y) * (x - y) : x * y);
  }
  return sum;
}

void FloatL2(const float* q, const float* rows, size_t dim, const uint32_t* ids, size_t count, float* out) {
  ForEachRow(rows, dim, ids, count, out, [&](const float* row) { return FloatSum<true>(q, row, dim); });
}
void FloatDot(const float* q, const float* rows, size_t dim, const uint32_t* ids, size_t count, float* out) {
  ForEachRow(rows, dim, ids, count, out, [&](const float* row) { return FloatSum<false>(q, row, dim); });
}
void ByteL2(const uint8_t* q, const uint8_t* rows, size_t dim, const uint32_t* ids, size_t count,
            uint32_t* out) {
  ForEachRow(rows, dim, ids, count, out, [&](const uint8_t* row) { return ByteSum<true>(q, row, dim); });
}
void ByteDot(const uint8_t* q, const uint8_t* rows, size_t dim, const uint32_t* ids, size_t count,
             uint32_t* out) {
  ForEachRow(rows, dim, ids, count, out, [&](const uint8_t* row) { return ByteSum<false>(q, row, dim); });
}
void Hamming(const uint8_t* q, const uint8_t* rows, size_t dim, const uint32_t* ids, size_t count,
             uint32_t* out) {
  ForEachRow(rows, dim, ids, count, out, [&](const uint8_t* row) {
    uint32_t sum = 0;
    size_t i = 0;
    for (; i + 8 <= dim; i += 8) {
      uint64_t x, y;
      std::memcpy(&x, q + i, 8);
      std::memcpy(&y, row + i, 8);
      sum += static_cast<uint32_t>(__builtin_popcountll(x ^ y));
    }
    for (; i < dim; ++i) sum += static_cast<uint32_t>(__builtin_popcount(q[i] ^ row[i]));
    return sum;
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace lance::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lance::simd {
namespace {

HWY_EXPORT(FloatL2);
HWY_EXPORT(FloatDot);
HWY_EXPORT(ByteL2);
HWY_EXPORT(ByteDot);
HWY_EXPORT(Hamming);

}  // namespace

void GatherL2(const float* query, const float* rows, size_t dim, const uint32_t* ids, size_t count,
              float* out) {
  HWY_DYNAMIC_DISPATCH(FloatL2)(query, rows, dim, ids, count, out);
}
void GatherDot(const float* query, const float* rows, size_t dim, const uint32_t* ids, size_t count,
               float* out) {
  HWY_DYNAMIC_DISPATCH(FloatDot)(query, rows, dim, ids, count, out);
}
void GatherL2(const uint8_t* query, const uint8_t* rows, size_t dim, const uint32_t* ids, size_t count,
              uint32_t* out) {
  HWY_DYNAMIC_DISPATCH(ByteL2)(query, rows, dim, ids, count, out);
}
void GatherDot(const uint8_t* query, const uint8_t* rows, size_t dim, const uint32_t* ids, size_t count,
               uint32_t* out) {
  HWY_DYNAMIC_DISPATCH(ByteDot)(query, rows, dim, ids, count, out);
}
void GatherHamming(const uint8_t* query, const uint8_t* rows, size_t dim, const uint32_t* ids, size_t count,
                   uint32_t* out) {
  HWY_DYNAMIC_DISPATCH(Hamming)(query, rows, dim, ids, count, out);
}

}  // namespace lance::simd
#endif  // HWY_ONCE
