#pragma once

#include <chrono>
#include <string>

#include "lance/scan/exec/run_state.h"
#include "lance/scan/plan/plan_node.h"

namespace lance::scan {

/// A plan with what a finished run did at each node: rows, time, requests and bytes.
std::string Analyze(const PlanNode& root, RunState& run, std::chrono::nanoseconds elapsed);

}  // namespace lance::scan
