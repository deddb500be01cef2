#include "lance/scan/exec/knn_query.h"

#include <algorithm>
#include <cmath>

#include <arrow/api.h>
#include <arrow/compute/api.h>
#include <arrow/util/float16.h>

#include "lance/index/vector/format/kinds.h"
#include "lance/index/vector/format/tensor.h"
#include "lance/scan/exec/compute.h"

namespace lance::scan {
namespace {

struct ElementInfo {
  simd::Element element;
  std::shared_ptr<arrow::DataType> query_type;  // what the query is cast to
};

bool IsBFloat16(const arrow::Field& field, const arrow::DataType& type) {
  if (type.id() != arrow::Type::FIXED_SIZE_BINARY || type.byte_width() != 2) return false;
  // The extension sits on the list's element field, or on nothing at all in old files.
  return field.metadata() == nullptr || !field.metadata()->Contains("ARROW:extension:name") ||
         field.metadata()->Get("ARROW:extension:name").ValueOr("") == "lance.bfloat16";
}

Result<ElementInfo> FindElement(const arrow::Field& item, const arrow::Field& column) {
  switch (item.type()->id()) {
    case arrow::Type::HALF_FLOAT:
      return ElementInfo{simd::Element::kFloat16, arrow::float16()};
    case arrow::Type::FLOAT:
      return ElementInfo{simd::Element::kFloat32, arrow::float32()};
    case arrow::Type::DOUBLE:
      return ElementInfo{simd::Element::kFloat64, arrow::float64()};
    case arrow::Type::UINT8:
      return ElementInfo{simd::Element::kUInt8, arrow::uint8()};
    default:
      if (IsBFloat16(item, *item.type())) return ElementInfo{simd::Element::kBFloat16, item.type()};
      return InvalidArgument("Query column {} must be a vector. Got {}.", column.name(),
                             column.type()->ToString());
  }
}

// Brings the numbers of a query to the column's element type.
Result<std::shared_ptr<arrow::Array>> CastQuery(std::shared_ptr<arrow::Array> values,
                                                const ElementInfo& element) {
  if (values->type()->Equals(*element.query_type)) return values;
  EnsureCompute();
  if (element.element == simd::Element::kBFloat16) {
    // bfloat16 is the upper half of a float32; round to nearest even.
    ARROW_ASSIGN_OR_RAISE(values, arrow::compute::Cast(*values, arrow::float32()));
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> bytes, arrow::AllocateBuffer(values->length() * 2));
    const auto* from =
        reinterpret_cast<const uint32_t*>(static_cast<const arrow::FloatArray&>(*values).raw_values());
    auto* to = reinterpret_cast<uint16_t*>(bytes->mutable_data());
    for (int64_t i = 0; i < values->length(); ++i) {
      to[i] = static_cast<uint16_t>((from[i] + 0x7FFF + ((from[i] >> 16) & 1)) >> 16);
    }
    return std::make_shared<arrow::FixedSizeBinaryArray>(arrow::fixed_size_binary(2), values->length(),
                                                         std::move(bytes));
  }
  return arrow::compute::Cast(*values, element.query_type, arrow::compute::CastOptions::Unsafe());
}

// The numbers of the query and how many vectors they are meant to be (0: one row of numbers).
struct FlatQuery {
  std::shared_ptr<arrow::Array> values;
  int64_t rows = 0;
  int64_t row_length = 0;
};

Result<FlatQuery> Flatten(const arrow::Array& query) {
  if (query.null_count() > 0) return InvalidArgument("the query vector has nulls");
  if (query.type_id() == arrow::Type::FIXED_SIZE_LIST) {
    const auto& list = static_cast<const arrow::FixedSizeListArray&>(query);
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Array> values, list.Flatten());
    if (values->null_count() > 0) return InvalidArgument("the query vector has nulls");
    return FlatQuery{values, list.length(), list.list_type()->list_size()};
  }
  if (query.type_id() == arrow::Type::LIST) {
    const auto& list = static_cast<const arrow::ListArray&>(query);
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Array> values, list.Flatten());
    if (list.length() == 0) return InvalidArgument("the query holds no vector");
    if (values->type_id() == arrow::Type::FIXED_SIZE_LIST) return Flatten(*values);
    const int64_t length = list.value_length(0);
    for (int64_t i = 1; i < list.length(); ++i) {
      if (list.value_length(i) != length) return InvalidArgument("the query vectors differ in length");
    }
    return FlatQuery{values, list.length(), length};
  }
  return FlatQuery{query.Slice(0), 0, query.length()};
}

Result<simd::Metric> ParseMetric(const std::string& name) {
  std::string lower = name;
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  if (lower == "l2" || lower == "euclidean") return simd::Metric::kL2;
  if (lower == "cosine") return simd::Metric::kCosine;
  if (lower == "dot") return simd::Metric::kDot;
  if (lower == "hamming") return simd::Metric::kHamming;
  return InvalidArgument("Metric type '{}' is not supported: use l2, cosine, dot or hamming", name);
}

}  // namespace

size_t ElementBytes(simd::Element element) { return index::ElementSize(element); }

Result<KnnQuery> MakeKnnQuery(const NearestQuery& nearest, const arrow::Field& column, int64_t default_k) {
  KnnQuery out;
  const int64_t k = nearest.k.value_or(default_k);
  if (k <= 0) return InvalidArgument("Nearest-K must be > 0 but got {}", k);
  if (nearest.query == nullptr) return InvalidArgument("nearest: the query is missing");
  std::shared_ptr<arrow::DataType> vector_type = column.type();
  if (vector_type->id() == arrow::Type::LIST) {
    out.multi_vector = true;
    vector_type = vector_type->field(0)->type();
  }
  if (vector_type->id() != arrow::Type::FIXED_SIZE_LIST) {
    return InvalidArgument("Query column {} must be a vector. Got {}.", column.name(),
                           column.type()->ToString());
  }
  const auto& list = static_cast<const arrow::FixedSizeListType&>(*vector_type);
  out.dim = static_cast<uint64_t>(list.list_size());
  ARROW_ASSIGN_OR_RAISE(ElementInfo element, FindElement(*list.value_field(), column));
  out.element = element.element;

  ARROW_ASSIGN_OR_RAISE(FlatQuery flat, Flatten(*nearest.query));
  const uint64_t values = static_cast<uint64_t>(flat.values->length());
  // A plain list of numbers is one vector; on a multi-vector column it may be several in a row.
  const bool dividable = flat.rows == 0 && out.multi_vector && out.dim > 0 && values % out.dim == 0;
  if (out.dim == 0 || values == 0 || (static_cast<uint64_t>(flat.row_length) != out.dim && !dividable)) {
    return InvalidArgument("Query vector size {} does not match index column size {}", flat.row_length,
                           out.dim);
  }
  out.num_vectors = values / out.dim;
  out.batch = flat.rows > 0 && !out.multi_vector && nearest.query->type_id() != arrow::Type::LIST
                  ? true
                  : (!out.multi_vector && flat.rows > 1);
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Array> cast, CastQuery(flat.values, element));
  const size_t bytes = ElementBytes(out.element);
  out.queries = arrow::SliceBuffer(cast->data()->buffers[1], cast->offset() * static_cast<int64_t>(bytes),
                                   cast->length() * static_cast<int64_t>(bytes));

  const bool bits = out.element == simd::Element::kUInt8;
  out.metric = bits ? simd::Metric::kHamming : simd::Metric::kL2;
  if (nearest.metric.has_value()) {
    ARROW_ASSIGN_OR_RAISE(out.metric, ParseMetric(*nearest.metric));
  }
  if (bits != (out.metric == simd::Metric::kHamming)) {
    return InvalidArgument("Distance type {} does not support {} vectors", index::MetricName(out.metric),
                           list.value_type()->ToString());
  }
  out.metric_name = index::MetricName(out.metric);
  out.k = static_cast<uint64_t>(k);
  out.lower_bound = nearest.distance_lower_bound;
  out.upper_bound = nearest.distance_upper_bound;
  return out;
}

}  // namespace lance::scan
