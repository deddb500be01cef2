#pragma once

#include <string>
#include <utility>

#include <arrow/result.h>
#include <arrow/status.h>
#include <fmt/format.h>

#include "lance/error.h"

namespace lance {

using arrow::Result;
using arrow::Status;

/// Makes a failed status of `kind`. Thread-safe.
Status MakeError(ErrorKind kind, std::string message);

/// Returns `status` with "`context`: " before its message, kind kept; ok stays ok.
Status WithContext(const Status& status, const std::string& context);

template <typename T>
Result<T> WithContext(Result<T> result, const std::string& context) {
  if (result.ok()) return result;
  return WithContext(result.status(), context);
}

/// True when `status` failed with `kind`.
inline bool Is(const Status& status, ErrorKind kind) { return KindOf(status) == kind; }

#define LANCE_DEFINE_ERROR(Name, kind)                                        \
  template <typename... Args>                                                 \
  Status Name(fmt::format_string<Args...> format, Args&&... args) {           \
    return MakeError(kind, fmt::format(format, std::forward<Args>(args)...)); \
  }
LANCE_DEFINE_ERROR(InvalidArgument, ErrorKind::kInvalidArgument)
LANCE_DEFINE_ERROR(NotFound, ErrorKind::kNotFound)
LANCE_DEFINE_ERROR(AlreadyExists, ErrorKind::kAlreadyExists)
LANCE_DEFINE_ERROR(Corruption, ErrorKind::kCorruption)
LANCE_DEFINE_ERROR(NotSupported, ErrorKind::kNotSupported)
LANCE_DEFINE_ERROR(CommitConflict, ErrorKind::kCommitConflict)
LANCE_DEFINE_ERROR(Cancelled, ErrorKind::kCancelled)
LANCE_DEFINE_ERROR(ResourceExhausted, ErrorKind::kResourceExhausted)
LANCE_DEFINE_ERROR(IOError, ErrorKind::kIOError)
LANCE_DEFINE_ERROR(Internal, ErrorKind::kInternal)
#undef LANCE_DEFINE_ERROR

/// Fails with InvalidArgument when a caller's argument is wrong.
#define LANCE_CHECK_ARG(condition, ...)                             \
  do {                                                              \
    if (!(condition)) return ::lance::InvalidArgument(__VA_ARGS__); \
  } while (false)

/// Fails with Corruption when bytes from storage are wrong.
#define LANCE_CHECK_BYTES(condition, ...)                      \
  do {                                                         \
    if (!(condition)) return ::lance::Corruption(__VA_ARGS__); \
  } while (false)

}  // namespace lance
