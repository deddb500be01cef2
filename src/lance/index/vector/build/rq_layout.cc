#include "lance/index/vector/build/rq_layout.h"

#include <algorithm>
#include <cstring>

namespace lance::index {
namespace {

constexpr size_t kRowOrder[16] = {0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15};
constexpr size_t kBlockDims = 64;

// Bit `bit` of each code. Dimension 16k + b goes to bit 8 (b mod 8) + 2k + b / 8 of a little-endian u64.
void PackTopPlane(const uint8_t* codes, uint32_t bit, uint8_t* out) {
  std::memset(out, 0, 8);
  for (size_t dim = 0; dim < kBlockDims; ++dim) {
    const size_t k = dim / 16, b = dim % 16;
    out[b % 8] |= static_cast<uint8_t>((codes[dim] >> bit & 1) << (2 * k + b / 8));
  }
}

void PackPairs(const uint8_t* codes, uint8_t* out) {
  for (size_t b = 0; b < 16; ++b) {
    out[b] = static_cast<uint8_t>((codes[b] & 3) | (codes[b + 16] & 3) << 2 | (codes[b + 32] & 3) << 4 |
                                  (codes[b + 48] & 3) << 6);
  }
}

void PackSixes(const uint8_t* codes, uint8_t* out) {
  for (size_t k = 0; k < 3; ++k) {
    for (size_t b = 0; b < 16; ++b) {
      out[16 * k + b] = static_cast<uint8_t>((codes[16 * k + b] & 63) | (codes[48 + b] >> (2 * k) & 3) << 6);
    }
  }
}

void PackBlock(const uint8_t* codes, uint32_t bits, uint8_t* out) {
  switch (bits) {
    case 1:
      std::memset(out, 0, 8);
      for (size_t dim = 0; dim < kBlockDims; ++dim)
        out[dim / 8] |= static_cast<uint8_t>((codes[dim] & 1) << dim % 8);
      return;
    case 2:
      return PackPairs(codes, out);
    case 3:
      PackPairs(codes, out);
      return PackTopPlane(codes, 2, out + 16);
    case 4:
      for (size_t j = 0; j < 4; ++j) {
        for (size_t b = 0; b < 8; ++b) {
          out[8 * j + b] = static_cast<uint8_t>((codes[16 * j + b] & 15) | (codes[16 * j + 8 + b] & 15) << 4);
        }
      }
      return;
    case 5:
      for (size_t b = 0; b < 16; ++b) {
        out[b] = static_cast<uint8_t>((codes[b] & 15) | (codes[b + 16] & 15) << 4);
        out[16 + b] = static_cast<uint8_t>((codes[b + 32] & 15) | (codes[b + 48] & 15) << 4);
      }
      return PackTopPlane(codes, 4, out + 32);
    case 6:
      return PackSixes(codes, out);
    case 7:
      PackSixes(codes, out);
      return PackTopPlane(codes, 6, out + 48);
    default:
      std::memcpy(out, codes, kBlockDims);
  }
}

}  // namespace

std::vector<uint8_t> PackSignCodes(std::span<const uint8_t> codes, size_t count, size_t width) {
  std::vector<uint8_t> out(count * width);
  uint8_t* to = out.data();
  size_t row = 0;
  for (; row + 32 <= count; row += 32) {
    for (size_t column = 0; column < width; ++column) {
      for (size_t j = 0; j < 16; ++j) {
        const uint8_t first = codes[(row + kRowOrder[j]) * width + column];
        const uint8_t second = codes[(row + kRowOrder[j] + 16) * width + column];
        to[j] = static_cast<uint8_t>((first & 15) | (second & 15) << 4);
        to[16 + j] = static_cast<uint8_t>(first >> 4 | (second & 0xF0));
      }
      to += 32;
    }
  }
  for (size_t column = 0; column < width; ++column) {
    for (size_t rest = row; rest < count; ++rest) *to++ = codes[rest * width + column];
  }
  return out;
}

void PackExCodes(std::span<const uint8_t> codes, uint32_t bits, uint8_t* out) {
  uint8_t block[kBlockDims];
  for (size_t first = 0; first < codes.size(); first += kBlockDims) {
    const size_t count = std::min(kBlockDims, codes.size() - first);
    std::memset(block, 0, sizeof(block));
    std::memcpy(block, codes.data() + first, count);
    PackBlock(block, bits, out);
    out += 8 * bits;
  }
}

}  // namespace lance::index
