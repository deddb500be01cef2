#include "lance/base/status.h"

#include <memory>

#include "lance/base/commit_error.h"

namespace lance {
namespace {

constexpr char kDetailType[] = "lance::Error";

class ErrorDetail : public arrow::StatusDetail {
 public:
  explicit ErrorDetail(ErrorKind kind, bool retryable = false) : kind_(kind), retryable_(retryable) {}
  const char* type_id() const override { return kDetailType; }
  std::string ToString() const override { return std::string(KindName(kind_)); }
  ErrorKind kind() const { return kind_; }
  bool retryable() const { return retryable_; }

 private:
  ErrorKind kind_;
  bool retryable_;
};

arrow::StatusCode CodeOf(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInvalidArgument:
      return arrow::StatusCode::Invalid;
    case ErrorKind::kNotFound:
      return arrow::StatusCode::KeyError;
    case ErrorKind::kAlreadyExists:
      return arrow::StatusCode::AlreadyExists;
    case ErrorKind::kNotSupported:
      return arrow::StatusCode::NotImplemented;
    case ErrorKind::kCancelled:
      return arrow::StatusCode::Cancelled;
    case ErrorKind::kResourceExhausted:
      return arrow::StatusCode::CapacityError;
    case ErrorKind::kInternal:
      return arrow::StatusCode::UnknownError;
    default:
      return arrow::StatusCode::IOError;
  }
}

}  // namespace

std::string_view KindName(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInvalidArgument:
      return "InvalidArgument";
    case ErrorKind::kNotFound:
      return "NotFound";
    case ErrorKind::kAlreadyExists:
      return "AlreadyExists";
    case ErrorKind::kCorruption:
      return "Corruption";
    case ErrorKind::kNotSupported:
      return "NotSupported";
    case ErrorKind::kCommitConflict:
      return "CommitConflict";
    case ErrorKind::kCommitStateUnknown:
      return "CommitStateUnknown";
    case ErrorKind::kThrottled:
      return "Throttled";
    case ErrorKind::kCancelled:
      return "Cancelled";
    case ErrorKind::kResourceExhausted:
      return "ResourceExhausted";
    case ErrorKind::kIOError:
      return "IOError";
    case ErrorKind::kInternal:
      return "Internal";
  }
  return "Internal";
}

std::optional<ErrorKind> KindOf(const Status& status) {
  if (status.ok()) return std::nullopt;
  const auto& detail = status.detail();
  if (detail != nullptr && std::string_view(detail->type_id()) == kDetailType) {
    return static_cast<const ErrorDetail&>(*detail).kind();
  }
  switch (status.code()) {
    case arrow::StatusCode::Invalid:
    case arrow::StatusCode::TypeError:
    case arrow::StatusCode::IndexError:
      return ErrorKind::kInvalidArgument;
    case arrow::StatusCode::KeyError:
      return ErrorKind::kNotFound;
    case arrow::StatusCode::AlreadyExists:
      return ErrorKind::kAlreadyExists;
    case arrow::StatusCode::NotImplemented:
      return ErrorKind::kNotSupported;
    case arrow::StatusCode::Cancelled:
      return ErrorKind::kCancelled;
    case arrow::StatusCode::OutOfMemory:
    case arrow::StatusCode::CapacityError:
      return ErrorKind::kResourceExhausted;
    case arrow::StatusCode::SerializationError:
      return ErrorKind::kCorruption;
    case arrow::StatusCode::IOError:
      return ErrorKind::kIOError;
    default:
      return ErrorKind::kInternal;
  }
}

bool IsRetryable(const Status& status) {
  const auto& detail = status.detail();
  return detail != nullptr && std::string_view(detail->type_id()) == kDetailType &&
         static_cast<const ErrorDetail&>(*detail).retryable();
}

Status MakeRetryableConflict(std::string message) {
  return Status(CodeOf(ErrorKind::kCommitConflict), std::move(message),
                std::make_shared<ErrorDetail>(ErrorKind::kCommitConflict, true));
}

Status MakeError(ErrorKind kind, std::string message) {
  return Status(CodeOf(kind), std::move(message), std::make_shared<ErrorDetail>(kind));
}

Status WithContext(const Status& status, const std::string& context) {
  if (status.ok()) return status;
  return Status(status.code(), context + ": " + status.message(), status.detail());
}

}  // namespace lance
