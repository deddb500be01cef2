#include "lance/scan/exec/parallel_stream.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <new>

#include <arrow/api.h>
#include <arrow/util/byte_size.h>

#include "lance/runtime/thread_pool.h"
#include "lance/scan/exec/run_state.h"

namespace lance::scan {
namespace {

using BatchResult = Result<std::shared_ptr<arrow::RecordBatch>>;

}  // namespace

BatchResult RunGuarded(const UnitStage& stage, const Unit& unit) {
  try {
    return stage.Run(unit);
  } catch (const std::bad_alloc&) {
    return ResourceExhausted("out of memory while reading fragment {}", unit.fragment->fragment().id);
  } catch (const std::exception& error) {
    return Internal("while reading fragment {}: {}", unit.fragment->fragment().id, error.what());
  }
}

namespace {

// Shared by the consumer and the tasks in the pool, which may outlive it.
struct Shared : std::enable_shared_from_this<Shared> {
  Shared(UnitPlanner units, std::shared_ptr<const UnitStage> run, const ParallelOptions& opts)
      : planner(std::move(units)), stage(std::move(run)), options(opts) {}

  struct Slot {
    bool done = false;
    uint64_t fragment = 0;
    uint64_t bytes = 0;  // estimated until done
    BatchResult result{std::shared_ptr<arrow::RecordBatch>()};
  };

  std::mutex mutex;
  std::condition_variable changed;
  UnitPlanner planner;
  const std::shared_ptr<const UnitStage> stage;
  const ParallelOptions options;
  std::deque<std::shared_ptr<Slot>> slots;  // begun and not yet consumed, in order
  uint64_t bytes = 0;                       // of slots
  uint64_t done_bytes = 0;                  // of those that are done
  int workers = 0;
  bool no_more_units = false;
  bool stopped = false;

  bool MayBegin() const {
    if (no_more_units || stopped) return false;
    if (slots.empty()) return true;
    if (slots.size() >= static_cast<size_t>(options.units_ahead)) return false;
    if (bytes + options.unit_bytes > options.bytes_ahead) return false;
    return !planner.BetweenFragments() || CountFragments() < static_cast<size_t>(options.fragments_ahead);
  }

  // Units begin fragment by fragment, and those of a fragment stay together.
  size_t CountFragments() const {
    size_t count = slots.empty() ? 0 : 1;
    for (size_t i = 1; i < slots.size(); ++i) count += slots[i]->fragment != slots[i - 1]->fragment ? 1 : 0;
    return count;
  }

  void NotePeaks() const {
    if (options.peaks == nullptr) return;
    Raise(slots.size(), &options.peaks->units);
    Raise(CountFragments(), &options.peaks->fragments);
    Raise(done_bytes, &options.peaks->bytes);
  }

  static void Raise(uint64_t value, std::atomic<uint64_t>* peak) {
    if (value > peak->load(std::memory_order_relaxed)) peak->store(value, std::memory_order_relaxed);
  }

  // Takes the next unit; null at the end. A failure to plan becomes the result of a slot.
  std::shared_ptr<Slot> BeginLocked(Unit* unit) {
    Result<std::optional<Unit>> next = planner.Next();
    if (next.ok() && !next->has_value()) {
      no_more_units = true;
      return nullptr;
    }
    auto slot = std::make_shared<Slot>();
    slots.push_back(slot);
    if (!next.ok()) {
      no_more_units = true;
      slot->done = true;
      slot->result = next.status();
      return nullptr;
    }
    *unit = std::move(**next);
    slot->fragment = unit->fragment->fragment().id;
    slot->bytes = options.unit_bytes;
    bytes += slot->bytes;
    NotePeaks();
    return slot;
  }

  // Runs one unit, lock released meanwhile.
  void RunOne(std::unique_lock<std::mutex>& lock) {
    Unit unit;
    std::shared_ptr<Slot> slot = BeginLocked(&unit);
    if (slot == nullptr) {
      changed.notify_all();
      return;
    }
    lock.unlock();
    BatchResult result =
        options.cancel.cancelled() ? BatchResult(options.cancel.Check()) : RunGuarded(*stage, unit);
    unit = Unit();
    const uint64_t size =
        result.ok() && *result != nullptr ? static_cast<uint64_t>(arrow::util::TotalBufferSize(**result)) : 0;
    lock.lock();
    if (!result.ok()) no_more_units = true;
    bytes += size - slot->bytes;
    done_bytes += size;
    slot->bytes = size;
    slot->result = std::move(result);
    slot->done = true;
    NotePeaks();
    changed.notify_all();
  }

  void AddWorkersLocked() {
    while (options.pool != nullptr && workers < options.workers && MayBegin()) {
      // Room for this worker's unit may be gone when it starts; then it simply ends.
      if (slots.size() + static_cast<size_t>(workers) >= static_cast<size_t>(options.units_ahead) &&
          workers > 0) {
        return;
      }
      ++workers;
      options.pool->Submit([self = shared_from_this()] { self->Work(); });
    }
  }

  // One unit a task: queued again behind the tasks of other scans.
  void Work() {
    std::unique_lock lock(mutex);
    if (MayBegin()) RunOne(lock);
    if (MayBegin()) {
      lock.unlock();
      options.pool->Submit([self = shared_from_this()] { self->Work(); });
      return;
    }
    --workers;
  }

  std::shared_ptr<Slot> TakeDoneLocked() {
    for (auto it = slots.begin(); it != slots.end(); ++it) {
      if ((*it)->done) {
        std::shared_ptr<Slot> slot = std::move(*it);
        slots.erase(it);
        bytes -= slot->bytes;
        done_bytes -= slot->bytes;
        return slot;
      }
      if (options.ordered) break;
    }
    return nullptr;
  }

  BatchResult Next() {
    std::unique_lock lock(mutex);
    while (true) {
      if (options.cancel.cancelled()) {
        stopped = true;
        return options.cancel.Check();
      }
      if (std::shared_ptr<Slot> slot = TakeDoneLocked()) {
        if (!slot->result.ok()) {
          stopped = true;
          return slot->result.status();
        }
        if (*slot->result == nullptr || (*slot->result)->num_rows() == 0) continue;
        AddWorkersLocked();
        return std::move(slot->result);
      }
      AddWorkersLocked();
      if (MayBegin() || (slots.empty() && !no_more_units && !stopped)) {
        RunOne(lock);
      } else if (slots.empty()) {
        return nullptr;
      } else {
        changed.wait(lock);
      }
    }
  }
};

class ParallelStream : public BatchStream {
 public:
  explicit ParallelStream(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}
  ~ParallelStream() override {
    std::lock_guard lock(shared_->mutex);
    shared_->stopped = true;
  }
  BatchResult Next() override { return shared_->Next(); }

 private:
  std::shared_ptr<Shared> shared_;
};

// With no thread to share with there is nothing to lock or to queue.
class SerialStream : public BatchStream {
 public:
  SerialStream(UnitPlanner planner, std::shared_ptr<const UnitStage> stage, runtime::CancellationToken cancel)
      : planner_(std::move(planner)), stage_(std::move(stage)), cancel_(std::move(cancel)) {}

  BatchResult Next() override {
    while (true) {
      ARROW_RETURN_NOT_OK(cancel_.Check());
      ARROW_ASSIGN_OR_RAISE(std::optional<Unit> unit, planner_.Next());
      if (!unit.has_value()) return nullptr;
      ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::RecordBatch> batch, RunGuarded(*stage_, *unit));
      if (batch != nullptr && batch->num_rows() > 0) return batch;
    }
  }

 private:
  UnitPlanner planner_;
  std::shared_ptr<const UnitStage> stage_;
  runtime::CancellationToken cancel_;
};

}  // namespace

std::unique_ptr<BatchStream> MakeParallelStream(UnitPlanner planner, std::shared_ptr<const UnitStage> stage,
                                                const ParallelOptions& options) {
  if (options.pool == nullptr || options.workers <= 0) {
    return std::make_unique<SerialStream>(std::move(planner), std::move(stage), options.cancel);
  }
  return std::make_unique<ParallelStream>(
      std::make_shared<Shared>(std::move(planner), std::move(stage), options));
}

}  // namespace lance::scan
