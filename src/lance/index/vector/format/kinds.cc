#include "lance/index/vector/format/kinds.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "lance/base/json.h"
#include "lance/index/vector/format/names.h"

namespace lance::index {
namespace {

struct NamedKind {
  std::string_view name;
  VectorIndexKind kind;
};

constexpr std::array<NamedKind, 7> kKinds = {{
    {"IVF_FLAT", {SubIndex::kFlat, Quantizer::kFlat}},
    {"IVF_PQ", {SubIndex::kFlat, Quantizer::kPq}},
    {"IVF_SQ", {SubIndex::kFlat, Quantizer::kSq}},
    {"IVF_RQ", {SubIndex::kFlat, Quantizer::kRq}},
    {"IVF_HNSW_FLAT", {SubIndex::kHnsw, Quantizer::kFlat}},
    {"IVF_HNSW_PQ", {SubIndex::kHnsw, Quantizer::kPq}},
    {"IVF_HNSW_SQ", {SubIndex::kHnsw, Quantizer::kSq}},
}};

}  // namespace

Result<VectorIndexKind> ParseKind(std::string_view name) {
  for (const NamedKind& named : kKinds) {
    if (named.name == name) return named.kind;
  }
  return NotSupported("vector indices of type '{}'", name);
}

std::string KindName(VectorIndexKind kind) {
  for (const NamedKind& named : kKinds) {
    if (named.kind == kind) return std::string(named.name);
  }
  return fmt::format("IVF_HNSW_{}", QuantizerName(kind.quantizer));
}

std::string_view QuantizerName(Quantizer quantizer) {
  switch (quantizer) {
    case Quantizer::kFlat:
      return "FLAT";
    case Quantizer::kPq:
      return "PQ";
    case Quantizer::kSq:
      return "SQ";
    default:
      return "RQ";
  }
}

std::string_view CodeColumn(Quantizer quantizer) {
  switch (quantizer) {
    case Quantizer::kFlat:
      return kFlatColumn;
    case Quantizer::kPq:
      return kPqColumn;
    case Quantizer::kSq:
      return kSqColumn;
    default:
      return kRqColumn;
  }
}

Result<simd::Metric> ParseMetricName(std::string_view name) {
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  if (lower == "l2" || lower == "euclidean") return simd::Metric::kL2;
  if (lower == "cosine") return simd::Metric::kCosine;
  if (lower == "dot") return simd::Metric::kDot;
  if (lower == "hamming") return simd::Metric::kHamming;
  return NotSupported("the distance type '{}' of a vector index", name);
}

std::string_view MetricName(simd::Metric metric) {
  switch (metric) {
    case simd::Metric::kL2:
      return "l2";
    case simd::Metric::kCosine:
      return "cosine";
    case simd::Metric::kDot:
      return "dot";
    default:
      return "hamming";
  }
}

Result<IndexHeader> ParseIndexHeader(std::string_view json) {
  ARROW_ASSIGN_OR_RAISE(JsonValue value, ParseJson(json));
  const JsonValue* type = value.Find("type");
  const JsonValue* metric = value.Find("distance_type");
  const bool strings = type != nullptr && metric != nullptr && type->kind() == JsonValue::Kind::kString &&
                       metric->kind() == JsonValue::Kind::kString;
  LANCE_CHECK_BYTES(strings, "{} has no type and distance_type: {}", kIndexKey, json);
  IndexHeader header;
  ARROW_ASSIGN_OR_RAISE(header.kind, ParseKind(type->text()));
  ARROW_ASSIGN_OR_RAISE(header.metric, ParseMetricName(metric->text()));
  return header;
}

std::string SerializeIndexHeader(const IndexHeader& header) {
  return fmt::format(R"({{"type":"{}","distance_type":"{}"}})", KindName(header.kind),
                     MetricName(header.metric));
}

}  // namespace lance::index
