#pragma once

#include <cstddef>
#include <cstdint>

/// Kernels over the codes of quantized vectors. All are exact in integers; floats differ from the scalar
/// definition by the order of sums only. Each dispatches on the CPU once per call. Thread-safe.
namespace lance::simd {

/// Sums table entries that 4-bit codes select: sums[r] = the entries of all columns for row r. Codes lie
/// column after column, `rows` bytes each; the low half of column c selects of tables[32 c ...], the high
/// half of tables[32 c + 16 ...]. Sums must fit 16 bits.
void SumNibbleTables(const uint8_t* codes, size_t rows, size_t columns, const uint8_t* tables,
                     uint16_t* sums);

/// The same for 8-bit codes: column c selects of tables[256 c ...].
void SumByteTables(const uint8_t* codes, size_t rows, size_t columns, const uint8_t* tables, uint16_t* sums);

/// The first of `count` values that is at most `limit`; `count` when none is.
size_t FindAtMostU16(const uint16_t* values, size_t count, uint16_t limit);

/// Squared L2 distances of one query to rows of bytes, row-major.
void L2Bytes(const uint8_t* query, const uint8_t* rows, size_t count, size_t dim, uint64_t* out);

/// Inner products of a float query with rows of bytes, row-major.
void DotBytes(const float* query, const uint8_t* rows, size_t count, size_t dim, float* out);

/// Distances as RaBitQ estimates them from sums of rounded tables, three factors a row: with
/// product = offset + slope * sum, a row's distance is at least
///   min(scale * product, scale * (product + width)) + add_scale * (add - add_offset) + shift
///   - error * error_scale,
/// of which 1e-5 of its size is taken off for rounding. `scale` may be null, for 1 and no width; `error` may
/// be null.
struct EstimateTerms {
  float offset = 0;
  float slope = 1;
  float width = 0;
  float add_scale = 1;
  float add_offset = 0;
  float shift = 0;
  float error_scale = 0;
  const float* scale = nullptr;
  const float* add = nullptr;
  const float* error = nullptr;
};
void EstimateLowerBounds(const EstimateTerms& terms, const uint16_t* sums, size_t rows, float* bounds);

namespace scalar {
void EstimateLowerBounds(const EstimateTerms& terms, const uint16_t* sums, size_t rows, float* bounds);
void SumNibbleTables(const uint8_t* codes, size_t rows, size_t columns, const uint8_t* tables,
                     uint16_t* sums);
void SumByteTables(const uint8_t* codes, size_t rows, size_t columns, const uint8_t* tables, uint16_t* sums);
size_t FindAtMostU16(const uint16_t* values, size_t count, uint16_t limit);
void L2Bytes(const uint8_t* query, const uint8_t* rows, size_t count, size_t dim, uint64_t* out);
void DotBytes(const float* query, const uint8_t* rows, size_t count, size_t dim, float* out);
}  // namespace scalar

}  // namespace lance::simd
