#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "lance/base/status.h"
#include "lance/simd/distance.h"

namespace lance::index {

/// How the vectors of a partition are searched.
enum class SubIndex { kFlat, kHnsw };

/// How vectors are kept.
enum class Quantizer { kFlat, kPq, kSq, kRq };

/// A kind of vector index: IVF_PQ is {kFlat, kPq}, IVF_HNSW_SQ {kHnsw, kSq}.
struct VectorIndexKind {
  SubIndex sub_index = SubIndex::kFlat;
  Quantizer quantizer = Quantizer::kFlat;
  bool operator==(const VectorIndexKind&) const = default;
};

/// "IVF_HNSW_PQ" and its like. Errors: NotSupported names the kind.
Result<VectorIndexKind> ParseKind(std::string_view name);
std::string KindName(VectorIndexKind kind);
/// "FLAT", "PQ", "SQ", "RQ".
std::string_view QuantizerName(Quantizer quantizer);
/// The column of auxiliary.idx with the codes.
std::string_view CodeColumn(Quantizer quantizer);

/// "l2", "cosine", "dot", "hamming"; any case. Errors: NotSupported names the metric.
Result<simd::Metric> ParseMetricName(std::string_view name);
std::string_view MetricName(simd::Metric metric);

/// What index.idx says of itself: {"type":"IVF_PQ","distance_type":"l2"}.
struct IndexHeader {
  VectorIndexKind kind;
  simd::Metric metric = simd::Metric::kL2;
  bool operator==(const IndexHeader&) const = default;
};
/// Errors: Corruption; NotSupported for a kind or metric that is not known.
Result<IndexHeader> ParseIndexHeader(std::string_view json);
std::string SerializeIndexHeader(const IndexHeader& header);

}  // namespace lance::index
