#include "lance/encoding/codec/bitpack/fastlanes.h"

#include <cstring>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace lance::encoding {
namespace {

// Packs by the definition of the layout: value of (row, lane) at bits [row * width, +width) of its lane's
// stream.
std::vector<uint8_t> Pack(unsigned bits, unsigned width, const std::vector<uint64_t>& values) {
  constexpr unsigned kOrder[8] = {0, 4, 2, 6, 1, 5, 3, 7};
  const unsigned lanes = 1024 / bits;
  std::vector<uint8_t> out(FastLanesBytes(width));
  for (unsigned row = 0; row < bits; ++row) {
    for (unsigned lane = 0; lane < lanes; ++lane) {
      uint64_t value = values[kOrder[row / 8] * 16 + (row % 8) * 128 + lane];
      for (unsigned bit = 0; bit < width; ++bit) {
        unsigned at = row * width + bit;
        size_t word = (at / bits) * lanes + lane;
        size_t byte = word * (bits / 8) + at % bits / 8;
        out[byte] = static_cast<uint8_t>(out[byte] | ((value >> bit) & 1) << (at % 8));
      }
    }
  }
  return out;
}

TEST(FastLanes, UnpacksEveryWidthOfEveryWord) {
  std::mt19937_64 random(3);
  for (unsigned bits : {8u, 16u, 32u, 64u}) {
    for (unsigned width = 0; width <= bits; ++width) {
      std::vector<uint64_t> values(1024);
      for (uint64_t& value : values) value = width == 0 ? 0 : random() >> (64 - width);
      std::vector<uint8_t> packed = Pack(bits, width, values);
      std::vector<uint8_t> out(128 * bits);
      FastLanesUnpack(bits, width, packed.data(), out.data());
      for (unsigned i = 0; i < 1024; ++i) {
        uint64_t got = 0;
        std::memcpy(&got, out.data() + i * bits / 8, bits / 8);
        ASSERT_EQ(got, values[i]) << bits << " " << width << " " << i;
        ASSERT_EQ(FastLanesGet(bits, width, packed.data(), i), values[i]) << bits << " " << width << " " << i;
      }
    }
  }
}

TEST(FastLanes, GivesValidityOfPackedLevels) {
  std::mt19937_64 random(4);
  std::vector<uint64_t> levels(1024);
  for (uint64_t& level : levels) level = random() & 1;
  std::vector<uint8_t> packed = Pack(16, 1, levels);
  std::vector<uint8_t> bits(128);
  FastLanesZeroBits16(packed.data(), bits.data());
  for (unsigned i = 0; i < 1024; ++i) ASSERT_EQ((bits[i / 8] >> i % 8) & 1, levels[i] == 0 ? 1 : 0) << i;
}

}  // namespace
}  // namespace lance::encoding
