// Unpacking of the FastLanes layout: Afroozeh and Boncz, "The FastLanes Compression Layout: Decoding >100
// Billion Integers per Second with Scalar Code", PVLDB 16(9), 2023. The width is a run-time value: a row of
// lanes shares its shift count, so the vector loop is the same for all widths and the code stays small where
// one instance for each (type, width) would cost more than a megabyte.
#include "lance/encoding/codec/bitpack/fastlanes.h"

#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "lance/encoding/codec/bitpack/fastlanes.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace lance::encoding::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Groups of eight rows are stored in bit-reversed order, so that unpacking narrower words keeps its order.
constexpr unsigned kGroupOrder[8] = {0, 4, 2, 6, 1, 5, 3, 7};

template <typename T>
void Unpack(unsigned width, const uint8_t* HWY_RESTRICT bytes, uint8_t* HWY_RESTRICT to) {
  constexpr unsigned kBits = sizeof(T) * 8;
  constexpr unsigned kLanes = 1024 / kBits;
  const hn::CappedTag<T, kLanes> d;
  const size_t step = hn::Lanes(d);
  const T* HWY_RESTRICT in = reinterpret_cast<const T*>(bytes);
  T* HWY_RESTRICT out = reinterpret_cast<T*>(to);
  const auto mask = hn::Set(d, width == kBits ? static_cast<T>(~T{0}) : static_cast<T>((T{1} << width) - 1));
  unsigned bit = 0;
  for (unsigned row = 0; row < kBits; ++row, bit += width) {
    const T* HWY_RESTRICT word = in + (bit / kBits) * kLanes;
    T* HWY_RESTRICT target = out + kGroupOrder[row / 8] * 16 + (row % 8) * 128;
    const int shift = static_cast<int>(bit % kBits);
    if (shift + width <= kBits) {
      for (size_t lane = 0; lane < kLanes; lane += step) {
        auto value = hn::ShiftRightSame(hn::LoadU(d, word + lane), shift);
        hn::StoreU(hn::And(value, mask), d, target + lane);
      }
    } else {
      const int rest = static_cast<int>(kBits) - shift;
      for (size_t lane = 0; lane < kLanes; lane += step) {
        auto low = hn::ShiftRightSame(hn::LoadU(d, word + lane), shift);
        auto high = hn::ShiftLeftSame(hn::LoadU(d, word + kLanes + lane), rest);
        hn::StoreU(hn::And(hn::Or(low, high), mask), d, target + lane);
      }
    }
  }
}

void UnpackAny(unsigned word_bits, unsigned width, const uint8_t* in, uint8_t* out) {
  switch (word_bits) {
    case 8:
      return Unpack<uint8_t>(width, in, out);
    case 16:
      return Unpack<uint16_t>(width, in, out);
    case 32:
      return Unpack<uint32_t>(width, in, out);
    default:
      return Unpack<uint64_t>(width, in, out);
  }
}

// Row r of lane l is value (r % 8) * 128 + (r / 8) * 64 + l: bit r of the 64 words makes 64 bits in a row.
void ZeroBits16(const uint8_t* HWY_RESTRICT bytes, uint8_t* HWY_RESTRICT out) {
  const hn::CappedTag<uint16_t, 64> d;
  const size_t step = hn::Lanes(d);
  const uint16_t* HWY_RESTRICT in = reinterpret_cast<const uint16_t*>(bytes);
  for (unsigned row = 0; row < 16; ++row) {
    const auto bit = hn::Set(d, static_cast<uint16_t>(1u << row));
    uint64_t word = 0;
    for (size_t lane = 0; lane < 64; lane += step) {
      uint64_t part = 0;
      hn::StoreMaskBits(d, hn::TestBit(hn::LoadU(d, in + lane), bit), reinterpret_cast<uint8_t*>(&part));
      word |= part << lane;
    }
    word = ~word;
    std::memcpy(out + (row % 8) * 16 + (row / 8) * 8, &word, 8);
  }
}

}  // namespace lance::encoding::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lance::encoding {

HWY_EXPORT(UnpackAny);
HWY_EXPORT(ZeroBits16);

void FastLanesUnpack(unsigned word_bits, unsigned width, const uint8_t* in, uint8_t* out) {
  if (width == 0) {
    std::memset(out, 0, 128 * word_bits);
    return;
  }
  HWY_DYNAMIC_DISPATCH(UnpackAny)(word_bits, width, in, out);
}

uint64_t FastLanesGet(unsigned word_bits, unsigned width, const uint8_t* in, unsigned index) {
  if (width == 0) return 0;
  const unsigned lanes = 1024 / word_bits;
  const unsigned group = (index % 128) / lanes * (lanes / 16);
  // The order is a bit reversal, its own inverse.
  const unsigned reversed = ((group & 1) << 2) | (group & 2) | (group >> 2);
  const unsigned bit = (reversed * 8 + index / 128) * width;
  const unsigned lane = index % lanes;
  const unsigned bytes = word_bits / 8;
  auto word = [&](unsigned at) {
    uint64_t value = 0;
    std::memcpy(&value, in + (at * lanes + lane) * bytes, bytes);
    return value;
  };
  const unsigned shift = bit % word_bits;
  uint64_t value = word(bit / word_bits) >> shift;
  if (shift + width > word_bits) value |= word(bit / word_bits + 1) << (word_bits - shift);
  return width == 64 ? value : value & ((uint64_t{1} << width) - 1);
}

void FastLanesZeroBits16(const uint8_t* in, uint8_t* out) { HWY_DYNAMIC_DISPATCH(ZeroBits16)(in, out); }

}  // namespace lance::encoding
#endif
