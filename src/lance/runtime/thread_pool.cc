#include "lance/runtime/thread_pool.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "lance/runtime/fork.h"

namespace lance::runtime {
namespace {

// Tasks report through their own state; an exception that escapes one would end the process, which a library
// must not do.
void RunQuietly(std::function<void()>& task) {
  try {
    task();
  } catch (...) {
  }
}

// The queue and its workers, as of one process. Workers share ownership, so the last of them may outlive the
// pool.
struct Workers {
  std::mutex mutex;
  std::condition_variable wake;
  std::deque<std::function<void()>> queue;
  std::vector<std::thread> threads;
  bool stopping = false;

  std::function<void()> TakeLocked() {
    std::function<void()> task = std::move(queue.front());
    queue.pop_front();
    return task;
  }
};

void WorkerLoop(const std::shared_ptr<Workers>& workers) {
  std::unique_lock lock(workers->mutex);
  while (true) {
    workers->wake.wait(lock, [&] { return workers->stopping || !workers->queue.empty(); });
    if (workers->queue.empty()) return;
    {
      std::function<void()> task = workers->TakeLocked();
      lock.unlock();
      RunQuietly(task);
    }  // what the task captured is released without the lock
    lock.lock();
  }
}

}  // namespace

struct ThreadPool::Impl {
  struct Current {
    uint64_t generation;
    std::shared_ptr<Workers> workers;
  };

  explicit Impl(int count) : num_threads(std::max(count, 1)), current(Start()) {}

  Current* Start() const {
    auto workers = std::make_shared<Workers>();
    for (int i = 0; i < num_threads; ++i) {
      workers->threads.emplace_back([workers] { WorkerLoop(workers); });
    }
    return new Current{ForkGeneration(), std::move(workers)};
  }

  // The workers of this process. After a fork the parent's are left as they are, on purpose leaked: their
  // threads do not exist here and their mutex may be locked for ever.
  Workers& Get() {
    Current* seen = current.load(std::memory_order_acquire);
    if (seen->generation == ForkGeneration()) [[likely]]
      return *seen->workers;
    Current* fresh = Start();
    if (current.compare_exchange_strong(seen, fresh, std::memory_order_acq_rel)) return *fresh->workers;
    Stop(fresh);  // another thread was first
    return *seen->workers;
  }

  static void Stop(Current* ended) {
    Workers& workers = *ended->workers;
    {
      std::lock_guard lock(workers.mutex);
      workers.stopping = true;
    }
    workers.wake.notify_all();
    for (std::thread& thread : workers.threads) {
      // The last reference to a pool may be dropped by one of its own tasks.
      if (thread.get_id() == std::this_thread::get_id()) {
        thread.detach();
      } else {
        thread.join();
      }
    }
    delete ended;
  }

  const int num_threads;
  std::atomic<Current*> current;
};

ThreadPool::ThreadPool(int num_threads) : impl_(std::make_shared<Impl>(num_threads)) {}

ThreadPool::~ThreadPool() {
  Impl::Current* current = impl_->current.load(std::memory_order_acquire);
  if (current->generation == ForkGeneration()) Impl::Stop(current);
}

void ThreadPool::Submit(std::function<void()> task) {
  Workers& workers = impl_->Get();
  {
    std::lock_guard lock(workers.mutex);
    workers.queue.push_back(std::move(task));
  }
  workers.wake.notify_one();
}

bool ThreadPool::RunOne() {
  Workers& workers = impl_->Get();
  std::function<void()> task;
  {
    std::lock_guard lock(workers.mutex);
    if (workers.queue.empty()) return false;
    task = workers.TakeLocked();
  }
  RunQuietly(task);
  return true;
}

int ThreadPool::num_threads() const { return impl_->num_threads; }

}  // namespace lance::runtime
