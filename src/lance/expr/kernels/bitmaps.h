#pragma once

#include <cstdint>
#include <memory>

#include <arrow/datum.h>
#include <arrow/type_fwd.h>

#include "lance/base/status.h"

namespace lance::expr {

/// Packs 64 flags of one byte each (0 or 1) into a word, first flag in the lowest bit.
inline uint64_t PackFlags(const uint8_t* flags) {
  uint64_t word = 0;
  for (int i = 0; i < 8; ++i) {
    uint64_t eight;
    __builtin_memcpy(&eight, flags + 8 * i, 8);
    word |= ((eight * 0x0102040810204080ull) >> 56) << (8 * i);
  }
  return word;
}

/// A zeroed bitmap of `bits`, rounded up to whole words.
Result<std::shared_ptr<arrow::Buffer>> NewBitmap(int64_t bits);

/// Fills a bitmap from `test(row)`, which must be cheap and without side effects.
template <typename Test>
void FillBitmap(int64_t rows, uint8_t* out, Test test) {
  uint8_t flags[64];
  int64_t row = 0;
  for (; row + 64 <= rows; row += 64) {
    for (int i = 0; i < 64; ++i) flags[i] = static_cast<uint8_t>(test(row + i));
    uint64_t word = PackFlags(flags);
    __builtin_memcpy(out + row / 8, &word, 8);
  }
  if (row < rows) {
    uint64_t word = 0;
    for (int64_t i = row; i < rows; ++i) word |= static_cast<uint64_t>(test(i)) << (i - row);
    __builtin_memcpy(out + row / 8, &word, 8);
  }
}

/// Validity of a result that is null where any operand is; null when no operand has a null. Bitmap offset 0.
Result<std::shared_ptr<arrow::Buffer>> CombineValidity(const arrow::Datum& left, const arrow::Datum& right,
                                                       int64_t rows);
/// The same for one operand.
Result<std::shared_ptr<arrow::Buffer>> CopyValidity(const arrow::Datum& value, int64_t rows);

/// A boolean array over bitmaps that start at bit 0.
std::shared_ptr<arrow::Array> MakeBoolArray(int64_t rows, std::shared_ptr<arrow::Buffer> values,
                                            std::shared_ptr<arrow::Buffer> validity);

/// The datum as an array of `rows`: scalars are repeated.
Result<std::shared_ptr<arrow::Array>> ToArray(const arrow::Datum& value, int64_t rows);

}  // namespace lance::expr
