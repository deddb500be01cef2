#include "lance/index/vector/rq/sign_codes.h"

namespace lance::index {
namespace {

constexpr size_t kBlock = 32;
// Where in a block of 32 rows the half-bytes of byte j belong: to rows kOrder[j] and kOrder[j] + 16.
constexpr size_t kOrder[16] = {0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15};

}  // namespace

Result<std::shared_ptr<arrow::Buffer>> UnpackSignCodes(const arrow::Buffer& packed, size_t rows,
                                                       size_t columns) {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> out, arrow::AllocateBuffer(packed.size()));
  const uint8_t* from = packed.data();
  uint8_t* to = out->mutable_data();
  const size_t blocks = rows / kBlock;
  for (size_t b = 0; b < blocks; ++b) {
    for (size_t c = 0; c < columns; ++c, from += kBlock) {
      uint8_t* column = to + c * rows + b * kBlock;
      for (size_t j = 0; j < 16; ++j) {
        const uint8_t low = from[j];
        const uint8_t high = from[16 + j];
        column[kOrder[j]] = static_cast<uint8_t>((low & 15) | (high & 15) << 4);
        column[kOrder[j] + 16] = static_cast<uint8_t>(low >> 4 | (high >> 4) << 4);
      }
    }
  }
  const size_t rest = rows - blocks * kBlock;
  for (size_t c = 0; c < columns; ++c) {
    for (size_t r = 0; r < rest; ++r) to[c * rows + blocks * kBlock + r] = *from++;
  }
  return out;
}

}  // namespace lance::index
