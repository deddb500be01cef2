// One pass kernels over 16-bit levels. Written with Highway because the release build's -O2 leaves such loops
// scalar: counting 3.5 million levels took 2.4 ms, a fifth of reading the list column they belong to.
#include "lance/encoding/levels/level_bits.h"

#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "lance/encoding/levels/level_bits.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace lance::encoding::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Tag = hn::ScalableTag<uint16_t>;

// Highway 1.0 does not compare unsigned lanes by order.
template <class V>
HWY_INLINE auto AtMost(V level, V most) {
  return hn::Eq(hn::Min(level, most), level);
}

// Sums test(vector of levels) over whole vectors, and test on the rest padded with `padding`, which must
// fail.
template <typename Test>
uint64_t CountIf(const uint16_t* HWY_RESTRICT levels, uint64_t count, Test test) {
  const Tag d;
  const size_t lanes = hn::Lanes(d);
  uint64_t total = 0;
  uint64_t at = 0;
  for (; at + lanes <= count; at += lanes) total += hn::CountTrue(d, test(hn::LoadU(d, levels + at)));
  if (at < count) {
    const auto rest = hn::FirstN(d, count - at);
    HWY_ALIGN uint16_t padded[HWY_MAX_BYTES / sizeof(uint16_t)] = {};
    std::memcpy(padded, levels + at, (count - at) * sizeof(uint16_t));
    total += hn::CountTrue(d, hn::And(rest, test(hn::Load(d, padded))));
  }
  return total;
}

uint64_t CountAtMostImpl(const uint16_t* levels, uint64_t count, uint16_t limit) {
  const auto most = hn::Set(Tag(), limit);
  return CountIf(levels, count, [&](auto level) { return AtMost(level, most); });
}

uint64_t CountEqualImpl(const uint16_t* levels, uint64_t count, uint16_t wanted) {
  const auto equal = hn::Set(Tag(), wanted);
  return CountIf(levels, count, [&](auto level) { return hn::Eq(level, equal); });
}

uint64_t CountStartsImpl(const uint16_t* HWY_RESTRICT rep, const uint16_t* HWY_RESTRICT def, uint64_t count,
                         uint16_t limit) {
  const Tag d;
  const size_t lanes = hn::Lanes(d);
  const auto most = hn::Set(d, limit);
  const auto zero = hn::Zero(d);
  uint64_t total = 0;
  uint64_t at = 0;
  for (; at + lanes <= count; at += lanes) {
    const auto starts = hn::Ne(hn::LoadU(d, rep + at), zero);
    total += hn::CountTrue(d, hn::And(starts, AtMost(hn::LoadU(d, def + at), most)));
  }
  for (; at < count; ++at) total += (rep[at] != 0) & (def[at] <= limit);
  return total;
}

uint16_t MaxLevelImpl(const uint16_t* HWY_RESTRICT levels, uint64_t count) {
  const Tag d;
  const size_t lanes = hn::Lanes(d);
  auto highest = hn::Zero(d);
  uint64_t at = 0;
  for (; at + lanes <= count; at += lanes) highest = hn::Max(highest, hn::LoadU(d, levels + at));
  uint16_t out = hn::GetLane(hn::MaxOfLanes(d, highest));
  for (; at < count; ++at) out = out < levels[at] ? levels[at] : out;
  return out;
}

void AtMostBitsImpl(const uint16_t* HWY_RESTRICT levels, uint64_t count, uint16_t limit,
                    uint8_t* HWY_RESTRICT out) {
  // Eight lanes make a byte; narrower vectors do not exist on targets that we build for.
  const hn::CappedTag<uint16_t, 64> d;
  const size_t lanes = hn::Lanes(d);
  const auto most = hn::Set(d, limit);
  uint64_t at = 0;
  if (lanes >= 8) {
    uint8_t bits[HWY_MAX_BYTES];
    for (; at + lanes <= count; at += lanes, out += lanes / 8) {
      hn::StoreMaskBits(d, AtMost(hn::LoadU(d, levels + at), most), bits);
      std::memcpy(out, bits, lanes / 8);
    }
  }
  for (; at < count; at += 8) {
    unsigned bits = 0;
    for (uint64_t i = 0; i < 8 && at + i < count; ++i)
      bits |= static_cast<unsigned>(levels[at + i] <= limit) << i;
    *out++ = static_cast<uint8_t>(bits);
  }
}

// Levels from `at` on, up to 64, as one bit each: set where `test` holds.
template <typename Test>
HWY_INLINE uint64_t Word(const uint16_t* HWY_RESTRICT levels, uint64_t at, uint64_t count, Test test) {
  const hn::CappedTag<uint16_t, 64> d;
  const size_t lanes = hn::Lanes(d);
  HWY_ALIGN uint16_t padded[64];
  const uint16_t* from = levels + at;
  const uint64_t left = count - at;
  if (left < 64) {
    std::memcpy(padded, from, left * sizeof(uint16_t));
    std::memset(padded + left, 0, (64 - left) * sizeof(uint16_t));
    from = padded;
  }
  uint64_t word = 0;
  uint8_t bits[HWY_MAX_BYTES] = {};
  for (size_t i = 0; i < 64; i += lanes) {
    hn::StoreMaskBits(d, test(hn::LoadU(d, from + i)), bits);
    uint64_t part = 0;
    std::memcpy(&part, bits, sizeof(part));
    word |= (lanes < 64 ? part & ((uint64_t{1} << (lanes % 64)) - 1) : part) << i;
  }
  return left < 64 ? word & ((uint64_t{1} << left) - 1) : word;
}

void FindRowsImpl(const uint16_t* HWY_RESTRICT rep, const uint16_t* HWY_RESTRICT def, uint64_t count,
                  uint16_t starts_row, uint16_t visible, const RowRange* rows, size_t num_rows,
                  RowPlace* out) {
  const hn::CappedTag<uint16_t, 64> d;
  const auto row_level = hn::Set(d, starts_row), most = hn::Set(d, visible);
  uint64_t row = 0;    // starts before the word
  uint64_t value = 0;  // values before it
  const size_t num_places = 2 * num_rows;
  size_t place = 0;
  auto wanted = [&] {
    const RowRange& range = rows[place / 2];
    return place % 2 == 0 ? range.start : range.end();
  };
  for (uint64_t at = 0; at < count && place < num_places; at += 64) {
    uint64_t starts = Word(rep, at, count, [&](auto level) { return hn::Eq(level, row_level); });
    if (at == 0) starts |= 1;
    uint64_t seen = count - at < 64 ? (uint64_t{1} << (count - at)) - 1 : ~uint64_t{0};
    if (def != nullptr) seen = Word(def, at, count, [&](auto level) { return AtMost(level, most); });
    const uint64_t rows_after = row + static_cast<uint64_t>(__builtin_popcountll(starts));
    for (; place < num_places && wanted() < rows_after; ++place) {
      for (; row < wanted(); ++row) starts &= starts - 1;
      const int bit = __builtin_ctzll(starts);
      const uint64_t before = seen & ((uint64_t{1} << bit) - 1);
      out[place] = {at + static_cast<uint64_t>(bit),
                    value + static_cast<uint64_t>(__builtin_popcountll(before))};
    }
    row = rows_after;
    value += static_cast<uint64_t>(__builtin_popcountll(seen));
  }
  // Only the end of the last row lies behind all levels.
  for (; place < num_places; ++place) out[place] = {count, value};
}

}  // namespace lance::encoding::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lance::encoding {

HWY_EXPORT(CountAtMostImpl);
HWY_EXPORT(CountEqualImpl);
HWY_EXPORT(CountStartsImpl);
HWY_EXPORT(MaxLevelImpl);
HWY_EXPORT(AtMostBitsImpl);
HWY_EXPORT(FindRowsImpl);

void ZeroBits(const uint16_t* levels, uint64_t count, uint8_t* out) { AtMostBits(levels, count, 0, out); }

void AtMostBits(const uint16_t* levels, uint64_t count, uint16_t limit, uint8_t* out) {
  HWY_DYNAMIC_DISPATCH(AtMostBitsImpl)(levels, count, limit, out);
}

uint64_t CountAtMost(const uint16_t* levels, uint64_t count, uint16_t limit) {
  return HWY_DYNAMIC_DISPATCH(CountAtMostImpl)(levels, count, limit);
}

uint64_t CountEqual(const uint16_t* levels, uint64_t count, uint16_t level) {
  return HWY_DYNAMIC_DISPATCH(CountEqualImpl)(levels, count, level);
}

uint64_t CountStarts(const uint16_t* rep, const uint16_t* def, uint64_t count, uint16_t limit) {
  return HWY_DYNAMIC_DISPATCH(CountStartsImpl)(rep, def, count, limit);
}

void FindRows(const uint16_t* rep, const uint16_t* def, uint64_t count, uint16_t starts_row, uint16_t visible,
              std::span<const RowRange> rows, RowPlace* out) {
  HWY_DYNAMIC_DISPATCH(FindRowsImpl)
  (rep, def, count, starts_row, visible, rows.data(), rows.size(), out);
}

uint16_t MaxLevel(const uint16_t* levels, uint64_t count) {
  return HWY_DYNAMIC_DISPATCH(MaxLevelImpl)(levels, count);
}

}  // namespace lance::encoding
#endif
