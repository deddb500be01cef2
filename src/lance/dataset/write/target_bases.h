#pragma once

#include <vector>

#include "lance/base/status.h"
#include "lance/dataset/write/fragment_writer.h"
#include "lance/table/manifest.h"

namespace lance::dataset {

/// The bases that a write registers, with ids: those given, or the next after the table's. Errors:
/// InvalidArgument when an id, a name or a path is taken.
Result<std::vector<table::BasePath>> NumberBases(const std::vector<DatasetBase>& bases,
                                                 const std::vector<table::BasePath>& existing);

/// The folders named by `targets` (names, paths or ids), in that order; the table's own for its URI or "0".
/// Errors: InvalidArgument names an unknown one.
Result<std::vector<DataFolder>> ResolveTargets(const std::vector<std::string>& targets,
                                               const std::vector<table::BasePath>& bases,
                                               const DataFolder& own, const std::string& own_uri,
                                               const store::Options& storage_options);

}  // namespace lance::dataset
