#pragma once

#include <memory>
#include <vector>

#include "lance/scan/exec/parallel_stream.h"
#include "lance/scan/exec/run_state.h"
#include "lance/scan/plan/scan_plan.h"

namespace lance::scan {

/// Reads a unit: filter columns first, the others for the rows that are left.
class ScanStage : public UnitStage {
 public:
  /// `project`: hand out the result's columns; else the plan's emitted ones. `count_only`: hand out batches
  /// without columns, whose row counts matter.
  ScanStage(std::shared_ptr<const ScanPlan> plan, std::shared_ptr<RunState> run, bool project,
            bool count_only = false);
  Result<std::shared_ptr<arrow::RecordBatch>> Run(const Unit& unit) const override;

 private:
  Result<std::shared_ptr<arrow::RecordBatch>> RunFiltered(const Unit& unit) const;
  Result<std::vector<std::shared_ptr<arrow::Array>>> ReadLate(const Unit& unit,
                                                              const struct Selection& selection) const;
  Result<std::shared_ptr<arrow::RecordBatch>> Read(const Unit& unit) const;
  Result<std::shared_ptr<arrow::RecordBatch>> Project(std::shared_ptr<arrow::RecordBatch> batch) const;

  std::shared_ptr<const ScanPlan> plan_;
  std::shared_ptr<RunState> run_;
  bool project_;
  bool count_only_;
  std::shared_ptr<arrow::Schema> early_schema_;
  std::shared_ptr<arrow::Schema> emitted_schema_;
};

}  // namespace lance::scan
