#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "lance/scan/exec/batch_stream.h"
#include "lance/scan/exec/run_state.h"
#include "lance/scan/exec/take_reader.h"
#include "lance/scan/plan/scan_plan.h"

namespace lance::scan {

/// Keeps the rows where `filter` is true.
std::unique_ptr<BatchStream> MakeFilter(std::shared_ptr<const expr::Expression> filter,
                                        std::shared_ptr<RunState> run, std::unique_ptr<BatchStream> input);

/// Skips `skip` rows, then gives at most `limit`; asks for no batch more than needed.
std::unique_ptr<BatchStream> MakeLimit(uint64_t skip, std::optional<uint64_t> limit,
                                       std::shared_ptr<RunState> run, std::unique_ptr<BatchStream> input);

/// Appends columns of the rows that `_rowaddr` names; one read per batch.
std::unique_ptr<BatchStream> MakeTake(std::shared_ptr<TakeReader> reader,
                                      std::shared_ptr<const ReadContext> context, std::vector<int> columns,
                                      NodeRole role, std::shared_ptr<RunState> run,
                                      std::unique_ptr<BatchStream> input);

/// Gives the result's columns.
std::unique_ptr<BatchStream> MakeProject(std::shared_ptr<const ScanPlan> plan, std::shared_ptr<RunState> run,
                                         std::unique_ptr<BatchStream> input);

/// Cuts batches so that none has more than `rows` rows (or, with `bytes`, much more than that many bytes).
/// `strict`: all but the last have exactly `rows`, which copies where batches are joined; otherwise cutting
/// copies nothing.
std::unique_ptr<BatchStream> MakeBatches(uint64_t rows, std::optional<uint64_t> bytes, bool strict,
                                         std::unique_ptr<BatchStream> input);

/// Orders rows, all or the first `limit`; with a limit, memory is bounded by a few times that many rows.
/// `memory_limit` bounds what is held, ResourceExhausted past it.
std::unique_ptr<BatchStream> MakeSort(std::vector<SortKey> keys, std::optional<uint64_t> limit,
                                      std::optional<uint64_t> memory_limit, std::shared_ptr<RunState> run,
                                      std::unique_ptr<BatchStream> input);

}  // namespace lance::scan
