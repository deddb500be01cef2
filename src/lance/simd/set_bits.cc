#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "lance/simd/set_bits.cc"
#include <hwy/foreach_target.h>
// Highway's header must follow foreach_target.h.
#include <hwy/highway.h>

#include <cstring>

#include "lance/simd/set_bits.h"

HWY_BEFORE_NAMESPACE();
namespace lance::simd {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET > HWY_AVX3

// Without an instruction that compresses, one bit after the other: eight at a time, so that there is one
// branch for eight of them.
HWY_INLINE size_t ListWord(uint64_t word, uint32_t row, uint32_t* HWY_RESTRICT out) {
  const auto found = static_cast<size_t>(__builtin_popcountll(word));
  for (size_t done = 0; done < found; done += 8) {
#pragma GCC unroll 8
    for (size_t i = 0; i < 8; ++i) {
      // Past the last one whatever: it is written over.
      out[done + i] = row + static_cast<uint32_t>(__builtin_ctzll(word | uint64_t{1} << 63));
      word &= word - 1;
    }
  }
  return found;
}

#else

HWY_INLINE size_t ListWord(uint64_t word, uint32_t row, uint32_t* HWY_RESTRICT out) {
  // At least a byte of bits a vector, and no more than a word has.
  const hn::CappedTag<uint32_t, 64> d;
  const size_t lanes = hn::Lanes(d);
  size_t found = 0;
  for (size_t lane = 0; lane < 64; lane += lanes) {
    uint8_t part[8];
    const uint64_t shifted = word >> lane;
    std::memcpy(part, &shifted, 8);
    const auto positions = hn::Iota(d, row + static_cast<uint32_t>(lane));
    const auto set = hn::LoadMaskBits(d, part);
    // Not CompressStore: to memory the instruction takes some hundred cycles on AMD's processors.
    hn::StoreU(hn::Compress(positions, set), d, out + found);
    found += hn::CountTrue(d, set);
  }
  return found;
}

#endif

size_t ListSetBitsOf(const uint8_t* HWY_RESTRICT bits, size_t count, uint32_t* HWY_RESTRICT out) {
  size_t found = 0;
  for (size_t row = 0; row < count; row += 64) {
    uint64_t word = 0;
    const size_t left = count - row;
    if (left >= 64) {
      std::memcpy(&word, bits + row / 8, 8);
    } else {
      std::memcpy(&word, bits + row / 8, (left + 7) / 8);
      word &= (uint64_t{1} << left) - 1;
    }
    if (word != 0) found += ListWord(word, static_cast<uint32_t>(row), out + found);
  }
  return found;
}

}  // namespace HWY_NAMESPACE
}  // namespace lance::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lance::simd {

HWY_EXPORT(ListSetBitsOf);

size_t ListSetBits(const uint8_t* bits, size_t count, uint32_t* out) {
  return HWY_DYNAMIC_DISPATCH(ListSetBitsOf)(bits, count, out);
}

}  // namespace lance::simd
#endif  // HWY_ONCE
