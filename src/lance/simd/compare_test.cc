#include "lance/simd/compare.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace lance::simd {
namespace {

template <typename T>
bool Less(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    using Bits = std::conditional_t<sizeof(T) == 4, int32_t, int64_t>;
    auto key = [](T value) {
      Bits bits;
      std::memcpy(&bits, &value, sizeof(bits));
      return bits < 0 ? static_cast<Bits>(bits ^ std::numeric_limits<Bits>::max()) : bits;
    };
    return key(a) < key(b);
  }
  return a < b;
}

template <typename T>
void Check(const std::vector<T>& pool) {
  std::mt19937 random(2);
  for (size_t count : {0, 1, 5, 63, 64, 65, 200}) {
    for (T bound : pool) {
      std::vector<T> values(count);
      for (T& value : values) value = pool[random() % pool.size()];
      for (Comparison how : {Comparison::kEq, Comparison::kLt, Comparison::kLe}) {
        std::vector<uint8_t> wanted((count + 7) / 8, 0);
        for (size_t i = 0; i < count; ++i) {
          const bool below = Less(values[i], bound);
          const bool above = Less(bound, values[i]);
          const bool bit = how == Comparison::kLt   ? below
                           : how == Comparison::kLe ? !above
                                                    : !below && !above;
          wanted[i / 8] = static_cast<uint8_t>(wanted[i / 8] | bit << i % 8);
        }
        std::vector<uint8_t> got(wanted.size(), 0xAA);
        CompareWith(how, values.data(), count, bound, got.data());
        EXPECT_EQ(got, wanted) << count << " values, bound " << bound << ", how " << static_cast<int>(how);
      }
    }
  }
}

TEST(CompareWith, OrdersIntegers) {
  Check<int32_t>({INT32_MIN, -5, 0, 7, INT32_MAX});
  Check<int64_t>({INT64_MIN, -5, 0, int64_t{1} << 40, INT64_MAX});
}

TEST(CompareWith, OrdersFloatsTotally) {
  const float inf = std::numeric_limits<float>::infinity();
  Check<float>({-NAN, -inf, -1.5f, -0.0f, 0.0f, 2.5f, inf, NAN});
  const double big = std::numeric_limits<double>::infinity();
  Check<double>({-std::nan(""), -big, -1.5, -0.0, 0.0, 2.5, big, std::nan("")});
}

}  // namespace
}  // namespace lance::simd
