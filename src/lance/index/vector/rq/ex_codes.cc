#include "lance/index/vector/rq/ex_codes.h"

#include <algorithm>
#include <cstring>

namespace lance::index {
namespace {

constexpr size_t kBlock = 64;

// The plane of highest bits: the bit of dimension 16k + b is at 8 * (b % 8) + 2k + b / 8.
void AddTopPlane(const uint8_t* plane, int shift, uint8_t* codes) {
  uint64_t bits;
  std::memcpy(&bits, plane, sizeof(bits));
  for (size_t d = 0; d < kBlock; ++d) {
    const size_t k = d / 16, b = d % 16;
    codes[d] |= static_cast<uint8_t>((bits >> (8 * (b % 8) + 2 * k + b / 8) & 1) << shift);
  }
}

void UnpackPairs(const uint8_t* from, uint8_t* codes) {
  for (size_t b = 0; b < 16; ++b) {
    for (size_t k = 0; k < 4; ++k) codes[b + 16 * k] = from[b] >> (2 * k) & 3;
  }
}

void UnpackSixBits(const uint8_t* from, uint8_t* codes) {
  for (size_t b = 0; b < 16; ++b) {
    codes[48 + b] = 0;
    for (size_t k = 0; k < 3; ++k) {
      codes[16 * k + b] = from[16 * k + b] & 63;
      codes[48 + b] |= static_cast<uint8_t>((from[16 * k + b] >> 6) << (2 * k));
    }
  }
}

void UnpackBlock(const uint8_t* from, uint32_t bits, uint8_t* codes) {
  switch (bits) {
    case 1:
      for (size_t d = 0; d < kBlock; ++d) codes[d] = from[d / 8] >> (d % 8) & 1;
      return;
    case 2:
      return UnpackPairs(from, codes);
    case 3:
      UnpackPairs(from, codes);
      return AddTopPlane(from + 16, 2, codes);
    case 4:
      for (size_t j = 0; j < 4; ++j) {
        for (size_t b = 0; b < 8; ++b) {
          codes[16 * j + b] = from[8 * j + b] & 15;
          codes[16 * j + 8 + b] = from[8 * j + b] >> 4;
        }
      }
      return;
    case 5:
      for (size_t b = 0; b < 16; ++b) {
        codes[b] = from[b] & 15;
        codes[b + 16] = from[b] >> 4;
        codes[b + 32] = from[16 + b] & 15;
        codes[b + 48] = from[16 + b] >> 4;
      }
      return AddTopPlane(from + 32, 4, codes);
    case 6:
      return UnpackSixBits(from, codes);
    case 7:
      UnpackSixBits(from, codes);
      return AddTopPlane(from + 48, 6, codes);
    default:
      std::memcpy(codes, from, kBlock);
  }
}

}  // namespace

Result<std::shared_ptr<arrow::Buffer>> UnpackExCodes(const arrow::Buffer& stored, size_t rows,
                                                     size_t dimension, uint32_t ex_bits, bool blocked) {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> out,
                        arrow::AllocateBuffer(static_cast<int64_t>(rows * dimension)));
  const size_t row_bytes = rows == 0 ? 0 : static_cast<size_t>(stored.size()) / rows;
  uint8_t block[kBlock];
  for (size_t r = 0; r < rows; ++r) {
    const uint8_t* from = stored.data() + r * row_bytes;
    uint8_t* to = out->mutable_data() + r * dimension;
    if (blocked) {
      for (size_t d = 0; d < dimension; d += kBlock, from += 8 * ex_bits) {
        UnpackBlock(from, ex_bits, block);
        std::memcpy(to + d, block, std::min(kBlock, dimension - d));
      }
      continue;
    }
    for (size_t d = 0; d < dimension; ++d) {
      const size_t bit = d * ex_bits;
      uint32_t word = from[bit / 8];
      if (bit / 8 + 1 < row_bytes) word |= uint32_t{from[bit / 8 + 1]} << 8;
      to[d] = static_cast<uint8_t>(word >> (bit % 8) & ((1u << ex_bits) - 1));
    }
  }
  return out;
}

}  // namespace lance::index
