#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lance/base/status.h"

namespace lance::index {

struct HnswParameters {
  uint32_t max_level = 7;          ///< levels at most
  uint32_t m = 20;                 ///< neighbours at most; twice as many on level 0
  uint32_t ef_construction = 150;  ///< candidates looked at for each node
  std::optional<uint32_t> prefetch_distance = 2;
  bool operator==(const HnswParameters&) const = default;
};

/// The graph of one partition. Its rows of index.idx are those of level 0 (all vectors, in order), then those
/// of level 1, ...; level l has rows [level_offsets[l], level_offsets[l + 1]).
struct HnswMetadata {
  uint32_t entry_point = 0;  ///< a node of the highest level that has any
  HnswParameters parameters;
  std::vector<uint64_t> level_offsets;  ///< max_level + 1

  uint64_t num_levels() const { return level_offsets.empty() ? 0 : level_offsets.size() - 1; }
  bool operator==(const HnswMetadata&) const = default;
};

/// Parses the value of `lance:hnsw`: a JSON list with one string a partition; an empty string is an empty
/// graph. Errors: Corruption.
Result<std::vector<HnswMetadata>> ParseHnswMetadata(std::string_view json);
std::string SerializeHnswMetadata(const std::vector<HnswMetadata>& partitions);
/// The JSON of one partition, as index statistics show it.
std::string SerializeHnsw(const HnswMetadata& metadata);
/// The value of `lance:flat`.
std::string SerializeFlatPartitions(size_t num_partitions);

}  // namespace lance::index
