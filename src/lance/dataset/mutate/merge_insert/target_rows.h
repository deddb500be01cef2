#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "lance/base/status.h"
#include "lance/scan/take.h"
#include "lance/table/snapshot.h"

namespace lance::dataset {

/// Reads some columns of live rows by address, as they are stored.
class TargetReader {
 public:
  TargetReader(std::shared_ptr<const table::Snapshot> snapshot, std::vector<std::string> columns)
      : snapshot_(std::move(snapshot)), columns_(std::move(columns)) {}

  /// One row per address, in order.
  Result<std::shared_ptr<arrow::RecordBatch>> Read(std::span<const uint64_t> addresses);

 private:
  const std::shared_ptr<const table::Snapshot> snapshot_;
  const std::vector<std::string> columns_;
  std::shared_ptr<scan::Taker> taker_;  // made on first use
};

/// Rows of a batch, in the order given.
Result<std::shared_ptr<arrow::RecordBatch>> TakeSourceRows(const arrow::RecordBatch& source,
                                                           std::span<const uint32_t> rows);

}  // namespace lance::dataset
