#include "lance/scan/exec/unit_queue.h"

#include <arrow/api.h>

namespace lance::scan {

UnitQueue::UnitQueue(UnitPlanner planner, std::shared_ptr<const UnitStage> stage)
    : planner_(std::move(planner)), stage_(std::move(stage)) {}

Result<std::optional<Unit>> UnitQueue::Take(uint64_t* index) {
  std::lock_guard lock(mutex_);
  if (ended_) return std::nullopt;
  Result<std::optional<Unit>> unit = planner_.Next();
  ended_ = !unit.ok() || !unit->has_value();
  *index = next_index_++;
  return unit;
}

Result<std::optional<SharedScan::Piece>> UnitQueue::Next() {
  while (true) {
    Piece piece;
    ARROW_ASSIGN_OR_RAISE(std::optional<Unit> unit, Take(&piece.index));
    if (!unit.has_value()) return std::nullopt;
    Result<std::shared_ptr<arrow::RecordBatch>> batch = RunGuarded(*stage_, *unit);
    if (!batch.ok()) {
      std::lock_guard lock(mutex_);
      ended_ = true;
      return batch.status();
    }
    if (*batch == nullptr || (*batch)->num_rows() == 0) continue;
    piece.batch = std::move(*batch);
    return piece;
  }
}

}  // namespace lance::scan
