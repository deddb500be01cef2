#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "lance/base/status.h"
#include "lance/dataset.h"

namespace lance::dataset {

/// A version that a reference names.
struct ResolvedRef {
  std::optional<std::string> branch;  ///< none: the main line
  uint64_t version = 0;
  uint64_t manifest_size = 0;
  std::shared_ptr<Dataset> dataset;  ///< at that version
};

/// Nothing set: the version of `dataset`. A number alone is one of the branch that `dataset` is on; a branch
/// alone its newest version. Errors: NotFound "Version not found error: version main:9 does not exist".
Result<ResolvedRef> ResolveRef(const Dataset& dataset, const VersionRef& version);

}  // namespace lance::dataset
