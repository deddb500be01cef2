#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "lance/simd/rotation.cc"
#include <hwy/foreach_target.h>
// Highway's header must follow foreach_target.h.
#include <hwy/highway.h>

#include <algorithm>
#include <cstring>

#include "lance/simd/rotation.h"

HWY_BEFORE_NAMESPACE();
namespace lance::simd {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Half of the signs are negative, in no order: no branches.
void Flip(const uint8_t* HWY_RESTRICT signs, float* HWY_RESTRICT values, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    uint32_t bits;
    std::memcpy(&bits, values + i, sizeof(bits));
    bits ^= (static_cast<uint32_t>(signs[i / 8]) >> (i % 8)) << 31;
    std::memcpy(values + i, &bits, sizeof(bits));
  }
}

template <class D>
HWY_INLINE void AddAndSubtractWith(D d, float* HWY_RESTRICT low, float* HWY_RESTRICT high, size_t count) {
  for (size_t i = 0; i < count; i += hn::Lanes(d)) {
    const auto x = hn::LoadU(d, low + i), y = hn::LoadU(d, high + i);
    hn::StoreU(hn::Add(x, y), d, low + i);
    hn::StoreU(hn::Sub(x, y), d, high + i);
  }
}

void Both(float* HWY_RESTRICT low, float* HWY_RESTRICT high, size_t count) {
  const hn::ScalableTag<float> d;
  const size_t whole = count / hn::Lanes(d) * hn::Lanes(d);
  AddAndSubtractWith(d, low, high, whole);
  AddAndSubtractWith(hn::CappedTag<float, 1>(), low + whole, high + whole, count - whole);
}

// Pairs `half` apart. The tag has no more lanes than that.
template <class D>
HWY_INLINE void Stage(D d, float* values, size_t size, size_t half) {
  for (size_t block = 0; block < size; block += 2 * half) {
    AddAndSubtractWith(d, values + block, values + block + half, half);
  }
}

void Transform(float* values, size_t size, float scale) {
  const hn::ScalableTag<float> d;
  const hn::CappedTag<float, 4> four;
  const hn::CappedTag<float, 1> one;
  size_t half = 1;
  for (; half < size && half < 4; half *= 2) Stage(one, values, size, half);
  for (; half < size && half < hn::Lanes(d); half *= 2) Stage(four, values, size, half);
  for (; half < size; half *= 2) Stage(d, values, size, half);
  for (size_t i = 0; i < size; ++i) values[i] *= scale;
}

}  // namespace HWY_NAMESPACE
}  // namespace lance::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lance::simd {

HWY_EXPORT(Flip);
HWY_EXPORT(Both);
HWY_EXPORT(Transform);

void FlipSigns(const uint8_t* signs, float* values, size_t count) {
  HWY_DYNAMIC_DISPATCH(Flip)(signs, values, count);
}

void AddAndSubtract(float* low, float* high, size_t count) { HWY_DYNAMIC_DISPATCH(Both)(low, high, count); }

void HadamardTransform(float* values, size_t size, float scale) {
  HWY_DYNAMIC_DISPATCH(Transform)(values, size, scale);
}

}  // namespace lance::simd
#endif  // HWY_ONCE
