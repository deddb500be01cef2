#pragma once

#include <string>
#include <utility>

#include "lance/base/status.h"
#include "lance/commit_error.h"

namespace lance {

/// Makes a CommitConflict that a retry from a fresh read can settle: see IsRetryable.
Status MakeRetryableConflict(std::string message);

/// A CommitConflict for which IsRetryable is true.
template <typename... Args>
Status RetryableConflict(fmt::format_string<Args...> format, Args&&... args) {
  return MakeRetryableConflict(fmt::format(format, std::forward<Args>(args)...));
}

template <typename... Args>
Status CommitStateUnknown(fmt::format_string<Args...> format, Args&&... args) {
  return MakeError(ErrorKind::kCommitStateUnknown, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace lance
