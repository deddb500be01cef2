#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "lance/base/status.h"
#include "lance/encoding/write/encoded_page.h"

namespace lance::runtime {
class ThreadPool;
}

namespace lance::file {

/// Encodes pages on a thread pool and hands them on in the order they were asked for, so that files do not
/// depend on the timing of threads. At most a few pages a thread are under way. One thread at a time.
class PagePipeline {
 public:
  using Job = std::function<Result<std::vector<encoding::EncodedPage>>()>;
  using Deliver = std::function<Status(size_t column, encoding::EncodedPage page)>;

  /// Without a pool jobs run at once, on the caller's thread.
  PagePipeline(runtime::ThreadPool* pool, Deliver deliver);
  ~PagePipeline();  ///< waits for the jobs under way and drops their pages

  /// `small`: run sooner than a thread of the pool wakes up.
  /// Errors: those of this job or of earlier ones, and of handing pages on.
  Status Add(size_t column, Job job, bool small = false);
  /// Hands on all that is under way; more may be added.
  Status Finish();
  size_t num_pending() const { return pending_.size(); }
  /// Waits for the jobs under way and drops their pages.
  void Drop();

 private:
  struct Slot;
  Status DeliverFirst();
  void WaitFor(Slot* slot);

  runtime::ThreadPool* pool_;
  Deliver deliver_;
  size_t max_pending_;
  std::deque<std::pair<size_t, std::shared_ptr<Slot>>> pending_;
};

}  // namespace lance::file
