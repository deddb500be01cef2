#pragma once

#include <cstdint>
#include <vector>

namespace lance::dataset {

/// Draws `count` of the positions [0, population) without replacement, in no useful order. The same for the
/// same seed. Time and memory O(count), whatever the population. Source: R. W. Floyd, in J. Bentley,
/// "Programming Pearls: a sample of brilliance", 1987.
std::vector<int64_t> DrawPositions(uint64_t count, uint64_t population, uint64_t seed);

}  // namespace lance::dataset
