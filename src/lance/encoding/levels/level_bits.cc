#include "lance/encoding/levels/level_bits.h"

#include <algorithm>

namespace lance::encoding {

// Plain loops in the shape that the compiler turns into vector code.
void ZeroBits(const uint16_t* levels, uint64_t count, uint8_t* out) {
  uint64_t at = 0;
  for (; at + 8 <= count; at += 8) {
    unsigned bits = 0;
    for (unsigned i = 0; i < 8; ++i) bits |= static_cast<unsigned>(levels[at + i] == 0) << i;
    *out++ = static_cast<uint8_t>(bits);
  }
  if (at < count) {
    unsigned bits = 0;
    for (unsigned i = 0; at + i < count; ++i) bits |= static_cast<unsigned>(levels[at + i] == 0) << i;
    *out = static_cast<uint8_t>(bits);
  }
}

namespace {
template <typename Test>
uint64_t CountIf(const uint16_t* levels, uint64_t count, Test test) {
  uint64_t total = 0;
  for (uint64_t at = 0; at < count;) {
    // Blocks short enough for a 16-bit sum, which keeps the lanes narrow.
    uint64_t stop = std::min<uint64_t>(count, at + 32768);
    uint16_t sum = 0;
    for (; at < stop; ++at) sum = static_cast<uint16_t>(sum + test(levels[at]));
    total += sum;
  }
  return total;
}
}  // namespace

uint64_t CountAtMost(const uint16_t* levels, uint64_t count, uint16_t limit) {
  return CountIf(levels, count, [limit](uint16_t level) { return level <= limit; });
}

uint64_t CountEqual(const uint16_t* levels, uint64_t count, uint16_t wanted) {
  return CountIf(levels, count, [wanted](uint16_t level) { return level == wanted; });
}

uint16_t MaxLevel(const uint16_t* levels, uint64_t count) {
  uint16_t highest = 0;
  for (uint64_t at = 0; at < count; ++at) highest = std::max(highest, levels[at]);
  return highest;
}

}  // namespace lance::encoding
