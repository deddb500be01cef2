#pragma once

#include <memory>

#include "lance/scanner.h"
#include "lance/table/snapshot.h"

namespace lance::scan {

/// Plans a scan of a snapshot. Errors: those of MakePlan.
Result<std::shared_ptr<Scanner>> MakeScanner(std::shared_ptr<const table::Snapshot> snapshot,
                                             const ScanOptions& options);

}  // namespace lance::scan
