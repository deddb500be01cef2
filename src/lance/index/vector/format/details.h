#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>

#include "lance/base/status.h"
#include "lance/index/vector/format/kinds.h"
#include "lance/index/vector/format/quantizer_metadata.h"

namespace lance::index {

/// What the manifest's index entry says of a vector index: enough to build more of the same kind. Entries of
/// old releases are empty.
struct VectorIndexDetails {
  struct Hnsw {
    uint32_t max_connections = 20;
    uint32_t construction_ef = 150;
    uint32_t max_level = 7;
    bool operator==(const Hnsw&) const = default;
  };
  simd::Metric metric = simd::Metric::kL2;
  uint64_t target_partition_size = 0;  ///< 0: not set
  std::optional<Hnsw> hnsw;
  std::optional<Quantizer> quantizer;  ///< none: the entry does not say
  uint32_t num_bits = 0;               ///< of PQ, SQ and RQ
  uint32_t num_sub_vectors = 0;        ///< of PQ
  RqMetadata::Rotation rotation = RqMetadata::Rotation::kFast;
  std::map<std::string, std::string> runtime_hints;

  bool operator==(const VectorIndexDetails&) const = default;
};

/// Whether an index entry's details, by their type URL, are those of a vector index.
bool IsVectorIndex(std::string_view details_type_url);

Result<VectorIndexDetails> ParseVectorIndexDetails(std::span<const uint8_t> bytes);
std::string SerializeVectorIndexDetails(const VectorIndexDetails& details);

}  // namespace lance::index
