#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace lance::index {

/// An order of points in which near ones tend to stand near each other: halves of halves along their longest
/// extent. `points`: count * dim floats, row-major. Takes count * dim * log2(count) steps.
std::vector<uint32_t> SpatialOrder(const float* points, size_t count, size_t dim);

}  // namespace lance::index
