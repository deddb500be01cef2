#pragma once

#include <climits>
#include <cstdint>
#include <memory>

#include "lance/runtime/cancellation.h"
#include "lance/scan/exec/batch_stream.h"
#include "lance/scan/read/unit_planner.h"

namespace lance::runtime {
class ThreadPool;
}

namespace lance::scan {

struct ReadAheadPeaks;  // run_state.h

/// What is done to a unit. Thread-safe.
class UnitStage {
 public:
  virtual ~UnitStage() = default;
  /// The unit's rows; a batch without rows, or nullptr, gives nothing.
  virtual Result<std::shared_ptr<arrow::RecordBatch>> Run(const Unit& unit) const = 0;
};

/// Runs a stage on a unit; what it throws becomes a status.
Result<std::shared_ptr<arrow::RecordBatch>> RunGuarded(const UnitStage& stage, const Unit& unit);

struct ParallelOptions {
  runtime::ThreadPool* pool = nullptr;    ///< nullptr: everything on the consumer's thread
  int workers = 0;                        ///< tasks in the pool at once
  int units_ahead = 1;                    ///< units running or waiting for the consumer at most
  int fragments_ahead = INT_MAX;          ///< fragments that these lie in at most
  uint64_t bytes_ahead = UINT64_MAX;      ///< bytes of these at most, one unit excepted
  uint64_t unit_bytes = 0;                ///< what a running unit counts as
  std::shared_ptr<ReadAheadPeaks> peaks;  ///< told the most of each; may be null
  bool ordered = true;
  runtime::CancellationToken cancel;
};

/// Runs a stage over all units: in the pool ahead of the consumer, and on the consumer's own thread whenever
/// it would otherwise wait for a unit that nobody has begun. So it never waits for work that is only queued
/// (no deadlock, however busy the pool), and no thread at all is needed. Destroying the stream stops it:
/// units that run come to their end and are dropped, no new one begins.
std::unique_ptr<BatchStream> MakeParallelStream(UnitPlanner planner, std::shared_ptr<const UnitStage> stage,
                                                const ParallelOptions& options);

}  // namespace lance::scan
