#pragma once

#include <memory>

#include "lance/base/status.h"

namespace arrow {
class RecordBatch;
}

namespace lance::scan {

/// A pull-based sequence of batches. Used by one thread at a time.
class BatchStream {
 public:
  virtual ~BatchStream() = default;
  /// The next batch, never empty of rows; nullptr at the end. After an error the stream is over.
  virtual Result<std::shared_ptr<arrow::RecordBatch>> Next() = 0;
};

}  // namespace lance::scan
