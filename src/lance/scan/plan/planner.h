#pragma once

#include <memory>

#include "lance/base/status.h"
#include "lance/scan/plan/scan_plan.h"

namespace lance::scan {

/// Resolves and checks what was asked for, and decides what is read when. Reads no data.
/// Errors: InvalidArgument (unknown columns, bad SQL, contradicting options), NotSupported.
Result<std::shared_ptr<const ScanPlan>> MakePlan(const std::shared_ptr<const table::Snapshot>& snapshot,
                                                 const ScanOptions& options);

/// The chain of nodes that stands for a plan.
std::shared_ptr<const PlanNode> MakeNodes(const ScanPlan& plan);

/// The schema that filters and computed columns are bound to: the table's columns as they are read, then the
/// made ones; `search`: `_distance` too.
Result<std::shared_ptr<arrow::Schema>> BindingSchema(const schema::Schema& table, file::BlobHandling blobs,
                                                     bool search);

}  // namespace lance::scan
