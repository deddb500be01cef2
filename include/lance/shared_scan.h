#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include <arrow/result.h>

#include "lance/export.h"
#include "lance/scanner.h"

namespace arrow {
class RecordBatch;
}

namespace lance {

/// A run of a scan whose pieces (row ranges of fragments) are read by whoever asks for them: for engines that
/// bring their own threads. Thread-safe; a caller's thread does the work of the pieces that it takes.
class LANCE_EXPORT SharedScan {
 public:
  struct Piece {
    uint64_t index = 0;  ///< pieces in the order of the scan have ascending indices, with gaps
    std::shared_ptr<arrow::RecordBatch> batch;  ///< at least one row
  };
  virtual ~SharedScan() = default;
  /// Reads the next piece that has rows; none at the end. After an error there are no more pieces.
  virtual arrow::Result<std::optional<Piece>> Next() = 0;
};

/// Begins a run for about `threads` threads. nullptr where the result cannot be cut into independent pieces:
/// an order, a search, a limit behind a filter. Then use Scanner::ToReader. Statistics callbacks are not
/// called.
LANCE_EXPORT arrow::Result<std::unique_ptr<SharedScan>> MakeSharedScan(const Scanner& scanner, int threads);

}  // namespace lance
