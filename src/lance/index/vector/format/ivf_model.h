#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lance/base/row_range.h"
#include "lance/base/status.h"
#include "lance/index/vector/format/tensor.h"

namespace lance::index {

/// The inverted file: where each partition's rows are, and around what they lie. index.idx has the centroids
/// and the ranges of the sub-index's rows (all empty without a graph); auxiliary.idx has the ranges of the
/// rows and no centroids.
struct IvfModel {
  std::optional<Tensor> centroids;  ///< num_partitions x dimension
  std::vector<uint64_t> offsets;    ///< first row of each partition
  std::vector<uint32_t> lengths;    ///< rows of each partition
  std::optional<double> loss;       ///< of the training

  uint64_t num_partitions() const { return lengths.size(); }
  RowRange rows(size_t partition) const { return {offsets[partition], lengths[partition]}; }
  /// Appends a partition behind the last one.
  void AddPartition(uint32_t length);
  /// Errors: Corruption when a partition reaches past `num_rows` of the file.
  Status CheckRows(uint64_t num_rows) const;
  bool operator==(const IvfModel&) const = default;
};

/// Reads also models whose centroids are a plain list, and such without offsets. Errors: Corruption when
/// offsets, lengths and centroids do not speak of the same partitions.
Result<IvfModel> ParseIvfModel(std::span<const uint8_t> bytes);
std::string SerializeIvfModel(const IvfModel& model);

}  // namespace lance::index
