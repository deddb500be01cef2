// Packing into the FastLanes layout; see fastlanes.cc for its source. All lanes of a row go into the same
// word of their lane at the same shift, so the loops run over lanes.
#include <bit>
#include <cstring>

#include "lance/encoding/codec/bitpack/fastlanes.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "lance/encoding/codec/bitpack/fastlanes_pack.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace lance::encoding::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr unsigned kPackOrder[8] = {0, 4, 2, 6, 1, 5, 3, 7};

template <typename T>
void Pack(unsigned width, const uint8_t* HWY_RESTRICT bytes, uint8_t* HWY_RESTRICT to) {
  constexpr unsigned kBits = sizeof(T) * 8;
  constexpr unsigned kLanes = 1024 / kBits;
  const hn::CappedTag<T, kLanes> d;
  const size_t step = hn::Lanes(d);
  const T* HWY_RESTRICT in = reinterpret_cast<const T*>(bytes);
  T* HWY_RESTRICT out = reinterpret_cast<T*>(to);
  unsigned bit = 0;
  for (unsigned row = 0; row < kBits; ++row, bit += width) {
    T* HWY_RESTRICT word = out + (bit / kBits) * kLanes;
    const T* HWY_RESTRICT from = in + kPackOrder[row / 8] * 16 + (row % 8) * 128;
    const int shift = static_cast<int>(bit % kBits);
    const bool crosses = shift + width > kBits;
    for (size_t lane = 0; lane < kLanes; lane += step) {
      const auto value = hn::LoadU(d, from + lane);
      const auto low = hn::ShiftLeftSame(value, shift);
      // The first row of a word starts it.
      hn::StoreU(shift == 0 ? low : hn::Or(hn::LoadU(d, word + lane), low), d, word + lane);
      if (crosses) {
        hn::StoreU(hn::ShiftRightSame(value, static_cast<int>(kBits) - shift), d, word + kLanes + lane);
      }
    }
  }
}

void PackAny(unsigned word_bits, unsigned width, const uint8_t* in, uint8_t* out) {
  switch (word_bits) {
    case 8:
      return Pack<uint8_t>(width, in, out);
    case 16:
      return Pack<uint16_t>(width, in, out);
    case 32:
      return Pack<uint32_t>(width, in, out);
    default:
      return Pack<uint64_t>(width, in, out);
  }
}

template <typename T>
uint64_t OrAll(const uint8_t* in, uint64_t count) {
  const hn::ScalableTag<T> d;
  const size_t step = hn::Lanes(d);
  auto all = hn::Zero(d);
  uint64_t i = 0;
  for (; i + step <= count; i += step) all = hn::Or(all, hn::LoadU(d, reinterpret_cast<const T*>(in) + i));
  HWY_ALIGN T lanes[hn::MaxLanes(d)];
  hn::Store(all, d, lanes);
  uint64_t out = 0;
  for (size_t lane = 0; lane < step; ++lane) out |= lanes[lane];
  for (; i < count; ++i) {
    T value;
    std::memcpy(&value, in + i * sizeof(T), sizeof(T));
    out |= value;
  }
  return out;
}

uint64_t OrAny(unsigned word_bits, const uint8_t* in, uint64_t count) {
  switch (word_bits) {
    case 8:
      return OrAll<uint8_t>(in, count);
    case 16:
      return OrAll<uint16_t>(in, count);
    case 32:
      return OrAll<uint32_t>(in, count);
    default:
      return OrAll<uint64_t>(in, count);
  }
}

}  // namespace lance::encoding::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lance::encoding {

HWY_EXPORT(PackAny);
HWY_EXPORT(OrAny);

void FastLanesPack(unsigned word_bits, unsigned width, const uint8_t* in, uint8_t* out) {
  if (width > 0) HWY_DYNAMIC_DISPATCH(PackAny)(word_bits, width, in, out);
}

unsigned WidestValue(unsigned word_bits, const uint8_t* in, uint64_t count) {
  return static_cast<unsigned>(std::bit_width(HWY_DYNAMIC_DISPATCH(OrAny)(word_bits, in, count)));
}

}  // namespace lance::encoding
#endif
