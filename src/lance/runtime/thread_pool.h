#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace lance::runtime {

/// A fixed set of workers over one FIFO queue. Tasks must not block on other tasks of the same pool
/// (deadlock): a consumer that would wait runs queued work instead, see RunOne. Tasks should not throw; an
/// exception is dropped. After fork() the child gets workers of its own on first use; what the parent had
/// queued runs only in the parent. Thread-safe.
class ThreadPool {
 public:
  explicit ThreadPool(int num_threads);
  ~ThreadPool();  ///< finishes queued tasks
  void Submit(std::function<void()> task);
  /// Runs one queued task on the calling thread; false when the queue is empty.
  bool RunOne();
  int num_threads() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace lance::runtime
