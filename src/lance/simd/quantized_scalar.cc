#include <algorithm>
#include <cmath>

#include "lance/simd/codewords.h"
#include "lance/simd/quantized.h"
#include "lance/simd/rounding.h"

namespace lance::simd::scalar {

void SumNibbleTables(const uint8_t* codes, size_t rows, size_t columns, const uint8_t* tables,
                     uint16_t* sums) {
  std::fill_n(sums, rows, uint16_t{0});
  for (size_t c = 0; c < columns; ++c) {
    const uint8_t* low = tables + 32 * c;
    const uint8_t* high = low + 16;
    for (size_t r = 0; r < rows; ++r) {
      const uint8_t code = codes[c * rows + r];
      sums[r] = static_cast<uint16_t>(sums[r] + low[code & 15] + high[code >> 4]);
    }
  }
}

void SumByteTables(const uint8_t* codes, size_t rows, size_t columns, const uint8_t* tables, uint16_t* sums) {
  std::fill_n(sums, rows, uint16_t{0});
  for (size_t c = 0; c < columns; ++c) {
    for (size_t r = 0; r < rows; ++r) {
      sums[r] = static_cast<uint16_t>(sums[r] + tables[256 * c + codes[c * rows + r]]);
    }
  }
}

void EstimateLowerBounds(const EstimateTerms& terms, const uint16_t* sums, size_t rows, float* bounds) {
  for (size_t r = 0; r < rows; ++r) {
    const float product = terms.offset + terms.slope * static_cast<float>(sums[r]);
    const float low = terms.scale == nullptr
                          ? product
                          : std::min(terms.scale[r] * product, terms.scale[r] * (product + terms.width));
    const float estimate = low + terms.add_scale * (terms.add[r] - terms.add_offset) + terms.shift;
    const float bound = terms.error == nullptr ? estimate : estimate - terms.error[r] * terms.error_scale;
    bounds[r] = bound - 1e-5f * std::fabs(bound);
  }
}

size_t FindAtMostU16(const uint16_t* values, size_t count, uint16_t limit) {
  size_t i = 0;
  while (i < count && values[i] > limit) ++i;
  return i;
}

void L2Bytes(const uint8_t* query, const uint8_t* rows, size_t count, size_t dim, uint64_t* out) {
  for (size_t r = 0; r < count; ++r) {
    uint64_t sum = 0;
    for (size_t d = 0; d < dim; ++d) {
      const int difference = int{query[d]} - int{rows[r * dim + d]};
      sum += static_cast<uint64_t>(difference * difference);
    }
    out[r] = sum;
  }
}

void DotBytes(const float* query, const uint8_t* rows, size_t count, size_t dim, float* out) {
  for (size_t r = 0; r < count; ++r) {
    float sum = 0;
    for (size_t d = 0; d < dim; ++d) sum += query[d] * static_cast<float>(rows[r * dim + d]);
    out[r] = sum;
  }
}

void CodewordDistances(CodewordMetric metric, const float* queries, size_t num_queries, const float* codebook,
                       size_t sub_vectors, size_t sub_dim, size_t codewords, float* out) {
  for (size_t q = 0; q < num_queries; ++q) {
    const float* query = queries + q * sub_vectors * sub_dim;
    for (size_t m = 0; m < sub_vectors; ++m) {
      for (size_t c = 0; c < codewords; ++c) {
        float sum = 0;
        for (size_t d = 0; d < sub_dim; ++d) {
          const float value = codebook[(m * sub_dim + d) * codewords + c];
          const float difference = query[m * sub_dim + d] - value;
          sum += metric == CodewordMetric::kL2 ? difference * difference : query[m * sub_dim + d] * value;
        }
        const float one = metric == CodewordMetric::kDot ? 1 : 0;
        out[(q * sub_vectors + m) * codewords + c] = metric == CodewordMetric::kL2 ? sum : one - sum;
      }
    }
  }
}

float CodeDistance(const float* vector, const float* codewords, size_t sub_vectors, size_t sub_dim,
                   const uint8_t* code, size_t stride) {
  float out = 0;
  for (size_t m = 0; m < sub_vectors; ++m) {
    const float* word = codewords + (m * 256 + code[m * stride]) * sub_dim;
    float sum = 0;
    for (size_t d = 0; d < sub_dim; ++d) {
      const float difference = vector[d * sub_vectors + m] - word[d];
      sum += difference * difference;
    }
    out += sum;
  }
  return out;
}

RoundedTables RoundTables(const float* tables, size_t count, size_t entries, uint8_t* bytes) {
  RoundedTables out;
  float largest = 0, spans = 0;
  for (size_t t = 0; t < count; ++t) {
    const float* table = tables + t * entries;
    float low = table[0], high = table[0], sum = 0;
    for (size_t i = 0; i < entries; ++i) {
      low = std::min(low, table[i]);
      high = std::max(high, table[i]);
      sum += table[i] * 0.0f;  // not a number unless all entries are finite
    }
    out.bias += low + sum;
    out.magnitude += std::max(std::fabs(low), std::fabs(high));
    largest = std::max(largest, high - low);
    spans += high - low;
  }
  out.step = StepFor(largest, spans, count);
  const float inverse = InverseOf(out.step);
  for (size_t t = 0; t < count; ++t) {
    const float* table = tables + t * entries;
    const float low = *std::min_element(table, table + entries);
    for (size_t i = 0; i < entries; ++i) {
      const float scaled = (table[i] - low) * inverse;
      bytes[t * entries + i] = std::isfinite(scaled) ? static_cast<uint8_t>(std::min(scaled, 255.0f)) : 0;
    }
  }
  return out;
}

}  // namespace lance::simd::scalar
