#include "lance/index/vector/format/details.h"

#include "lance/proto/parse.h"
#include "lance/proto/vector_index.pb.h"

namespace lance::index {
namespace {

// By number in the file.
constexpr simd::Metric kMetrics[] = {simd::Metric::kL2, simd::Metric::kCosine, simd::Metric::kDot,
                                     simd::Metric::kHamming};

}  // namespace

bool IsVectorIndex(std::string_view details_type_url) {
  return details_type_url.ends_with("VectorIndexDetails");
}

Result<VectorIndexDetails> ParseVectorIndexDetails(std::span<const uint8_t> bytes) {
  pb::VectorIndexDetails message;
  LANCE_CHECK_BYTES(pb::Parse(bytes, &message),
                    "vector index details are not a valid protobuf message ({} bytes)", bytes.size());
  VectorIndexDetails out;
  if (message.metric_type() < 0 || message.metric_type() >= static_cast<int>(std::size(kMetrics))) {
    return NotSupported("the distance type {} of a vector index", message.metric_type());
  }
  out.metric = kMetrics[message.metric_type()];
  out.target_partition_size = message.target_partition_size();
  if (message.has_hnsw_index_config()) {
    const pb::HnswParameters& from = message.hnsw_index_config();
    out.hnsw = VectorIndexDetails::Hnsw{from.max_connections(), from.construction_ef(), from.max_level()};
  }
  switch (message.compression_case()) {
    case pb::VectorIndexDetails::kPq:
      out.quantizer = Quantizer::kPq;
      out.num_bits = message.pq().num_bits();
      out.num_sub_vectors = message.pq().num_sub_vectors();
      break;
    case pb::VectorIndexDetails::kSq:
      out.quantizer = Quantizer::kSq;
      out.num_bits = message.sq().num_bits();
      break;
    case pb::VectorIndexDetails::kRq:
      out.quantizer = Quantizer::kRq;
      out.num_bits = message.rq().num_bits();
      if (message.rq().rotation_type() == 1) out.rotation = RqMetadata::Rotation::kMatrix;
      break;
    case pb::VectorIndexDetails::kFlat:
      out.quantizer = Quantizer::kFlat;
      break;
    default:
      break;
  }
  for (const auto& [key, value] : message.runtime_hints()) out.runtime_hints.emplace(key, value);
  return out;
}

std::string SerializeVectorIndexDetails(const VectorIndexDetails& details) {
  pb::VectorIndexDetails message;
  for (size_t i = 0; i < std::size(kMetrics); ++i) {
    if (kMetrics[i] == details.metric) message.set_metric_type(static_cast<int>(i));
  }
  message.set_target_partition_size(details.target_partition_size);
  if (details.hnsw.has_value()) {
    pb::HnswParameters* to = message.mutable_hnsw_index_config();
    to->set_max_connections(details.hnsw->max_connections);
    to->set_construction_ef(details.hnsw->construction_ef);
    to->set_max_level(details.hnsw->max_level);
  }
  if (details.quantizer == Quantizer::kFlat) message.mutable_flat();
  if (details.quantizer == Quantizer::kSq) message.mutable_sq()->set_num_bits(details.num_bits);
  if (details.quantizer == Quantizer::kPq) {
    message.mutable_pq()->set_num_bits(details.num_bits);
    message.mutable_pq()->set_num_sub_vectors(details.num_sub_vectors);
  }
  if (details.quantizer == Quantizer::kRq) {
    message.mutable_rq()->set_num_bits(details.num_bits);
    message.mutable_rq()->set_rotation_type(details.rotation == RqMetadata::Rotation::kMatrix ? 1 : 0);
  }
  for (const auto& [key, value] : details.runtime_hints) (*message.mutable_runtime_hints())[key] = value;
  return message.SerializeAsString();
}

}  // namespace lance::index
