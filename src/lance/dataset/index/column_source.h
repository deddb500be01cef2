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

}  // namespace lance::dataset
