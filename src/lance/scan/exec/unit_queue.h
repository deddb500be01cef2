#pragma once

#include <memory>
#include <mutex>

#include "lance/scan/exec/parallel_stream.h"
#include "lance/shared_scan.h"

namespace lance::scan {

/// Hands units out under a lock and runs the stage on the thread that took one. Thread-safe.
class UnitQueue : public SharedScan {
 public:
  UnitQueue(UnitPlanner planner, std::shared_ptr<const UnitStage> stage);
  Result<std::optional<Piece>> Next() override;

 private:
  Result<std::optional<Unit>> Take(uint64_t* index);

  std::mutex mutex_;  // guards what follows
  UnitPlanner planner_;
  uint64_t next_index_ = 0;
  bool ended_ = false;

  const std::shared_ptr<const UnitStage> stage_;
};

}  // namespace lance::scan
