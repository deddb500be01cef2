#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "lance/simd/find_at_most.cc"
#include <hwy/foreach_target.h>
// Highway's header must follow foreach_target.h.
#include <hwy/highway.h>

#include "lance/simd/find_at_most.h"

HWY_BEFORE_NAMESPACE();
namespace lance::simd {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

size_t FindAtMostOf(const float* HWY_RESTRICT values, size_t count, float limit) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  const auto bound = hn::Set(d, limit);
  size_t i = 0;
  // Four vectors a step while nothing is found.
  for (; i + 4 * lanes <= count; i += 4 * lanes) {
    const auto a = hn::Le(hn::LoadU(d, values + i), bound);
    const auto b = hn::Le(hn::LoadU(d, values + i + lanes), bound);
    const auto c = hn::Le(hn::LoadU(d, values + i + 2 * lanes), bound);
    const auto e = hn::Le(hn::LoadU(d, values + i + 3 * lanes), bound);
    if (!hn::AllFalse(d, hn::Or(hn::Or(a, b), hn::Or(c, e)))) break;
  }
  for (; i + lanes <= count; i += lanes) {
    const auto found = hn::FindFirstTrue(d, hn::Le(hn::LoadU(d, values + i), bound));
    if (found >= 0) return i + static_cast<size_t>(found);
  }
  for (; i < count; ++i) {
    if (values[i] <= limit) return i;
  }
  return count;
}

}  // namespace HWY_NAMESPACE
}  // namespace lance::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lance::simd {

HWY_EXPORT(FindAtMostOf);

size_t FindAtMost(const float* values, size_t count, float limit) {
  return HWY_DYNAMIC_DISPATCH(FindAtMostOf)(values, count, limit);
}

}  // namespace lance::simd
#endif  // HWY_ONCE
