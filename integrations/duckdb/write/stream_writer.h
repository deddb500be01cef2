#pragma once

#include <functional>
#include <memory>
#include <string>

#include <arrow/result.h>

#include "write/pending_change.h"

namespace arrow {
class RecordBatch;
class RecordBatchReader;
class Schema;
}  // namespace arrow

namespace lance::sql {

/// Hands batches that many threads push to one writer that pulls them, on a thread of its own: DuckDB pushes,
/// WriteDataset pulls. At most 64 MiB wait in between. Destroying it before Commit ends the write with an
/// error, upon which the writer removes its files.
///
/// Thread-safe but for Commit, which comes last.
class StreamWriter final : public PendingChange {
 public:
  /// Writes all that the reader gives, and commits.
  using Write = std::function<arrow::Status(arrow::RecordBatchReader& rows)>;

  StreamWriter(std::string table, bool appends, std::shared_ptr<arrow::Schema> schema, Write write);
  ~StreamWriter() override;

  /// Waits while too much is under way. Errors: those of the writer.
  arrow::Status Push(std::shared_ptr<arrow::RecordBatch> batch);
  arrow::Status Commit() override;

 private:
  class Queue;
  std::shared_ptr<Queue> queue_;
};

}  // namespace lance::sql
