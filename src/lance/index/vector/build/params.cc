#include "lance/index/vector/build/params.h"

#include "lance/index/vector/format/details.h"

namespace lance::index {

uint64_t VectorIndexParams::partition_size() const {
  if (target_partition_size.has_value()) return *target_partition_size;
  if (kind.sub_index == SubIndex::kHnsw) return 1 << 20;
  return kind.quantizer == Quantizer::kPq || kind.quantizer == Quantizer::kSq ? 8192 : 4096;
}

Status VectorIndexParams::Validate(size_t dim, simd::Element element) const {
  const bool bytes = element == simd::Element::kUInt8;
  LANCE_CHECK_ARG(bytes == (metric == simd::Metric::kHamming),
                  "{} vectors do not go with the metric {}: hamming is for uint8 and uint8 for hamming",
                  bytes ? "uint8" : "float", MetricName(metric));
  LANCE_CHECK_ARG(!bytes || kind.quantizer == Quantizer::kFlat, "{} does not support the hamming metric",
                  KindName(kind));
  LANCE_CHECK_ARG(!num_partitions.has_value() || *num_partitions > 0,
                  "num_partitions must be greater than 0");
  LANCE_CHECK_ARG(partition_size() > 0, "target_partition_size must be greater than 0");
  LANCE_CHECK_ARG(
      sample_rate > 0 && max_iterations > 0 && quantizer_sample_rate > 0 && quantizer_iterations > 0,
      "sample_rate and max_iters must be greater than 0");
  LANCE_CHECK_ARG(bytes ? centroids.empty() : modes.empty(),
                  "centroids of {} vectors must be {}, as the vectors are", bytes ? "uint8" : "float",
                  bytes ? "uint8" : "floats");
  const size_t given = centroid_values();
  LANCE_CHECK_ARG(given % dim == 0, "IVF centroids have {} values, no multiple of the dimension {}", given,
                  dim);
  LANCE_CHECK_ARG(given == 0 || !num_partitions.has_value() || *num_partitions == given / dim,
                  "num_partitions {} does not match precomputed IVF centroids length {}",
                  num_partitions.value_or(0), given / dim);
  if (kind.quantizer == Quantizer::kSq) {
    LANCE_CHECK_ARG(bits() == 8, "IVF_SQ takes 8 bits, got {}", bits());
  }
  if (kind.quantizer == Quantizer::kPq) {
    LANCE_CHECK_ARG(codebook.empty() || codebook.size() == dim << bits(),
                    "the PQ codebook has {} values, {} of {} bits need {}", codebook.size(), dim, bits(),
                    dim << bits());
  }
  if (kind.quantizer == Quantizer::kRq) {
    LANCE_CHECK_ARG(rotation_signs.empty() || rotation_signs.size() * 2 == dim,
                    "the rotation has {} bytes, vectors of {} dimensions need {}", rotation_signs.size(), dim,
                    dim / 2);
  }
  return Status::OK();
}

std::string DetailsOf(const VectorIndexParams& params) {
  VectorIndexDetails out;
  out.metric = params.metric;
  out.target_partition_size = params.target_partition_size.value_or(0);
  out.runtime_hints = params.runtime_hints;
  out.runtime_hints["lance.ivf.max_iters"] = std::to_string(params.max_iterations);
  out.runtime_hints["lance.ivf.sample_rate"] = std::to_string(params.sample_rate);
  out.quantizer = params.kind.quantizer;
  if (params.kind.quantizer != Quantizer::kFlat) out.num_bits = params.bits();
  if (params.kind.quantizer == Quantizer::kPq) {
    out.num_sub_vectors = static_cast<uint32_t>(params.num_sub_vectors);
    out.runtime_hints["lance.pq.max_iters"] = std::to_string(params.quantizer_iterations);
    out.runtime_hints["lance.pq.sample_rate"] = std::to_string(params.quantizer_sample_rate);
  }
  if (params.kind.sub_index == SubIndex::kHnsw) {
    out.hnsw = VectorIndexDetails::Hnsw{params.hnsw.m, params.hnsw.ef_construction, params.hnsw.max_level};
    out.runtime_hints["lance.hnsw.prefetch_distance"] =
        params.hnsw.prefetch_distance.has_value() ? std::to_string(*params.hnsw.prefetch_distance) : "none";
  }
  return SerializeVectorIndexDetails(out);
}

}  // namespace lance::index
