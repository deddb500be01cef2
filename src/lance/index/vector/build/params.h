#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lance/base/status.h"
#include "lance/index/vector/format/hnsw_metadata.h"
#include "lance/index/vector/format/kinds.h"
#include "lance/runtime/cancellation.h"

namespace lance::runtime {
class ThreadPool;
}

namespace lance::index {

/// What a vector index is to be. The defaults are the reference's.
struct VectorIndexParams {
  VectorIndexKind kind;
  simd::Metric metric = simd::Metric::kL2;
  std::optional<uint64_t> num_partitions;         ///< none: by the target size
  std::optional<uint64_t> target_partition_size;  ///< none: by the kind
  int max_iterations = 50;
  uint64_t sample_rate = 256;        ///< training vectors for each partition
  std::vector<float> centroids;      ///< given ones: num_partitions * dim; not trained then
  std::vector<uint8_t> modes;        ///< of uint8 columns instead
  uint64_t num_sub_vectors = 16;     ///< of PQ
  std::optional<uint32_t> num_bits;  ///< of PQ (4, 8), SQ (8), RQ (1 to 9); none: 8, of RQ 5
  std::vector<float> codebook;       ///< a given one: [sub_vector][code][dim of it]
  int quantizer_iterations = 50;
  uint64_t quantizer_sample_rate = 256;  ///< training vectors for each code
  std::vector<uint8_t> rotation_signs;   ///< given ones of RQ
  /// Codes of PQ and RQ lie row after row, as the reference wants them of segments that it merges.
  bool row_major_codes = false;
  HnswParameters hnsw;
  std::map<std::string, std::string> runtime_hints;  ///< kept in the manifest with our own
  uint64_t seed = 42;

  uint32_t bits() const { return num_bits.value_or(kind.quantizer == Quantizer::kRq ? 5 : 8); }
  uint64_t partition_size() const;  ///< the target
  /// Values of the given centroids of either kind; 0: they are trained.
  size_t centroid_values() const { return centroids.size() + modes.size(); }
  Status Validate(size_t dim, simd::Element element) const;
};

/// How far a build is: a stage of the reference's names, and what is done of it.
struct BuildProgress {
  enum class Event { kStart, kProgress, kComplete };
  Event event = Event::kStart;
  std::string stage;
  uint64_t completed = 0;
  std::optional<uint64_t> total;
  std::string unit;
};

/// With what a build runs.
struct BuildContext {
  runtime::ThreadPool* pool = nullptr;
  runtime::CancellationToken cancellation;
  uint64_t memory_budget_bytes = 256 << 20;  ///< of rows that wait for their partition; more goes to a file
  std::string temporary_directory;           ///< empty: the system's
  std::function<Status(const BuildProgress&)> progress;  ///< called on one thread; a failure ends the build

  Status Report(BuildProgress::Event event, const std::string& stage, uint64_t completed = 0,
                std::optional<uint64_t> total = {}, const std::string& unit = {}) const {
    if (!progress) return Status::OK();
    return progress({event, stage, completed, total, unit});
  }
};

/// The details of the manifest's index entry.
std::string DetailsOf(const VectorIndexParams& params);

}  // namespace lance::index
