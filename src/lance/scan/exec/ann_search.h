#pragma once

#include <functional>
#include <memory>

#include "lance/scan/exec/batch_stream.h"
#include "lance/scan/exec/run_state.h"
#include "lance/scan/exec/take_reader.h"
#include "lance/scan/plan/scan_plan.h"

namespace lance::scan {

/// Starts the plan that gives the allowed rows.
using StartPlan = std::function<Result<std::unique_ptr<BatchStream>>(std::shared_ptr<const ScanPlan>)>;

/// Searches the plan's index, on the thread that asks for the batch: candidates as units of an exact search
/// give them (KnnStage::OutputSchema), at most k a query, in one batch.
std::unique_ptr<BatchStream> MakeAnnSearch(std::shared_ptr<const ScanPlan> plan,
                                           std::shared_ptr<RunState> run, std::shared_ptr<TakeReader> vectors,
                                           StartPlan start_allowed);

/// One stream after the other.
std::unique_ptr<BatchStream> MakeConcatenation(std::vector<std::unique_ptr<BatchStream>> inputs);

}  // namespace lance::scan
