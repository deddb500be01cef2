#pragma once

#include <arrow/status.h>

#include "lance/error.h"

namespace lance::cli {

/// What `lance` returns to the shell. Scripts rely on the numbers: add, never change.
enum ExitCode : int {
  kSuccess = 0,
  kFailure = 1,          ///< the command could not be carried out
  kUsage = 2,            ///< the command line is wrong
  kCorruptionFound = 3,  ///< stored bytes are damaged
  kNotFound = 4,         ///< no such dataset, file, version or tag
  kInterrupted = 130,    ///< Ctrl-C
};

/// Maps an error's kind to the exit code of the process.
inline ExitCode ExitCodeFor(const arrow::Status& status) {
  if (status.ok()) return kSuccess;
  switch (KindOf(status).value_or(ErrorKind::kInternal)) {
    case ErrorKind::kCorruption:
      return kCorruptionFound;
    case ErrorKind::kNotFound:
      return kNotFound;
    case ErrorKind::kCancelled:
      return kInterrupted;
    default:
      return kFailure;
  }
}

}  // namespace lance::cli
