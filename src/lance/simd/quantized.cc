// Table look-ups with the tables in registers ("fast scan": André, Kermarrec, Le Scouarnec, "Cache locality
// is not enough: high-performance nearest neighbor search with product quantization fast scan", VLDB 2015): a
// byte shuffle looks up 16 entries at once, and with AVX-512 VBMI four registers hold a table of 256. Codes
// of neighbouring rows lie side by side, as the files keep them, so that nothing is rearranged.
#define HWY_WANT_AVX3_DL  // Highway leaves the level with VBMI out unless it is asked for
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "lance/simd/quantized.cc"
#include <hwy/foreach_target.h>
// Highway's header must follow foreach_target.h.
#include <hwy/highway.h>

#include "lance/simd/quantized.h"

#include <algorithm>
#include <cstring>

#include "lance/simd/level.h"

HWY_BEFORE_NAMESPACE();
namespace lance::simd {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR

void NibbleSums(const uint8_t* codes, size_t rows, size_t columns, const uint8_t* tables, uint16_t* sums) {
  scalar::SumNibbleTables(codes, rows, columns, tables, sums);
}
void ByteSums(const uint8_t* codes, size_t rows, size_t columns, const uint8_t* tables, uint16_t* sums) {
  scalar::SumByteTables(codes, rows, columns, tables, sums);
}
size_t FirstAtMost(const uint16_t* values, size_t count, uint16_t limit) {
  return scalar::FindAtMostU16(values, count, limit);
}
void ByteL2(const uint8_t* query, const uint8_t* rows, size_t count, size_t dim, uint64_t* out) {
  scalar::L2Bytes(query, rows, count, dim, out);
}
void ByteDot(const float* query, const uint8_t* rows, size_t count, size_t dim, float* out) {
  scalar::DotBytes(query, rows, count, dim, out);
}
void LowerBounds(const EstimateTerms& terms, const uint16_t* sums, size_t rows, float* bounds) {
  scalar::EstimateLowerBounds(terms, sums, rows, bounds);
}
#else

using Bytes = hn::ScalableTag<uint8_t>;
using Words = hn::ScalableTag<uint16_t>;

// Loops over accumulators are unrolled by order: otherwise these lie in memory instead of registers.

// Sums of 16 bits from additions of whole words: the upper bytes are summed apart, and taken off in the end.
template <int S>
struct WordSums {
  hn::Vec<Words> all[S];
  hn::Vec<Words> upper[S];

  HWY_INLINE void Clear() {
#pragma GCC unroll 8
    for (int s = 0; s < S; ++s) all[s] = upper[s] = hn::Zero(Words());
  }
  HWY_INLINE void Add(int s, hn::Vec<Bytes> entries) {
    const auto words = hn::BitCast(Words(), entries);
    all[s] = hn::Add(all[s], words);
    upper[s] = hn::Add(upper[s], hn::ShiftRight<8>(words));
  }
  // Of the first columns the sums, of further ones added to them.
  HWY_INLINE void Store(int s, bool first, uint16_t* out) const {
    const Words d;
    auto even = hn::Sub(all[s], hn::ShiftLeft<8>(upper[s])), odd = upper[s];
    if (!first) {
      hn::Vec<Words> even_before, odd_before;
      hn::LoadInterleaved2(d, out, even_before, odd_before);
      even = hn::Add(even, even_before);
      odd = hn::Add(odd, odd_before);
    }
    hn::StoreInterleaved2(even, odd, d, out);
  }
};

// Columns of codes: byte c * stride + r is that of row r.
struct Columns {
  const uint8_t* codes;
  size_t stride;
  size_t count;
  bool first;  // of all columns

  // Loads the rows' share of the columns behind these, in the order of memory.
  HWY_INLINE void PrefetchNext(size_t row, size_t rows) const {
    const uint8_t* from = codes + count * stride + row * count;
    for (size_t at = 0; at < rows * count; at += 64) __builtin_prefetch(from + at);
  }
  // Loads these columns now, which the processor then goes on with by itself.
  HWY_INLINE void Touch() const {
    uint8_t any = 0;
    for (size_t at = 0; at < count * stride; at += 64) any |= codes[at];
    asm volatile("" : : "r"(any));
  }
};

// Codes are read a few columns at a time, all rows of them: memory is read nearly in its order.
template <class Sum>
HWY_INLINE void ForColumns(const uint8_t* codes, size_t rows, size_t columns, size_t together,
                           const Sum& sum) {
  for (size_t c = 0; c < columns; c += together) {
    sum(Columns{codes + c * rows, rows, std::min(together, columns - c), c == 0}, c);
  }
}

// Sums of S vectors of rows from row `begin`, to `sums`.
template <int S>
HWY_INLINE void NibbleStrip(const Columns& columns, size_t begin, const uint8_t* HWY_RESTRICT tables,
                            uint16_t* HWY_RESTRICT sums) {
  const Bytes d;
  const size_t lanes = hn::Lanes(d);
  const auto low_half = hn::Set(d, uint8_t{15});
  WordSums<S> total;
  total.Clear();
  const uint8_t* from = columns.codes + begin;
  for (size_t c = 0; c < columns.count; ++c, from += columns.stride) {
    const auto low_table = hn::LoadDup128(d, tables + 32 * c);
    const auto high_table = hn::LoadDup128(d, tables + 32 * c + 16);
#pragma GCC unroll 8
    for (int s = 0; s < S; ++s) {
      const auto code = hn::LoadU(d, from + static_cast<size_t>(s) * lanes);
      const auto high = hn::And(hn::BitCast(d, hn::ShiftRight<4>(hn::BitCast(Words(), code))), low_half);
      total.Add(s, hn::TableLookupBytes(low_table, hn::And(code, low_half)));
      total.Add(s, hn::TableLookupBytes(high_table, high));
    }
  }
#pragma GCC unroll 8
  for (int s = 0; s < S; ++s) total.Store(s, columns.first, sums + static_cast<size_t>(s) * lanes);
}

void FewNibbleSums(const uint8_t* codes, size_t rows, size_t columns, const uint8_t* tables, uint16_t* sums) {
  for (size_t r = 0; r < rows; ++r) {
    uint16_t sum = 0;
    for (size_t c = 0; c < columns; ++c) {
      const uint8_t code = codes[c * rows + r];
      sum = static_cast<uint16_t>(sum + tables[32 * c + (code & 15)] + tables[32 * c + 16 + (code >> 4)]);
    }
    sums[r] = sum;
  }
}

void NibbleSums(const uint8_t* codes, size_t rows, size_t columns, const uint8_t* tables, uint16_t* sums) {
  constexpr size_t kTogether = 16;
  const size_t lanes = hn::Lanes(Bytes()), strip = 4 * lanes;
  if (rows < lanes) return FewNibbleSums(codes, rows, columns, tables, sums);
  // The last rows are those of a whole vector, some of them a second time.
  uint16_t last[HWY_MAX_BYTES];
  ForColumns(codes, rows, columns, kTogether, [&](const Columns& some, size_t first) HWY_ATTR {
    const uint8_t* of = tables + 32 * first;
    some.Touch();
    size_t r = 0;
    for (; r + strip <= rows; r += strip) {
      NibbleStrip<4>(some, r, of, sums + r);
    }
    for (; r + lanes <= rows; r += lanes) NibbleStrip<1>(some, r, of, sums + r);
    if (r < rows) NibbleStrip<1>(some, rows - lanes, of, last);
  });
  if (rows % lanes != 0) std::copy_n(last, lanes, sums + rows - lanes);
}

#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX3_DL

constexpr int kByteVectors = 4;

template <int S>
HWY_INLINE void ByteStrip(const Columns& columns, size_t begin, const uint8_t* HWY_RESTRICT tables,
                          uint16_t* HWY_RESTRICT sums) {
  WordSums<S> total;
  total.Clear();
  const uint8_t* from = columns.codes + begin;
  for (size_t c = 0; c < columns.count; ++c, from += columns.stride) {
    const uint8_t* table = tables + 256 * c;
    const __m512i t0 = _mm512_loadu_si512(table);
    const __m512i t1 = _mm512_loadu_si512(table + 64);
    const __m512i t2 = _mm512_loadu_si512(table + 128);
    const __m512i t3 = _mm512_loadu_si512(table + 192);
#pragma GCC unroll 8
    for (int s = 0; s < S; ++s) {
      const __m512i code = _mm512_loadu_si512(from + 64 * s);
      const __m512i low = _mm512_permutex2var_epi8(t0, code, t1);
      const __m512i high = _mm512_permutex2var_epi8(t2, code, t3);
      const __m512i entries = _mm512_mask_blend_epi8(_mm512_movepi8_mask(code), low, high);
      total.Add(s, hn::Vec<Bytes>{entries});
    }
  }
#pragma GCC unroll 8
  for (int s = 0; s < S; ++s) total.Store(s, columns.first, sums + 64 * static_cast<size_t>(s));
}

#elif HWY_ARCH_X86 && HWY_TARGET == HWY_AVX3

// Without VBMI words are looked up: four registers hold a table as 128 words, of which a code's upper seven
// bits choose one and its lowest bit a byte.
constexpr int kByteVectors = 2;

class WordTable {
 public:
  HWY_INLINE explicit WordTable(const uint8_t* table)
      : t0_(_mm512_loadu_si512(table)),
        t1_(_mm512_loadu_si512(table + 64)),
        t2_(_mm512_loadu_si512(table + 128)),
        t3_(_mm512_loadu_si512(table + 192)) {}

  // The entries of codes in the low bytes of words, of which `word` is the number of theirs.
  HWY_INLINE __m512i Find(__m512i word, __mmask32 upper_half, __mmask32 odd) const {
    const __m512i low = _mm512_permutex2var_epi16(t0_, word, t1_);
    const __m512i high = _mm512_permutex2var_epi16(t2_, word, t3_);
    const __m512i both = _mm512_mask_blend_epi16(upper_half, low, high);
    return _mm512_and_si512(_mm512_mask_srli_epi16(both, odd, both, 8), _mm512_set1_epi16(255));
  }

 private:
  __m512i t0_, t1_, t2_, t3_;
};

template <int S>
HWY_INLINE void ByteStrip(const Columns& columns, size_t begin, const uint8_t* HWY_RESTRICT tables,
                          uint16_t* HWY_RESTRICT sums) {
  __m512i even[S], odd[S];
#pragma GCC unroll 8
  for (int s = 0; s < S; ++s) even[s] = odd[s] = _mm512_setzero_si512();
  const uint8_t* from = columns.codes + begin;
  for (size_t c = 0; c < columns.count; ++c, from += columns.stride) {
    const WordTable table(tables + 256 * c);
#pragma GCC unroll 8
    for (int s = 0; s < S; ++s) {
      const __m512i code = _mm512_loadu_si512(from + 64 * s);
      const __m512i low =
          table.Find(_mm512_srli_epi16(code, 1), _mm512_test_epi16_mask(code, _mm512_set1_epi16(0x80)),
                     _mm512_test_epi16_mask(code, _mm512_set1_epi16(0x01)));
      const __m512i high = table.Find(_mm512_srli_epi16(code, 9), _mm512_movepi16_mask(code),
                                      _mm512_test_epi16_mask(code, _mm512_set1_epi16(0x100)));
      even[s] = _mm512_add_epi16(even[s], low);
      odd[s] = _mm512_add_epi16(odd[s], high);
    }
  }
#pragma GCC unroll 8
  for (int s = 0; s < S; ++s) {
    uint16_t* to = sums + 64 * static_cast<size_t>(s);
    const Words d;
    hn::Vec<Words> first{even[s]}, second{odd[s]};
    if (!columns.first) {
      hn::Vec<Words> even_before, odd_before;
      hn::LoadInterleaved2(d, to, even_before, odd_before);
      first = hn::Add(first, even_before);
      second = hn::Add(second, odd_before);
    }
    hn::StoreInterleaved2(first, second, d, to);
  }
}

#else

constexpr int kByteVectors = 1;

// One byte of 16 tables of 16, chosen by the upper half of each code: a tree of choices, bit 4 first. Choices
// look at the highest bit of a byte; what a shift brings in from the neighbour lies below it.
class ByteTree {
 public:
  HWY_INLINE explicit ByteTree(hn::Vec<Bytes> code)
      : low_(hn::And(code, hn::Set(Bytes(), uint8_t{15}))),
        bit4_(Shifted<3>(code)),
        bit5_(Shifted<2>(code)),
        bit6_(Shifted<1>(code)),
        bit7_(IsNegative(code)) {}

  HWY_INLINE hn::Vec<Bytes> Choose(const uint8_t* table) const {
    return Either(bit7_, Eight(table), Eight(table + 128));
  }

 private:
  using Signed = hn::RebindToSigned<Bytes>;
  using Bit = decltype(hn::Lt(hn::Zero(Signed()), hn::Zero(Signed())));
  static HWY_INLINE Bit IsNegative(hn::Vec<Bytes> code) {
    return hn::Lt(hn::BitCast(Signed(), code), hn::Zero(Signed()));
  }
  template <int kBits>
  static HWY_INLINE Bit Shifted(hn::Vec<Bytes> code) {
    return IsNegative(hn::BitCast(Bytes(), hn::ShiftLeft<kBits>(hn::BitCast(Words(), code))));
  }
  static HWY_INLINE hn::Vec<Bytes> Either(Bit bit, hn::Vec<Bytes> clear, hn::Vec<Bytes> set) {
    const Signed d;
    return hn::BitCast(Bytes(), hn::IfThenElse(bit, hn::BitCast(d, set), hn::BitCast(d, clear)));
  }
  HWY_INLINE hn::Vec<Bytes> One(const uint8_t* table) const {
    return hn::TableLookupBytes(hn::LoadDup128(Bytes(), table), low_);
  }
  HWY_INLINE hn::Vec<Bytes> Two(const uint8_t* table) const {
    return Either(bit4_, One(table), One(table + 16));
  }
  HWY_INLINE hn::Vec<Bytes> Four(const uint8_t* table) const {
    return Either(bit5_, Two(table), Two(table + 32));
  }
  HWY_INLINE hn::Vec<Bytes> Eight(const uint8_t* table) const {
    return Either(bit6_, Four(table), Four(table + 64));
  }

  hn::Vec<Bytes> low_;
  Bit bit4_, bit5_, bit6_, bit7_;
};

template <int S>
HWY_INLINE void ByteStrip(const Columns& columns, size_t begin, const uint8_t* HWY_RESTRICT tables,
                          uint16_t* HWY_RESTRICT sums) {
  const Bytes d;
  const size_t lanes = hn::Lanes(d);
  WordSums<S> total;
  total.Clear();
  const uint8_t* from = columns.codes + begin;
  for (size_t c = 0; c < columns.count; ++c, from += columns.stride) {
#pragma GCC unroll 8
    for (int s = 0; s < S; ++s) {
      const ByteTree tree(hn::LoadU(d, from + static_cast<size_t>(s) * lanes));
      total.Add(s, tree.Choose(tables + 256 * c));
    }
  }
#pragma GCC unroll 8
  for (int s = 0; s < S; ++s) total.Store(s, columns.first, sums + static_cast<size_t>(s) * lanes);
}

#endif

void FewByteSums(const uint8_t* codes, size_t rows, size_t columns, const uint8_t* tables, uint16_t* sums) {
  for (size_t r = 0; r < rows; ++r) {
    uint16_t sum = 0;
    for (size_t c = 0; c < columns; ++c)
      sum = static_cast<uint16_t>(sum + tables[256 * c + codes[c * rows + r]]);
    sums[r] = sum;
  }
}

void ByteSums(const uint8_t* codes, size_t rows, size_t columns, const uint8_t* tables, uint16_t* sums) {
  constexpr size_t kTogether = 8;
  const size_t lanes = hn::Lanes(Bytes()), strip = kByteVectors * lanes;
  if (rows < lanes) return FewByteSums(codes, rows, columns, tables, sums);
  // The last rows are those of a whole vector, some of them a second time.
  uint16_t last[HWY_MAX_BYTES];
  ForColumns(codes, rows, columns, kTogether, [&](const Columns& some, size_t first) HWY_ATTR {
    const uint8_t* of = tables + 256 * first;
    size_t r = 0;
    for (; r + strip <= rows; r += strip) {
      some.PrefetchNext(r, strip);
      ByteStrip<kByteVectors>(some, r, of, sums + r);
    }
    for (; r + lanes <= rows; r += lanes) ByteStrip<1>(some, r, of, sums + r);
    if (r < rows) ByteStrip<1>(some, rows - lanes, of, last);
  });
  if (rows % lanes != 0) std::copy_n(last, lanes, sums + rows - lanes);
}

size_t FirstAtMost(const uint16_t* values, size_t count, uint16_t limit) {
  const Words d;
  const size_t lanes = hn::Lanes(d);
  const auto bound = hn::Set(d, limit);
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const auto value = hn::LoadU(d, values + i);
    const intptr_t first = hn::FindFirstTrue(d, hn::Eq(hn::Min(value, bound), value));
    if (first >= 0) return i + static_cast<size_t>(first);
  }
  while (i < count && values[i] > limit) ++i;
  return i;
}

void ByteL2(const uint8_t* query, const uint8_t* rows, size_t count, size_t dim, uint64_t* out) {
  const hn::ScalableTag<int32_t> d32;
  const hn::Repartition<int16_t, decltype(d32)> d16;
  const hn::Rebind<uint8_t, decltype(d16)> half;
  const size_t lanes = hn::Lanes(d16);
  // Each step adds at most 2 * 255^2 to a lane of 32 bits.
  constexpr size_t kSteps = 16000;
  for (size_t r = 0; r < count; ++r) {
    const uint8_t* row = rows + r * dim;
    uint64_t sum = 0;
    size_t i = 0;
    while (i + lanes <= dim) {
      const size_t stop = std::min(dim, i + kSteps * lanes);
      auto first = hn::Zero(d32), second = hn::Zero(d32);
      for (; i + lanes <= stop; i += lanes) {
        const auto difference = hn::Sub(hn::PromoteTo(d16, hn::LoadU(half, query + i)),
                                        hn::PromoteTo(d16, hn::LoadU(half, row + i)));
        first = hn::ReorderWidenMulAccumulate(d32, difference, difference, first, second);
      }
      sum += static_cast<uint32_t>(hn::GetLane(hn::SumOfLanes(d32, hn::Add(first, second))));
    }
    for (; i < dim; ++i) {
      const int difference = int{query[i]} - int{row[i]};
      sum += static_cast<uint64_t>(difference * difference);
    }
    out[r] = sum;
  }
}

void ByteDot(const float* query, const uint8_t* rows, size_t count, size_t dim, float* out) {
  const hn::ScalableTag<float> d;
  const hn::RebindToSigned<decltype(d)> d32;
  const hn::Rebind<uint8_t, decltype(d32)> quarter;
  const size_t lanes = hn::Lanes(d);
  for (size_t r = 0; r < count; ++r) {
    const uint8_t* row = rows + r * dim;
    auto sums = hn::Zero(d);
    size_t i = 0;
    for (; i + lanes <= dim; i += lanes) {
      const auto code = hn::ConvertTo(d, hn::PromoteTo(d32, hn::LoadU(quarter, row + i)));
      sums = hn::MulAdd(hn::LoadU(d, query + i), code, sums);
    }
    float sum = hn::GetLane(hn::SumOfLanes(d, sums));
    for (; i < dim; ++i) sum += query[i] * static_cast<float>(row[i]);
    out[r] = sum;
  }
}

void LowerBounds(const EstimateTerms& terms, const uint16_t* sums, size_t rows, float* bounds) {
  const hn::ScalableTag<float> d;
  const hn::RebindToSigned<decltype(d)> d32;
  const hn::Rebind<uint16_t, decltype(d)> half;
  const size_t lanes = hn::Lanes(d);
  const auto offset = hn::Set(d, terms.offset), slope = hn::Set(d, terms.slope);
  const auto width = hn::Set(d, terms.width), shift = hn::Set(d, terms.shift);
  const auto add_scale = hn::Set(d, terms.add_scale), add_offset = hn::Set(d, terms.add_offset);
  const auto error_scale = hn::Set(d, terms.error_scale), rounding = hn::Set(d, 1e-5f);
  size_t r = 0;
  for (; r + lanes <= rows; r += lanes) {
    const auto sum = hn::ConvertTo(d, hn::PromoteTo(d32, hn::LoadU(half, sums + r)));
    const auto product = hn::MulAdd(slope, sum, offset);
    auto low = product;
    if (terms.scale != nullptr) {
      const auto scale = hn::LoadU(d, terms.scale + r);
      low = hn::Min(hn::Mul(scale, product), hn::Mul(scale, hn::Add(product, width)));
    }
    auto bound = hn::Add(hn::MulAdd(add_scale, hn::Sub(hn::LoadU(d, terms.add + r), add_offset), low), shift);
    if (terms.error != nullptr) bound = hn::NegMulAdd(hn::LoadU(d, terms.error + r), error_scale, bound);
    hn::StoreU(hn::NegMulAdd(rounding, hn::Abs(bound), bound), d, bounds + r);
  }
  EstimateTerms rest = terms;
  if (rest.scale != nullptr) rest.scale += r;
  rest.add += r;
  if (rest.error != nullptr) rest.error += r;
  scalar::EstimateLowerBounds(rest, sums + r, rows - r, bounds + r);
}

#endif  // HWY_TARGET == HWY_SCALAR

}  // namespace HWY_NAMESPACE
}  // namespace lance::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lance::simd {
namespace {

HWY_EXPORT(NibbleSums);
HWY_EXPORT(ByteSums);
HWY_EXPORT(FirstAtMost);
HWY_EXPORT(ByteL2);
HWY_EXPORT(ByteDot);
HWY_EXPORT(LowerBounds);

}  // namespace

void SumNibbleTables(const uint8_t* codes, size_t rows, size_t columns, const uint8_t* tables,
                     uint16_t* sums) {
  if (UseScalar()) return scalar::SumNibbleTables(codes, rows, columns, tables, sums);
  HWY_DYNAMIC_DISPATCH(NibbleSums)(codes, rows, columns, tables, sums);
}

void SumByteTables(const uint8_t* codes, size_t rows, size_t columns, const uint8_t* tables, uint16_t* sums) {
  if (UseScalar()) return scalar::SumByteTables(codes, rows, columns, tables, sums);
  HWY_DYNAMIC_DISPATCH(ByteSums)(codes, rows, columns, tables, sums);
}

size_t FindAtMostU16(const uint16_t* values, size_t count, uint16_t limit) {
  if (UseScalar()) return scalar::FindAtMostU16(values, count, limit);
  return HWY_DYNAMIC_DISPATCH(FirstAtMost)(values, count, limit);
}

void L2Bytes(const uint8_t* query, const uint8_t* rows, size_t count, size_t dim, uint64_t* out) {
  if (UseScalar()) return scalar::L2Bytes(query, rows, count, dim, out);
  HWY_DYNAMIC_DISPATCH(ByteL2)(query, rows, count, dim, out);
}

void DotBytes(const float* query, const uint8_t* rows, size_t count, size_t dim, float* out) {
  if (UseScalar()) return scalar::DotBytes(query, rows, count, dim, out);
  HWY_DYNAMIC_DISPATCH(ByteDot)(query, rows, count, dim, out);
}

void EstimateLowerBounds(const EstimateTerms& terms, const uint16_t* sums, size_t rows, float* bounds) {
  if (UseScalar()) return scalar::EstimateLowerBounds(terms, sums, rows, bounds);
  HWY_DYNAMIC_DISPATCH(LowerBounds)(terms, sums, rows, bounds);
}

}  // namespace lance::simd
#endif  // HWY_ONCE
