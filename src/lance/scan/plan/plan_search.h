#pragma once

#include <memory>
#include <optional>
#include <string>

#include "lance/scan/plan/scan_plan.h"

namespace lance::scan {

/// The index that may answer a search, opened; nullptr when there is none, or the search asks for none.
/// Errors: Corruption and NotSupported name the index.
Result<std::shared_ptr<const index::VectorIndex>> FindVectorIndex(const table::Snapshot& snapshot,
                                                                  const NearestQuery& nearest,
                                                                  const std::optional<simd::Metric>& metric);

/// Makes `plan`, which is complete but for its nodes, use the index: what is indexed is searched through it,
/// and `plan` itself reads only what is not. `fast`: not even that.
Status UseVectorIndex(std::shared_ptr<const index::VectorIndex> index, const NearestQuery& nearest, bool fast,
                      ScanPlan* plan);

}  // namespace lance::scan
