#include "lance/index/vector/search/byte_tables.h"

#include <cmath>

#include "lance/simd/codewords.h"

namespace lance::index {

bool ByteTables::Make(const float* tables, size_t count, size_t entries) {
  // Reading 64 bytes at the last table must stay inside.
  bytes_.resize(count * entries + 64);
  const simd::RoundedTables rounded = simd::RoundTables(tables, count, entries, bytes_.data());
  if (!std::isfinite(rounded.bias) || !std::isfinite(rounded.step)) return false;
  bias_ = rounded.bias;
  step_ = rounded.step;
  width_ = step_ * static_cast<float>(count);
  // Sums of this many floats are off by a few units in the last place of the largest partial sum.
  slack_ = (rounded.magnitude + step_ * 65535) * static_cast<float>(count + 8) * 1.2e-7f;
  return true;
}

std::optional<uint16_t> ByteTables::Cutoff(float limit) const {
  if (!(step_ > 0)) return UINT16_MAX;
  const float sum = (limit - bias_ + slack_) / step_;
  if (!(sum >= 0)) return std::isnan(sum) ? std::optional<uint16_t>(UINT16_MAX) : std::nullopt;
  return sum >= UINT16_MAX ? UINT16_MAX : static_cast<uint16_t>(sum);
}

}  // namespace lance::index
