#include "lance/simd/distance_scalar.h"

#include <cmath>
#include <cstring>
#include <vector>

namespace lance::simd::scalar {
namespace {

float LoadHalf(uint16_t bits) {
  const uint32_t sign = static_cast<uint32_t>(bits & 0x8000) << 16;
  uint32_t exponent = (bits >> 10) & 31;
  uint32_t fraction = bits & 1023;
  uint32_t out;
  if (exponent == 31) {
    out = sign | 0x7F800000 | (fraction << 13);
  } else if (exponent != 0) {
    out = sign | ((exponent + 112) << 23) | (fraction << 13);
  } else {
    const float value = std::ldexp(static_cast<float>(fraction), -24);
    return sign != 0 ? -value : value;
  }
  float value;
  std::memcpy(&value, &out, sizeof(value));
  return value;
}

float LoadBFloat(uint16_t bits) {
  const uint32_t wide = static_cast<uint32_t>(bits) << 16;
  float value;
  std::memcpy(&value, &wide, sizeof(value));
  return value;
}

// Sixteen partial sums, so that the compiler can keep them in vector registers.
constexpr size_t kLanes = 16;

template <typename T, typename Step>
T Sum(size_t dim, Step&& step) {
  T partial[kLanes] = {};
  size_t i = 0;
  for (; i + kLanes <= dim; i += kLanes) {
    for (size_t lane = 0; lane < kLanes; ++lane) partial[lane] += step(i + lane);
  }
  T sum = 0;
  for (; i < dim; ++i) sum += step(i);
  for (T value : partial) sum += value;
  return sum;
}

template <typename T>
float OneDistance(Metric metric, const T* a, const T* b, size_t dim) {
  switch (metric) {
    case Metric::kL2:
      return static_cast<float>(Sum<T>(dim, [&](size_t i) { return (a[i] - b[i]) * (a[i] - b[i]); }));
    case Metric::kDot:
      return static_cast<float>(1 - Sum<T>(dim, [&](size_t i) { return a[i] * b[i]; }));
    case Metric::kCosine: {
      const T ab = Sum<T>(dim, [&](size_t i) { return a[i] * b[i]; });
      const T aa = Sum<T>(dim, [&](size_t i) { return a[i] * a[i]; });
      const T bb = Sum<T>(dim, [&](size_t i) { return b[i] * b[i]; });
      return static_cast<float>(1 - ab / std::sqrt(aa) / std::sqrt(bb));
    }
    case Metric::kHamming:
      break;
  }
  return std::nanf("");
}

float Hamming(const uint8_t* a, const uint8_t* b, size_t dim) {
  uint64_t bits = 0;
  for (size_t i = 0; i < dim; ++i) bits += static_cast<uint64_t>(__builtin_popcount(a[i] ^ b[i]));
  return static_cast<float>(bits);
}

// Widens both sides to float32 first.
template <typename Load>
void Widened(Metric metric, const uint16_t* query, const uint16_t* vectors, size_t rows, size_t dim,
             float* out, Load&& load) {
  std::vector<float> wide_query(dim);
  std::vector<float> wide(dim);
  for (size_t i = 0; i < dim; ++i) wide_query[i] = load(query[i]);
  for (size_t row = 0; row < rows; ++row) {
    for (size_t i = 0; i < dim; ++i) wide[i] = load(vectors[row * dim + i]);
    out[row] = OneDistance(metric, wide_query.data(), wide.data(), dim);
  }
}

}  // namespace

void Distances(Metric metric, Element element, const void* query, const void* vectors, size_t rows,
               size_t dim, float* out) {
  switch (element) {
    case Element::kFloat16:
      return Widened(metric, static_cast<const uint16_t*>(query), static_cast<const uint16_t*>(vectors), rows,
                     dim, out, LoadHalf);
    case Element::kBFloat16:
      return Widened(metric, static_cast<const uint16_t*>(query), static_cast<const uint16_t*>(vectors), rows,
                     dim, out, LoadBFloat);
    case Element::kFloat32:
      for (size_t row = 0; row < rows; ++row) {
        out[row] = OneDistance(metric, static_cast<const float*>(query),
                               static_cast<const float*>(vectors) + row * dim, dim);
      }
      return;
    case Element::kFloat64:
      for (size_t row = 0; row < rows; ++row) {
        out[row] = OneDistance(metric, static_cast<const double*>(query),
                               static_cast<const double*>(vectors) + row * dim, dim);
      }
      return;
    case Element::kUInt8:
      for (size_t row = 0; row < rows; ++row) {
        out[row] = Hamming(static_cast<const uint8_t*>(query),
                           static_cast<const uint8_t*>(vectors) + row * dim, dim);
      }
      return;
  }
}

void BatchDistancesF32(Metric metric, const float* queries, size_t num_queries, const float* vectors,
                       size_t rows, size_t dim, float* out) {
  for (size_t q = 0; q < num_queries; ++q) {
    scalar::Distances(metric, Element::kFloat32, queries + q * dim, vectors, rows, dim, out + q * rows);
  }
}

}  // namespace lance::simd::scalar
