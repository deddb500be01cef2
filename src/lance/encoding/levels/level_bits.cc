// Loops over 16-bit levels, a vector at a time.
#include "lance/encoding/levels/level_bits.h"

#include <algorithm>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "lance/encoding/levels/level_bits.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace lance::encoding::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// At most 64 lanes, so that the mask of a vector fits a word; at least 8, so that it is whole bytes.
using Tag = hn::CappedTag<uint16_t, 64>;

void ZeroBits(const uint16_t* HWY_RESTRICT levels, uint64_t count, uint8_t* HWY_RESTRICT out) {
  const Tag d;
  const size_t step = hn::Lanes(d);
  const auto zero = hn::Zero(d);
  uint64_t at = 0;
  for (; at + step <= count; at += step) {
    uint64_t word = 0;
    hn::StoreMaskBits(d, hn::Eq(hn::LoadU(d, levels + at), zero), reinterpret_cast<uint8_t*>(&word));
    std::memcpy(out + at / 8, &word, step / 8);
  }
  for (; at < count; at += 8) {
    unsigned bits = 0;
    for (unsigned i = 0; i < 8 && at + i < count; ++i)
      bits |= static_cast<unsigned>(levels[at + i] == 0) << i;
    out[at / 8] = static_cast<uint8_t>(bits);
  }
}

template <typename VectorTest, typename Test>
uint64_t CountIf(const uint16_t* HWY_RESTRICT levels, uint64_t count, VectorTest vector_test, Test test) {
  const Tag d;
  const size_t step = hn::Lanes(d);
  uint64_t total = 0;
  uint64_t at = 0;
  for (; at + step <= count; at += step) total += hn::CountTrue(d, vector_test(d, hn::LoadU(d, levels + at)));
  for (; at < count; ++at) total += test(levels[at]);
  return total;
}

uint64_t CountAtMost(const uint16_t* levels, uint64_t count, uint16_t limit) {
  return CountIf(
      levels, count, [=](auto d, auto v) { return hn::Eq(hn::Min(v, hn::Set(d, limit)), v); },
      [=](uint16_t level) { return level <= limit; });
}

uint64_t CountEqual(const uint16_t* levels, uint64_t count, uint16_t wanted) {
  return CountIf(
      levels, count, [=](auto d, auto v) { return hn::Eq(v, hn::Set(d, wanted)); },
      [=](uint16_t level) { return level == wanted; });
}

uint16_t MaxLevel(const uint16_t* HWY_RESTRICT levels, uint64_t count) {
  const Tag d;
  const size_t step = hn::Lanes(d);
  auto highest = hn::Zero(d);
  uint64_t at = 0;
  for (; at + step <= count; at += step) highest = hn::Max(highest, hn::LoadU(d, levels + at));
  uint16_t lanes[64];
  hn::StoreU(highest, d, lanes);
  uint16_t out = *std::max_element(lanes, lanes + step);
  for (; at < count; ++at) out = std::max(out, levels[at]);
  return out;
}

}  // namespace lance::encoding::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lance::encoding {

HWY_EXPORT(ZeroBits);
HWY_EXPORT(CountAtMost);
HWY_EXPORT(CountEqual);
HWY_EXPORT(MaxLevel);

void ZeroBits(const uint16_t* levels, uint64_t count, uint8_t* out) {
  HWY_DYNAMIC_DISPATCH(ZeroBits)(levels, count, out);
}
uint64_t CountAtMost(const uint16_t* levels, uint64_t count, uint16_t limit) {
  return HWY_DYNAMIC_DISPATCH(CountAtMost)(levels, count, limit);
}
uint64_t CountEqual(const uint16_t* levels, uint64_t count, uint16_t level) {
  return HWY_DYNAMIC_DISPATCH(CountEqual)(levels, count, level);
}
uint16_t MaxLevel(const uint16_t* levels, uint64_t count) {
  return HWY_DYNAMIC_DISPATCH(MaxLevel)(levels, count);
}

}  // namespace lance::encoding
#endif
