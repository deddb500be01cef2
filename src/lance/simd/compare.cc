#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "lance/simd/compare.cc"
#include <hwy/foreach_target.h>
// Highway's header must follow foreach_target.h.
#include <hwy/highway.h>

#include <cstring>

#include "lance/simd/compare.h"

HWY_BEFORE_NAMESPACE();
namespace lance::simd {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// The bits of a float as an integer whose order is the total order of floats.
struct TotalOrder {
  template <class V>
  HWY_INLINE V operator()(V bits) const {
    const hn::DFromV<V> d;
    const hn::RebindToUnsigned<decltype(d)> du;
    const auto negative = hn::BitCast(du, hn::BroadcastSignBit(bits));
    return hn::Xor(bits, hn::BitCast(d, hn::ShiftRight<1>(negative)));
  }
};

struct AsIs {
  template <class V>
  HWY_INLINE V operator()(V value) const {
    return value;
  }
};

struct IsEqual {
  template <class V>
  HWY_INLINE auto operator()(V a, V b) const {
    return hn::Eq(a, b);
  }
};
struct IsLess {
  template <class V>
  HWY_INLINE auto operator()(V a, V b) const {
    return hn::Lt(a, b);
  }
};
struct IsGreater {
  template <class V>
  HWY_INLINE auto operator()(V a, V b) const {
    return hn::Lt(b, a);
  }
};

// 64 values from `values` on as a word of bits.
template <class D, class Test, class Key>
HWY_INLINE uint64_t TestWord(D d, const hn::TFromD<D>* HWY_RESTRICT values, hn::Vec<D> bound, Test test,
                             Key key) {
  uint64_t word = 0;
  for (size_t lane = 0; lane < 64; lane += hn::Lanes(d)) {
    uint64_t part = 0;
    hn::StoreMaskBits(d, test(key(hn::LoadU(d, values + lane)), bound), reinterpret_cast<uint8_t*>(&part));
    word |= part << lane;
  }
  return word;
}

template <typename T, class Test, class Key>
void Run(const T* HWY_RESTRICT values, size_t count, T bound, uint8_t* HWY_RESTRICT out, Test test, Key key,
         uint64_t flip = 0) {
  const hn::CappedTag<T, 64> d;
  const auto limit = key(hn::Set(d, bound));
  size_t row = 0;
  for (; row + 64 <= count; row += 64) {
    const uint64_t word = flip ^ TestWord(d, values + row, limit, test, key);
    std::memcpy(out + row / 8, &word, 8);
  }
  if (row == count) return;
  T rest[64] = {};
  std::memcpy(rest, values + row, (count - row) * sizeof(T));
  uint64_t word = flip ^ TestWord(d, rest, limit, test, key);
  word &= (uint64_t{1} << (count - row)) - 1;
  std::memcpy(out + row / 8, &word, (count - row + 7) / 8);
}

template <typename T, class Key>
void Choose(Comparison how, const T* values, size_t count, T bound, uint8_t* out, Key key) {
  switch (how) {
    case Comparison::kEq:
      return Run(values, count, bound, out, IsEqual(), AsIs());
    case Comparison::kLt:
      return Run(values, count, bound, out, IsLess(), key);
    case Comparison::kLe:
      return Run(values, count, bound, out, IsGreater(), key,
                 ~uint64_t{0});  // integers have no <= of their own
  }
}

void Compare32(Comparison how, const int32_t* values, size_t count, int32_t bound, uint8_t* out) {
  Choose(how, values, count, bound, out, AsIs());
}
void Compare64(Comparison how, const int64_t* values, size_t count, int64_t bound, uint8_t* out) {
  Choose(how, values, count, bound, out, AsIs());
}
void CompareF32(Comparison how, const int32_t* values, size_t count, int32_t bound, uint8_t* out) {
  Choose(how, values, count, bound, out, TotalOrder());
}
void CompareF64(Comparison how, const int64_t* values, size_t count, int64_t bound, uint8_t* out) {
  Choose(how, values, count, bound, out, TotalOrder());
}

}  // namespace HWY_NAMESPACE
}  // namespace lance::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lance::simd {

HWY_EXPORT(Compare32);
HWY_EXPORT(Compare64);
HWY_EXPORT(CompareF32);
HWY_EXPORT(CompareF64);

void CompareWith(Comparison how, const int32_t* values, size_t count, int32_t bound, uint8_t* out) {
  HWY_DYNAMIC_DISPATCH(Compare32)(how, values, count, bound, out);
}

void CompareWith(Comparison how, const int64_t* values, size_t count, int64_t bound, uint8_t* out) {
  HWY_DYNAMIC_DISPATCH(Compare64)(how, values, count, bound, out);
}

void CompareWith(Comparison how, const float* values, size_t count, float bound, uint8_t* out) {
  int32_t bits;
  std::memcpy(&bits, &bound, sizeof(bits));
  HWY_DYNAMIC_DISPATCH(CompareF32)(how, reinterpret_cast<const int32_t*>(values), count, bits, out);
}

void CompareWith(Comparison how, const double* values, size_t count, double bound, uint8_t* out) {
  int64_t bits;
  std::memcpy(&bits, &bound, sizeof(bits));
  HWY_DYNAMIC_DISPATCH(CompareF64)(how, reinterpret_cast<const int64_t*>(values), count, bits, out);
}

}  // namespace lance::simd
#endif  // HWY_ONCE
