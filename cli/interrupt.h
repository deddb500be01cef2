#pragma once

#include <memory>

#include <csignal>

#include <arrow/type_fwd.h>

namespace lance::cli {

/// While it lives, the first Ctrl-C only asks long work to stop, so that it can take back what it began; the
/// second ends the process. One at a time.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  static bool asked();
  /// The same rows; fails as cancelled once Ctrl-C was pressed, at the end of the rows too: a pipe that ends
  /// then was cut off.
  static std::shared_ptr<arrow::RecordBatchReader> Wrap(std::shared_ptr<arrow::RecordBatchReader> reader);

 private:
  struct sigaction before_ {};
};

}  // namespace lance::cli
