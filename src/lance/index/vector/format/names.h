#pragma once

#include <cstdint>

/// The names that the files of a vector index consist of.
namespace lance::index {

inline constexpr char kIndexFile[] = "index.idx";          ///< the sub-index: a graph, or no rows
inline constexpr char kAuxiliaryFile[] = "auxiliary.idx";  ///< row ids and codes, partition after partition

inline constexpr char kVectorDetailsUrl[] = "/lance.index.pb.VectorIndexDetails";

// Schema metadata.
inline constexpr char kIndexKey[] = "lance:index";           ///< index.idx: IndexHeader
inline constexpr char kIvfKey[] = "lance:ivf";               ///< both: number of the IVF's global buffer
inline constexpr char kFlatKey[] = "lance:flat";             ///< index.idx: one "" a partition
inline constexpr char kHnswKey[] = "lance:hnsw";             ///< index.idx: one HnswMetadata a partition
inline constexpr char kPcaKey[] = "lance:pca";               ///< a transform before everything
inline constexpr char kDistanceTypeKey[] = "distance_type";  ///< auxiliary.idx: name of the metric
inline constexpr char kStorageMetadataKey[] = "storage_metadata";  ///< auxiliary.idx: quantizer, in a list

// Columns of auxiliary.idx.
inline constexpr char kRowIdColumn[] = "_rowid";
inline constexpr char kFlatColumn[] = "flat";
inline constexpr char kPartitionColumn[] = "__ivf_part_id";
inline constexpr char kPqColumn[] = "__pq_code";
inline constexpr char kSqColumn[] = "__sq_code";
inline constexpr char kRqColumn[] = "_rabit_codes";
inline constexpr char kRqAddColumn[] = "__add_factors";
inline constexpr char kRqScaleColumn[] = "__scale_factors";
inline constexpr char kRqErrorColumn[] = "__error_factors";
inline constexpr char kRqExColumn[] = "__blocked_ex_codes";
inline constexpr char kRqSequentialExColumn[] = "__ex_codes";  ///< of old files: a bit stream a row
inline constexpr char kRqAddExColumn[] = "__add_factors_ex";
inline constexpr char kRqScaleExColumn[] = "__scale_factors_ex";

// Columns of index.idx.
inline constexpr char kFlatMarkerColumn[] = "__flat_marker";     ///< uint64, without rows
inline constexpr char kVectorIdColumn[] = "__vector_id";         ///< uint32, row of the partition
inline constexpr char kNeighborsColumn[] = "__neighbors";        ///< list<uint32>
inline constexpr char kNeighborDistancesColumn[] = "_distance";  ///< list<float32>

/// Version in the manifest's index entry.
inline constexpr int32_t kVectorIndexVersion = 1;
inline constexpr int32_t kRqIndexVersion = 2;

}  // namespace lance::index
