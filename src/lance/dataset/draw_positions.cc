#include "lance/dataset/draw_positions.h"

#include <random>
#include <unordered_set>

namespace lance::dataset {

std::vector<int64_t> DrawPositions(uint64_t count, uint64_t population, uint64_t seed) {
  // Each step adds one new position.
  std::mt19937_64 random(seed);
  std::unordered_set<uint64_t> chosen;
  std::vector<int64_t> out;
  out.reserve(static_cast<size_t>(count));
  for (uint64_t last = population - count; last < population; ++last) {
    uint64_t position = random() % (last + 1);
    if (!chosen.insert(position).second) chosen.insert(position = last);
    out.push_back(static_cast<int64_t>(position));
  }
  for (size_t i = out.size(); i > 1; --i) std::swap(out[i - 1], out[random() % i]);
  return out;
}

}  // namespace lance::dataset
