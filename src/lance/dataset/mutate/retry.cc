#include "lance/dataset/mutate/retry.h"

#include <algorithm>
#include <optional>
#include <random>
#include <thread>

#include "lance/commit_error.h"
#include "lance/dataset/write/commit_operation.h"
#include "lance/table/commit_turn.h"

namespace lance::dataset {
namespace {

constexpr int kPoliteTries = 2;

}  // namespace

Status RetryConflicts(std::shared_ptr<const table::Snapshot> snapshot, const MutateOptions& options,
                      const std::function<Status(const std::shared_ptr<const table::Snapshot>&)>& attempt) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point start = Clock::now();
  // Writers that fail together draw one of 4, 8, 16 slots, each as long as the first attempt took, so that
  // they come back apart.
  std::chrono::milliseconds slot{1};
  std::random_device random;
  for (int tries = 0;; ++tries) {
    // Who keeps losing to smaller changes does all of the next attempts while the others wait.
    std::optional<table::CommitTurn> turn;
    if (tries >= kPoliteTries) {
      turn.emplace(*snapshot->object_store());
      ARROW_ASSIGN_OR_RAISE(snapshot, NewestSnapshot(snapshot));
    }
    Status status = attempt(snapshot);
    turn.reset();
    if (status.ok() || !IsRetryable(status)) return status;
    const auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start);
    if (tries >= options.conflict_retries) {
      return CommitConflict("Too many concurrent writers. Attempted {} retries. The last: {}",
                            options.conflict_retries, status.message());
    }
    if (elapsed > options.retry_timeout) {
      return CommitConflict(
          "Too many concurrent writers. Attempted {} times, but failed on retry_timeout of "
          "{:.3f} seconds. The last: {}",
          tries + 1, static_cast<double>(options.retry_timeout.count()) / 1000, status.message());
    }
    if (tries == 0) slot = std::max(slot, elapsed * 11 / 10);
    const int slots = 4 << std::min(tries, 2);
    const auto pause = slot * static_cast<int>(random() % static_cast<unsigned>(slots));
    std::this_thread::sleep_for(std::min(pause, options.retry_timeout - elapsed));
    ARROW_ASSIGN_OR_RAISE(snapshot, NewestSnapshot(snapshot));
  }
}

}  // namespace lance::dataset
