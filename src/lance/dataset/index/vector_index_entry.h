#pragma once

#include <string>

#include "lance/base/status.h"
#include "lance/dataset.h"
#include "lance/index/vector/build/params.h"
#include "lance/table/manifest.h"
#include "lance/vector_index.h"

namespace lance::dataset {

Result<index::VectorIndexParams> ParamsOf(const VectorIndexOptions& options);

/// The manifest's entry of a new vector index, without files and fragments. Errors: AlreadyExists.
Result<table::IndexMetadata> NewVectorEntry(const Dataset& dataset, const std::string& column,
                                            const VectorIndexOptions& options,
                                            const index::VectorIndexParams& params);

/// Sets the fragments that an index covers.
void Cover(const Dataset& dataset, const VectorIndexOptions& options, table::IndexMetadata* entry);

}  // namespace lance::dataset
