#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace lance::index {

/// Tables of distances, rounded down to bytes so that their sums are lower bounds: a row whose entries add up
/// to `sum` has a sum of floats between bias + step * sum and bias + step * (sum + tables), up to rounding.
class ByteTables {
 public:
  /// Rounds `count` tables of `entries` floats. False when they hold something that is not finite.
  bool Make(const float* tables, size_t count, size_t entries);

  const uint8_t* data() const { return bytes_.data(); }
  float bias() const { return bias_; }
  float step() const { return step_; }
  /// How far the sum of floats may be above bias + step * sum.
  float width() const { return width_; }
  /// What rounding of floats may take off bias + step * sum or add to it.
  float slack() const { return slack_; }
  /// The largest sum of bytes with which a row may still be at most `limit`; none when no row can be.
  std::optional<uint16_t> Cutoff(float limit) const;

 private:
  std::vector<uint8_t> bytes_;
  float bias_ = 0;
  float step_ = 0;
  float width_ = 0;
  float slack_ = 0;
};

}  // namespace lance::index
