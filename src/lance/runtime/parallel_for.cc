#include "lance/runtime/parallel_for.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <new>

#include "lance/runtime/thread_pool.h"

namespace lance::runtime {
namespace {

Status CallGuarded(const std::function<Status(size_t)>& body, size_t i) {
  try {
    return body(i);
  } catch (const std::bad_alloc&) {
    return ResourceExhausted("out of memory");
  } catch (const std::exception& error) {
    return Internal("{}", error.what());
  }
}

// Outlives the call: a task that starts late finds nothing left and never touches the caller's body.
struct Loop {
  std::mutex mutex;
  std::condition_variable done;
  size_t count = 0;
  size_t next = 0;
  size_t running = 0;
  Status status;
  const std::function<Status(size_t)>* body = nullptr;

  void Work() {
    std::unique_lock lock(mutex);
    while (next < count) {
      const size_t i = next++;
      ++running;
      lock.unlock();
      Status result = CallGuarded(*body, i);
      lock.lock();
      --running;
      if (!result.ok()) {
        next = count;
        if (status.ok()) status = std::move(result);
      }
    }
    if (running == 0) done.notify_all();
  }
};

}  // namespace

Status ParallelFor(ThreadPool* pool, size_t count, const std::function<Status(size_t)>& body) {
  if (pool == nullptr || count < 2) {
    for (size_t i = 0; i < count; ++i) ARROW_RETURN_NOT_OK(CallGuarded(body, i));
    return Status::OK();
  }
  auto loop = std::make_shared<Loop>();
  loop->count = count;
  loop->body = &body;
  const size_t helpers = std::min<size_t>(static_cast<size_t>(pool->num_threads()), count - 1);
  for (size_t i = 0; i < helpers; ++i) pool->Submit([loop] { loop->Work(); });
  loop->Work();
  std::unique_lock lock(loop->mutex);
  loop->done.wait(lock, [&] { return loop->running == 0; });
  return loop->status;
}

}  // namespace lance::runtime
