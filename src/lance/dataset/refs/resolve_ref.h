#pragma once

#include <memory>

#include "lance/base/status.h"
#include "lance/dataset.h"

namespace lance::dataset {

/// The version that a reference names. Nothing set: the version of `dataset`. A number alone is one of the
/// branch that `dataset` is on; a branch alone its newest version.
Result<std::shared_ptr<Dataset>> ResolveRef(const Dataset& dataset, const VersionRef& version);

}  // namespace lance::dataset
