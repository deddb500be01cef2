#include "lance/file/page_pipeline.h"

#include <condition_variable>
#include <mutex>
#include <optional>

#include "lance/runtime/thread_pool.h"

namespace lance::file {

struct PagePipeline::Slot {
  std::mutex mutex;
  std::condition_variable done;
  std::optional<Result<std::vector<encoding::EncodedPage>>> pages;

  void Set(Result<std::vector<encoding::EncodedPage>> result) {
    std::lock_guard lock(mutex);
    pages = std::move(result);
    done.notify_all();
  }
  bool ready() {
    std::lock_guard lock(mutex);
    return pages.has_value();
  }
};

PagePipeline::PagePipeline(runtime::ThreadPool* pool, Deliver deliver)
    : pool_(pool),
      deliver_(std::move(deliver)),
      max_pending_(pool == nullptr ? 0 : 2 * static_cast<size_t>(pool->num_threads()) + 1) {}

PagePipeline::~PagePipeline() { Drop(); }

Status PagePipeline::Add(size_t column, Job job, bool small) {
  if (pool_ == nullptr || (small && pending_.empty())) {
    ARROW_ASSIGN_OR_RAISE(auto pages, job());
    for (encoding::EncodedPage& page : pages) ARROW_RETURN_NOT_OK(deliver_(column, std::move(page)));
    return Status::OK();
  }
  auto slot = std::make_shared<Slot>();
  pending_.emplace_back(column, slot);
  pool_->Submit([slot, job = std::move(job)]() mutable {
    auto run = [&]() -> Result<std::vector<encoding::EncodedPage>> {
      // An exception that left the task would leave the slot unset and its waiter waiting.
      try {
        return job();
      } catch (const std::bad_alloc&) {
        return ResourceExhausted("out of memory while a page was encoded");
      } catch (const std::exception& error) {
        return Internal("while a page was encoded: {}", error.what());
      }
    };
    auto pages = run();
    job = nullptr;
    slot->Set(std::move(pages));
  });
  while (!pending_.empty() && (pending_.size() > max_pending_ || pending_.front().second->ready())) {
    ARROW_RETURN_NOT_OK(DeliverFirst());
  }
  return Status::OK();
}

void PagePipeline::WaitFor(Slot* slot) {
  // The pool may be busy with others' work, or be where this runs: then the queue is helped along.
  while (!slot->ready() && pool_->RunOne()) {
  }
  std::unique_lock lock(slot->mutex);
  slot->done.wait(lock, [&] { return slot->pages.has_value(); });
}

Status PagePipeline::DeliverFirst() {
  auto [column, slot] = std::move(pending_.front());
  pending_.pop_front();
  WaitFor(slot.get());
  ARROW_ASSIGN_OR_RAISE(auto pages, std::move(*slot->pages));
  for (encoding::EncodedPage& page : pages) ARROW_RETURN_NOT_OK(deliver_(column, std::move(page)));
  return Status::OK();
}

Status PagePipeline::Finish() {
  while (!pending_.empty()) ARROW_RETURN_NOT_OK(DeliverFirst());
  return Status::OK();
}

void PagePipeline::Drop() {
  while (!pending_.empty()) {
    WaitFor(pending_.front().second.get());
    pending_.pop_front();
  }
}

}  // namespace lance::file
