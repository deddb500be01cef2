#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace lance::index {

/// Distances among the vectors of a partition, as the search of their codes will see them. Immutable,
/// thread-safe.
class NodeDistance {
 public:
  virtual ~NodeDistance() = default;
  virtual void FromNode(uint32_t node, const uint32_t* others, size_t count, float* out) const = 0;
};

std::unique_ptr<NodeDistance> MakeL2Distance(std::vector<float> rows, size_t dim);
std::unique_ptr<NodeDistance> MakeDotDistance(std::vector<float> rows, size_t dim);
/// Codes stand for start + code * step in each dimension.
std::unique_ptr<NodeDistance> MakeSqL2Distance(std::vector<uint8_t> codes, size_t dim, float step);
std::unique_ptr<NodeDistance> MakeSqDotDistance(std::vector<uint8_t> codes, size_t dim, float start,
                                                float step);
std::unique_ptr<NodeDistance> MakeHammingDistance(std::vector<uint8_t> rows, size_t dim);

}  // namespace lance::index
