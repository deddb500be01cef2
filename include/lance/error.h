#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <arrow/status.h>

#include "lance/export.h"

namespace lance {

/// What went wrong, by what the caller can do about it. Carried as a detail of arrow::Status.
enum class ErrorKind {
  kInvalidArgument,     ///< fix the call
  kNotFound,            ///< the named thing does not exist
  kAlreadyExists,       ///< the named thing exists
  kCorruption,          ///< bytes in storage are wrong
  kNotSupported,        ///< valid, but this library cannot do it
  kCommitConflict,      ///< rebase and retry
  kCommitStateUnknown,  ///< the commit may or may not have happened; do not clean up
  kThrottled,           ///< slow down, then retry
  kCancelled,           ///< the caller asked for it
  kResourceExhausted,   ///< a memory or time budget is spent
  kIOError,             ///< the storage failed
  kInternal,            ///< our bug
};

/// Returns the kind of a failed status: ours when it carries one, else the nearest to Arrow's code; none when
/// ok.
LANCE_EXPORT std::optional<ErrorKind> KindOf(const arrow::Status& status);

/// Returns a name such as "Corruption".
LANCE_EXPORT std::string_view KindName(ErrorKind kind);

}  // namespace lance
