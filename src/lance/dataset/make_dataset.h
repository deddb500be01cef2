#pragma once

#include <memory>

#include "lance/dataset.h"

namespace lance {

/// The Dataset of a version that a commit returned.
arrow::Result<std::shared_ptr<Dataset>> MakeDataset(std::shared_ptr<const table::Snapshot> snapshot);

}  // namespace lance
