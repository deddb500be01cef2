#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "lance/simd/select.cc"
#include <hwy/foreach_target.h>
// Highway's header must follow foreach_target.h.
#include <hwy/highway.h>

#include <algorithm>
#include <bit>
#include <cstdint>

#include "lance/simd/select.h"

HWY_BEFORE_NAMESPACE();
namespace lance::simd {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// How many values are at most `bound`.
size_t CountAtMost(const uint16_t* HWY_RESTRICT values, size_t count, uint16_t bound) {
  const hn::ScalableTag<uint16_t> d;
  const size_t lanes = hn::Lanes(d);
  const auto most = hn::Set(d, bound);
  size_t i = 0, found = 0;
  for (; i + lanes <= count; i += lanes) {
    const auto value = hn::LoadU(d, values + i);
    found += hn::CountTrue(d, hn::Eq(hn::Min(value, most), value));
  }
  for (; i < count; ++i) found += values[i] <= bound ? 1 : 0;
  return found;
}

// The bits of a float in an order that signed integers have.
HWY_INLINE int32_t KeyOf(int32_t bits) { return bits ^ ((bits >> 31) & INT32_MAX); }

size_t CountKeysAtMost(const int32_t* HWY_RESTRICT values, size_t count, int32_t bound) {
  const hn::ScalableTag<int32_t> d;
  const size_t lanes = hn::Lanes(d);
  const auto most = hn::Set(d, bound), magnitude = hn::Set(d, INT32_MAX);
  size_t i = 0, found = 0;
  for (; i + lanes <= count; i += lanes) {
    const auto bits = hn::LoadU(d, values + i);
    const auto key = hn::Xor(bits, hn::And(hn::ShiftRight<31>(bits), magnitude));
    found += lanes - hn::CountTrue(d, hn::Gt(key, most));
  }
  for (; i < count; ++i) found += KeyOf(values[i]) <= bound ? 1 : 0;
  return found;
}

}  // namespace HWY_NAMESPACE
}  // namespace lance::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lance::simd {
namespace {

HWY_EXPORT(CountAtMost);
HWY_EXPORT(CountKeysAtMost);

}  // namespace

uint16_t KthSmallest(const uint16_t* values, size_t count, size_t k) {
  uint32_t low = 0, high = UINT16_MAX;
  while (low < high) {
    const uint32_t middle = (low + high) / 2;
    if (HWY_DYNAMIC_DISPATCH(CountAtMost)(values, count, static_cast<uint16_t>(middle)) >= k) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return static_cast<uint16_t>(low);
}

float KthSmallest(const float* values, size_t count, size_t k) {
  const auto* bits = reinterpret_cast<const int32_t*>(values);
  int64_t low = INT32_MIN, high = INT32_MAX;
  while (low < high) {
    const int64_t middle = low + (high - low) / 2;
    if (HWY_DYNAMIC_DISPATCH(CountKeysAtMost)(bits, count, static_cast<int32_t>(middle)) >= k) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  const auto key = static_cast<int32_t>(low);
  return std::bit_cast<float>(key ^ ((key >> 31) & INT32_MAX));
}

}  // namespace lance::simd
#endif  // HWY_ONCE
