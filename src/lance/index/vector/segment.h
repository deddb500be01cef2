#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "lance/base/status.h"
#include "lance/index/vector/format/hnsw_metadata.h"
#include "lance/index/vector/format/ivf_model.h"
#include "lance/index/vector/format/kinds.h"
#include "lance/index/vector/format/quantizer_metadata.h"
#include "lance/index/vector/index_file.h"
#include "lance/index/vector/partition.h"
#include "lance/table/manifest.h"
#include "lance/table/snapshot.h"

namespace lance::runtime {
class Cache;
}

namespace lance::index {

/// Where the addresses of rows went since a segment was built; see row_moves.h.
class RowMoves;

/// What searching needs of a quantizer, besides the codes.
struct QuantizerModel {
  QuantizerMetadata metadata;
  /// PQ: codewords as CodewordDistances wants them.
  std::vector<float> codebook;
  /// PQ: the same, codeword after codeword of each sub-vector.
  std::vector<float> codewords;
  /// PQ with terms (pq_terms.h): the squared length of each codeword, as the tables of CodewordDistances; the
  /// length of the longest one of each sub-vector; and the middle of all centroids.
  std::vector<float> squares;
  std::vector<float> longest;
  std::vector<float> middle;
  /// RQ with a matrix: D x D, row-major.
  std::vector<float> rotation;
  /// RQ: dimensions after the rotation.
  uint64_t code_dimension = 0;

  const PqMetadata& pq() const { return std::get<PqMetadata>(metadata); }
  const SqMetadata& sq() const { return std::get<SqMetadata>(metadata); }
  const RqMetadata& rq() const { return std::get<RqMetadata>(metadata); }
};

/// An open segment of a vector index: everything but the partitions, which are loaded when they are searched.
/// Immutable and thread-safe; holds the two files open.
class VectorSegment {
 public:
  /// Opens the segment, or finds it open in the session's index cache. Reads the two files' metadata and
  /// models: at most 8 requests. Errors: Corruption names the file; NotSupported names what is not known.
  static Result<std::shared_ptr<const VectorSegment>> Open(const table::Snapshot& snapshot,
                                                           const table::IndexMetadata& index);
  ~VectorSegment();

  const std::string& uuid() const { return uuid_; }
  const IndexHeader& header() const { return header_; }
  uint64_t dimension() const { return dimension_; }
  size_t num_partitions() const { return rows_.lengths.size(); }
  /// Rows of the partitions.
  const IvfModel& rows() const { return rows_; }
  std::optional<double> loss() const { return loss_; }
  /// num_partitions x dimension, as float32.
  const std::vector<float>& centroids() const { return centroids_; }
  /// As the file has them.
  const Tensor& stored_centroids() const { return stored_centroids_; }
  const QuantizerModel& quantizer() const { return quantizer_; }
  /// Of FLAT, the elements that are stored.
  simd::Element element() const { return element_; }
  /// Of HNSW kinds, one for each partition.
  const std::vector<HnswMetadata>& graphs() const { return graphs_; }
  /// Whether queries are compared with residuals of rows.
  bool uses_residuals() const;
  /// Whether rows get terms (pq_terms.h).
  bool HasPqTerms() const;

  /// About how many bytes a row of a partition takes, without its part in a graph.
  uint64_t row_bytes() const;

  /// The rows of partitions, each once, from the cache; those that it lacks with one coalesced read of each
  /// file. `moves` may be null.
  Result<std::vector<std::shared_ptr<const Partition>>> Load(std::span<const uint32_t> partitions,
                                                             const RowMoves* moves,
                                                             runtime::Cache* cache) const;

 private:
  VectorSegment() = default;
  static Result<std::shared_ptr<const VectorSegment>> OpenFiles(const table::Snapshot& snapshot,
                                                                const table::IndexMetadata& index);
  Status ReadIndexFile();
  Status ReadAuxiliaryFile();
  Status ReadCodebook();
  void PrepareTerms();
  Status ReadRotation();
  Status CheckColumns() const;
  /// Fills in what is known without asking the cache; false when the others must be looked up.
  bool TakeKnown(std::span<const uint32_t> partitions, runtime::Cache* cache,
                 std::vector<std::shared_ptr<const Partition>>* out) const;
  void KeepKnown(std::span<const uint32_t> partitions,
                 std::span<const std::shared_ptr<const Partition>> loaded) const;
  Result<std::vector<std::shared_ptr<Partition>>> Read(std::span<const uint32_t> partitions,
                                                       const RowMoves* moves) const;
  Status ReadCodes(std::span<const uint32_t> partitions, std::span<Partition* const> out) const;
  Status ParseCodes(const arrow::RecordBatch& batch, std::string_view ex_column, Partition* out) const;
  Status ReadGraphs(std::span<const uint32_t> partitions, std::span<Partition* const> out) const;
  uint64_t memory_bytes() const;

  std::string uuid_;
  std::unique_ptr<const IndexFile> index_file_;
  std::unique_ptr<const IndexFile> auxiliary_file_;
  IndexHeader header_;
  uint64_t dimension_ = 0;
  IvfModel rows_;
  IvfModel graph_rows_;
  std::optional<double> loss_;
  std::vector<float> centroids_;
  Tensor stored_centroids_;
  QuantizerModel quantizer_;
  simd::Element element_ = simd::Element::kFloat32;
  std::vector<HnswMetadata> graphs_;

  // Partitions that the cache may still hold. Whoever finds the mutex taken looks into the cache instead, so
  // that nobody waits, in a forked process either.
  mutable std::mutex known_mutex_;
  mutable std::vector<std::weak_ptr<const Partition>> known_;
};

}  // namespace lance::index
