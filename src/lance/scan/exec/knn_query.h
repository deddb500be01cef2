#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lance/base/status.h"
#include "lance/scanner.h"
#include "lance/simd/distance.h"

namespace arrow {
class Array;
class Buffer;
class DataType;
class Field;
}  // namespace arrow

namespace lance::scan {

/// A nearest-neighbour search, checked against the column's type.
struct KnnQuery {
  std::string column;  ///< top-level vector column of the inner batches
  std::vector<std::string> members;
  simd::Element element = simd::Element::kFloat32;
  simd::Metric metric = simd::Metric::kL2;
  std::string metric_name = "l2";
  uint64_t dim = 0;
  bool multi_vector = false;               ///< the column is a list of vectors; `queries` are one query
  uint64_t num_vectors = 1;                ///< in `queries`
  bool batch = false;                      ///< the result starts with query_index
  std::shared_ptr<arrow::Buffer> queries;  ///< num_vectors * dim elements, row-major
  uint64_t k = 10;
  std::optional<float> lower_bound;  ///< inclusive
  std::optional<float> upper_bound;  ///< exclusive

  uint64_t num_queries() const { return multi_vector ? 1 : num_vectors; }
};

/// Bytes of one element.
size_t ElementBytes(simd::Element element);

/// Checks a search against its column. Errors: InvalidArgument (k, dimension, metric, bounds, "must be a
/// vector").
Result<KnnQuery> MakeKnnQuery(const NearestQuery& nearest, const arrow::Field& column, int64_t default_k);

}  // namespace lance::scan
