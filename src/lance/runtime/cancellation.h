#pragma once

#include <atomic>
#include <memory>

#include "lance/base/status.h"

namespace lance::runtime {

/// A flag that asks work to stop. Copies share it. Thread-safe.
class CancellationToken {
 public:
  CancellationToken() : flag_(std::make_shared<std::atomic<bool>>(false)) {}
  void Cancel() { flag_->store(true, std::memory_order_relaxed); }
  bool cancelled() const { return flag_->load(std::memory_order_relaxed); }
  Status Check() const { return cancelled() ? lance::Cancelled("the scan was cancelled") : Status::OK(); }

 private:
  std::shared_ptr<std::atomic<bool>> flag_;
};

}  // namespace lance::runtime
