#pragma once

#include <memory>

#include "lance/scan/exec/batch_stream.h"
#include "lance/scan/exec/run_state.h"
#include "lance/scan/plan/scan_plan.h"
#include "lance/shared_scan.h"

namespace lance::scan {

/// What a run is for, which decides how it is cut and what leaves it.
enum class RunPurpose {
  kStream,  ///< batches of the size asked for, one after the other
  kTable,   ///< everything, as fast as it goes; batches of any size
  kCount,   ///< batches without columns
};

/// Begins a run. Work starts with the first call of Next.
Result<std::unique_ptr<BatchStream>> Execute(const std::shared_ptr<const ScanPlan>& plan,
                                             const std::shared_ptr<RunState>& run, RunPurpose purpose);

/// Begins a run whose units the caller's threads take; nullptr when a stage behind the units needs them all.
Result<std::unique_ptr<SharedScan>> ExecuteShared(const std::shared_ptr<const ScanPlan>& plan,
                                                  const std::shared_ptr<RunState>& run, int threads);

}  // namespace lance::scan
