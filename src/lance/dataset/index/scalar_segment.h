#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "lance/dataset.h"
#include "lance/scalar_index.h"
#include "lance/table/manifest.h"

namespace lance::dataset {

using AddRows = std::function<Status(const std::shared_ptr<arrow::Array>& values, const uint64_t* addresses)>;
/// Rows that a new segment takes from others: values with their addresses, in any order.
using ExistingRows = std::function<Status(const AddRows& add)>;

/// Builds the files of a segment of a scalar index over the rows of `fragments` (none: of all) and
/// `existing`, if given. `out` has its uuid; files, details and version are filled in.
Status FillScalarSegment(const Dataset& dataset, const std::string& column,
                         const std::optional<std::vector<uint64_t>>& fragments, const ExistingRows& existing,
                         const ScalarIndexOptions& options, table::IndexMetadata* out);

}  // namespace lance::dataset
