// Kernels of RaBitQ (J. Gao, C. Long, 2024; with more bits: J. Gao et al., 2024), with Highway.
//
// The best scale of the further bits: the reference sweeps every t at which some code changes, which takes a
// sort of some hundred values for each vector. The direction hardly depends on t near the best one, so a grid
// of 32 and a finer one around its best are about as good and take a tenth.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "lance/simd/rabitq.cc"
#include <hwy/foreach_target.h>
// Highway's header must follow foreach_target.h.
#include <hwy/highway.h>

#include "lance/simd/rabitq.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "lance/simd/level.h"

HWY_BEFORE_NAMESPACE();
namespace lance::simd {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using DF = hn::ScalableTag<float>;
using VF = hn::Vec<DF>;

// (x, y) -> (x + y, x - y) of `count` pairs, times `scale`.
HWY_INLINE void Butterflies(float* HWY_RESTRICT x, float* HWY_RESTRICT y, size_t count, float scale) {
  const DF d;
  const size_t lanes = hn::Lanes(d);
  const VF factor = hn::Set(d, scale);
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const VF a = hn::LoadU(d, x + i), b = hn::LoadU(d, y + i);
    hn::StoreU(hn::Mul(factor, hn::Add(a, b)), d, x + i);
    hn::StoreU(hn::Mul(factor, hn::Sub(a, b)), d, y + i);
  }
  for (; i < count; ++i) {
    const float a = x[i], b = y[i];
    x[i] = scale * (a + b);
    y[i] = scale * (a - b);
  }
}

// The transform of a power of two of values; `scale` is worked into the last stage.
void Hadamard(float* values, size_t size, float scale) {
  if (size == 1) return;
  size_t half = 1;
  if (size >= 16) {  // the stages within eight values at once
    for (float* v = values; v < values + size; v += 8) {
      const float a0 = v[0] + v[1], a1 = v[0] - v[1], a2 = v[2] + v[3], a3 = v[2] - v[3];
      const float a4 = v[4] + v[5], a5 = v[4] - v[5], a6 = v[6] + v[7], a7 = v[6] - v[7];
      const float b0 = a0 + a2, b1 = a1 + a3, b2 = a0 - a2, b3 = a1 - a3;
      const float b4 = a4 + a6, b5 = a5 + a7, b6 = a4 - a6, b7 = a5 - a7;
      v[0] = b0 + b4, v[1] = b1 + b5, v[2] = b2 + b6, v[3] = b3 + b7;
      v[4] = b0 - b4, v[5] = b1 - b5, v[6] = b2 - b6, v[7] = b3 - b7;
    }
    half = 8;
  }
  for (; half < size; half *= 2) {
    const float factor = half * 2 == size ? scale : 1.0f;
    for (size_t at = 0; at < size; at += 2 * half) Butterflies(values + at, values + at + half, half, factor);
  }
}

void Rotate(float* values, size_t dim, const uint8_t* signs) {
  const size_t window = std::bit_floor(dim), sign_bytes = (dim + 7) / 8;
  const float scale = 1.0f / std::sqrt(static_cast<float>(window));
  for (size_t round = 0; round < 4; ++round) {
    const uint8_t* flips = signs + round * sign_bytes;
    for (size_t i = 0; i < dim; ++i) {
      if (flips[i / 8] >> (i % 8) & 1) values[i] = -values[i];
    }
    Hadamard(values + (round % 2 == 0 ? 0 : dim - window), window, scale);
    if (window != dim) Butterflies(values, values + dim / 2, dim / 2, round == 3 ? 0.25f : 1.0f);
  }
}

// The cosine (but for a constant) between the magnitudes and the codes of four scales each.
HWY_INLINE void Directions(const float* HWY_RESTRICT magnitudes, size_t dim, const float* scales,
                           int max_code, float* out) {
  const DF d;
  const size_t lanes = hn::Lanes(d);
  const VF half = hn::Set(d, 0.5f), most = hn::Set(d, static_cast<float>(max_code)),
           epsilon = hn::Set(d, 1e-5f);
  VF dots[4], norms[4], t[4];
#pragma GCC unroll 4
  for (int s = 0; s < 4; ++s) {
    dots[s] = norms[s] = hn::Zero(d);
    t[s] = hn::Set(d, scales[s]);
  }
  size_t i = 0;
  for (; i + lanes <= dim; i += lanes) {
    const VF v = hn::LoadU(d, magnitudes + i);
#pragma GCC unroll 4
    for (int s = 0; s < 4; ++s) {
      const VF code = hn::Add(hn::Min(hn::Floor(hn::MulAdd(t[s], v, epsilon)), most), half);
      dots[s] = hn::MulAdd(code, v, dots[s]);
      norms[s] = hn::MulAdd(code, code, norms[s]);
    }
  }
  for (int s = 0; s < 4; ++s) {
    float dot = hn::GetLane(hn::SumOfLanes(d, dots[s])), norm = hn::GetLane(hn::SumOfLanes(d, norms[s]));
    for (size_t rest = i; rest < dim; ++rest) {
      const float code =
          std::min(std::floor(scales[s] * magnitudes[rest] + 1e-5f), static_cast<float>(max_code)) + 0.5f;
      dot += code * magnitudes[rest];
      norm += code * code;
    }
    out[s] = dot / std::sqrt(norm);
  }
}

float BestScale(const float* magnitudes, size_t dim, float low, float high, int max_code) {
  float best = low, best_direction = -1;
  const auto try_four = [&](float start, float step) {
    float scales[4], directions[4];
    for (int s = 0; s < 4; ++s) scales[s] = start + step * static_cast<float>(s);
    Directions(magnitudes, dim, scales, max_code, directions);
    for (int s = 0; s < 4; ++s) {
      if (!(directions[s] > best_direction)) continue;
      best_direction = directions[s];
      best = scales[s];
    }
  };
  const float step = (high - low) / 32;
  for (int i = 0; i < 8; ++i) try_four(low + step * static_cast<float>(4 * i), step);
  const float center = best;
  try_four(center - step * 0.8f, step * 0.2f);
  try_four(center + step * 0.2f, step * 0.2f);
  return best;
}

}  // namespace HWY_NAMESPACE
}  // namespace lance::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lance::simd {
namespace {

HWY_EXPORT(Rotate);
HWY_EXPORT(BestScale);

}  // namespace

void RotateFast(float* values, size_t dim, const uint8_t* signs) {
  UseScalar();  // applies LANCE_SIMD_LEVEL
  HWY_DYNAMIC_DISPATCH(Rotate)(values, dim, signs);
}

float BestCodeScale(const float* magnitudes, size_t dim, float low, float high, int max_code) {
  UseScalar();
  return HWY_DYNAMIC_DISPATCH(BestScale)(magnitudes, dim, low, high, max_code);
}

}  // namespace lance::simd
#endif  // HWY_ONCE
