#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <arrow/result.h>
#include <arrow/status.h>

#include "lance/export.h"
#include "lance/write.h"

namespace lance {

class Dataset;

/// How far an index build is: an event ("start", "progress", "complete") of a stage ("train_ivf",
/// "train_quantizer", "shuffle", "merge_partitions").
struct IndexBuildProgress {
  std::string event;
  std::string stage;
  uint64_t completed = 0;
  std::optional<uint64_t> total;
  std::string unit;  ///< "iterations", "rows", "partitions"
};

/// A vector index to build. Defaults are those of the reference.
struct LANCE_EXPORT VectorIndexOptions {
  /// IVF_FLAT, IVF_PQ, IVF_SQ, IVF_RQ, IVF_HNSW_FLAT, IVF_HNSW_PQ or IVF_HNSW_SQ.
  std::string type = "IVF_PQ";
  std::optional<std::string> name;  ///< default <column>_idx
  std::string metric = "l2";        ///< l2, cosine, dot; hamming for uint8 vectors
  bool replace = false;             ///< takes the place of an index of that name; else AlreadyExists
  bool train = true;                ///< false: only the definition; OptimizeIndices trains later

  /// Rows of the table a partition; decides the number of partitions. Default by type: 4096 (FLAT, RQ), 8192
  /// (PQ, SQ), 1,048,576 (HNSW).
  std::optional<uint64_t> target_partition_size;
  std::optional<uint64_t> num_partitions;  ///< overrides target_partition_size
  int max_iterations = 50;                 ///< of k-means
  uint64_t sample_rate = 256;              ///< training vectors for each partition
  std::vector<float> centroids;            ///< num_partitions * dim values: k-means is skipped
  std::vector<uint8_t> bit_centroids;      ///< of uint8 columns instead

  uint64_t num_sub_vectors = 16;  ///< of PQ: bytes (4 bits: half bytes) a vector
  /// Of PQ 4 or 8 (default), of RQ 1 to 9 (default 5) a dimension.
  std::optional<uint32_t> num_bits;
  std::vector<float> codebook;  ///< of PQ, [sub-vector][code][dim of sub-vector]: not trained then
  /// Of RQ: 4 rounds of a bit a dimension; default: drawn by `seed`.
  std::vector<uint8_t> rotation_signs;

  uint64_t quantizer_sample_rate = 256;  ///< training vectors for each code of PQ
  int quantizer_iterations = 50;         ///< of k-means for PQ

  uint32_t hnsw_max_level = 7;
  uint32_t hnsw_m = 20;  ///< neighbours a node; twice as many on level 0
  uint32_t hnsw_ef_construction = 150;

  std::optional<std::vector<uint64_t>> fragments;  ///< ids; default: all. For BuildVectorIndexSegment
  std::optional<std::string> uuid;                 ///< of the segment
  uint64_t seed = 42;
  /// Encoded rows held in memory until their partition is written; more goes to a temporary file. Training
  /// takes fewer vectors where sample_rate of them for each partition would take more than twice this (but
  /// not below 32 for each).
  uint64_t memory_budget_bytes = 256 << 20;
  /// Called on the building thread; a failure ends the build.
  std::function<arrow::Status(const IndexBuildProgress&)> progress;
  CommitSettings commit;
};

/// One segment of an index: what the manifest says of it. A value; copies share.
class LANCE_EXPORT IndexSegment {
 public:
  explicit IndexSegment(std::shared_ptr<const void> impl) : impl_(std::move(impl)) {}
  /// For our own bindings: a table::IndexMetadata.
  const std::shared_ptr<const void>& impl() const { return impl_; }

 private:
  std::shared_ptr<const void> impl_;
};

/// Builds a vector index over `column` (fixed-size lists of float16, float32, float64 or uint8, or lists of
/// these with the cosine metric) on the session's threads and commits it. Rows whose vector is null or not
/// finite are not indexed. A table with too few vectors to train on gets the definition alone.
///
/// Memory: first the training sample (partitions * sample_rate vectors, at most twice memory_budget_bytes),
/// then memory_budget_bytes and one partition; and some 200 MB of what is being read and written. Errors:
/// InvalidArgument, NotSupported (names the type), AlreadyExists, CommitConflict.
LANCE_EXPORT arrow::Result<std::shared_ptr<Dataset>> CreateVectorIndex(
    const Dataset& dataset, const std::string& column, const VectorIndexOptions& options = {});

/// The same without a commit: for builds that are distributed over fragments (lance/index_segments.h).
LANCE_EXPORT arrow::Result<IndexSegment> BuildVectorIndexSegment(const Dataset& dataset,
                                                                 const std::string& column,
                                                                 const VectorIndexOptions& options = {});

/// What training finds out, to build segments of one index in several places.
struct VectorModelValues {
  uint64_t num_partitions = 0;
  uint64_t dimension = 0;
  std::vector<float> centroids;        ///< num_partitions * dimension
  std::vector<uint8_t> bit_centroids;  ///< of uint8 columns instead
  std::vector<float> codebook;         ///< of PQ types: [sub-vector][code][dim of sub-vector]
};

/// Trains partitions and, for PQ types, the codebook, without building anything.
LANCE_EXPORT arrow::Result<VectorModelValues> TrainVectorModel(const Dataset& dataset,
                                                               const std::string& column,
                                                               const VectorIndexOptions& options = {});

/// An index as the manifest describes it, all its segments together.
struct IndexDescription {
  std::string name;
  std::string type;  ///< "IVF_PQ", "BTree", ...
  std::vector<std::string> columns;
  std::optional<std::string> metric;  ///< of vector indices
  uint64_t num_segments = 0;
  uint64_t num_fragments_covered = 0;
  uint64_t num_fragments_not_covered = 0;
  uint64_t size_bytes = 0;       ///< of the files, where the manifest says it
  uint64_t dataset_version = 0;  ///< from which the newest segment was built
  bool trained = true;           ///< false: a definition without files
  std::vector<std::string> uuids;
};

/// All indices but those that serve the table itself, by name.
LANCE_EXPORT arrow::Result<std::vector<IndexDescription>> DescribeIndices(const Dataset& dataset);

/// Removes all segments of an index. Its files stay until the versions that name them are cleaned up. Errors:
/// NotFound.
LANCE_EXPORT arrow::Result<std::shared_ptr<Dataset>> DropIndex(const Dataset& dataset,
                                                               const std::string& name,
                                                               const CommitSettings& commit = {});

struct OptimizeIndicesOptions {
  /// The newest so many segments are merged with the rows that are new; with 0 these become a segment of
  /// their own. Default: of vector indices 0, of scalar ones 1.
  std::optional<uint64_t> num_indices_to_merge;
  std::optional<std::vector<std::string>> names;  ///< default: all
  bool retrain = false;                           ///< builds anew over all rows, with the same parameters
  CommitSettings commit;
};

/// Brings indices up to the fragments that they do not cover. Where a partition of a vector index would have
/// more than four times its target of rows, all segments are merged and it is split; rows of it and of the
/// nearest partitions are read again. Indices of kinds that are not known here are left as they are unless
/// they are named: then NotSupported.
LANCE_EXPORT arrow::Result<std::shared_ptr<Dataset>> OptimizeIndices(
    const Dataset& dataset, const OptimizeIndicesOptions& options = {});

}  // namespace lance
