#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lance/dataset.h"
#include "lance/index/vector/build/build_segment.h"

namespace lance::dataset {

/// The vectors of a column of a table, of some or of all fragments.
Result<std::unique_ptr<index::VectorSource>> MakeColumnSource(const Dataset& dataset,
                                                              const std::string& column,
                                                              std::optional<std::vector<uint64_t>> fragments);

/// The vectors of some rows, by row id and in this order. Rows that are gone give none.
Result<std::unique_ptr<index::VectorSource>> MakeRowSource(const Dataset& dataset, const std::string& column,
                                                           std::vector<uint64_t> row_ids);

}  // namespace lance::dataset
