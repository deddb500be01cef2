#include "lance/runtime/session.h"

#include <list>
#include <mutex>
#include <unordered_map>

#include "lance/runtime/fork.h"
#include "lance/runtime/thread_pool.h"

namespace lance::runtime {
namespace {

struct Entry {
  std::string key;
  std::shared_ptr<const void> value;
  uint64_t bytes;
};

// Entries from the most to the least recently used, and where each key is.
struct Lru {
  std::mutex mutex;
  std::list<Entry> entries;
  std::unordered_map<std::string_view, std::list<Entry>::iterator> places;  // views of Entry::key
  uint64_t bytes = 0;
  uint64_t hits = 0;
  uint64_t misses = 0;
  std::atomic<bool> evicted = false;

  // Moves an entry out, so that its value is released after the lock.
  void Unlink(std::list<Entry>::iterator place, std::list<Entry>* out) {
    bytes -= place->bytes;
    places.erase(place->key);
    out->splice(out->end(), entries, place);
  }
};

}  // namespace

struct Cache::Impl {
  struct Current {
    uint64_t generation;
    Lru lru;
  };

  explicit Impl(uint64_t capacity) : capacity_bytes(capacity), current(new Current{ForkGeneration(), {}}) {}
  ~Impl() {
    Current* last = current.load();
    if (last->generation == ForkGeneration()) delete last;
  }

  // A forked child starts with an empty cache and leaks the inherited one, whose mutex may be held by a
  // thread that was not copied.
  Lru& Get() {
    Current* seen = current.load(std::memory_order_acquire);
    if (seen->generation == ForkGeneration()) [[likely]]
      return seen->lru;
    auto* fresh = new Current{ForkGeneration(), {}};
    if (current.compare_exchange_strong(seen, fresh, std::memory_order_acq_rel)) return fresh->lru;
    delete fresh;
    return seen->lru;
  }

  const uint64_t capacity_bytes;
  std::atomic<Current*> current;
};

Cache::Cache(uint64_t capacity_bytes) : impl_(std::make_unique<Impl>(capacity_bytes)) {}
Cache::~Cache() = default;

std::shared_ptr<const void> Cache::Find(const std::string& key) {
  Lru& lru = impl_->Get();
  std::lock_guard lock(lru.mutex);
  auto found = lru.places.find(key);
  if (found == lru.places.end()) {
    ++lru.misses;
    return nullptr;
  }
  ++lru.hits;
  lru.entries.splice(lru.entries.begin(), lru.entries, found->second);
  return found->second->value;
}

double Cache::hit_rate() const {
  const auto found = static_cast<double>(hits()), lookups = found + static_cast<double>(misses());
  return lookups > 0 ? found / lookups : 0;
}

void Cache::Insert(const std::string& key, std::shared_ptr<const void> value, uint64_t bytes) {
  std::list<Entry> fresh;
  fresh.push_back({key, std::move(value), bytes});
  std::list<Entry> dropped;  // outlives the lock
  Lru& lru = impl_->Get();
  std::lock_guard lock(lru.mutex);
  if (auto found = lru.places.find(key); found != lru.places.end()) lru.Unlink(found->second, &dropped);
  if (bytes > impl_->capacity_bytes) return;
  while (lru.bytes > impl_->capacity_bytes - bytes) {
    lru.Unlink(std::prev(lru.entries.end()), &dropped);
    lru.evicted.store(true, std::memory_order_relaxed);
  }
  lru.entries.splice(lru.entries.begin(), fresh);
  lru.places.emplace(lru.entries.front().key, lru.entries.begin());
  lru.bytes += bytes;
}

void Cache::Clear() {
  std::list<Entry> dropped;
  Lru& lru = impl_->Get();
  std::lock_guard lock(lru.mutex);
  lru.places.clear();
  dropped.swap(lru.entries);
  lru.bytes = 0;
}

bool Cache::has_evicted() const { return impl_->Get().evicted.load(std::memory_order_relaxed); }

void Cache::CountHits(uint64_t hits) {
  Lru& lru = impl_->Get();
  std::lock_guard lock(lru.mutex);
  lru.hits += hits;
}

uint64_t Cache::size_bytes() const {
  Lru& lru = impl_->Get();
  std::lock_guard lock(lru.mutex);
  return lru.bytes;
}

uint64_t Cache::hits() const {
  Lru& lru = impl_->Get();
  std::lock_guard lock(lru.mutex);
  return lru.hits;
}

uint64_t Cache::misses() const {
  Lru& lru = impl_->Get();
  std::lock_guard lock(lru.mutex);
  return lru.misses;
}

struct Session::Pool {
  std::once_flag started;
  std::unique_ptr<ThreadPool> threads;
};

Session::Session(uint64_t metadata_cache_bytes, uint64_t index_cache_bytes, int num_threads)
    : metadata_cache_(metadata_cache_bytes),
      index_cache_(index_cache_bytes),
      num_threads_(num_threads),
      pool_(std::make_unique<Pool>()) {}

Session::~Session() = default;

ThreadPool* Session::thread_pool() {
  if (num_threads_ <= 0) return nullptr;
  std::call_once(pool_->started, [this] { pool_->threads = std::make_unique<ThreadPool>(num_threads_); });
  return pool_->threads.get();
}

}  // namespace lance::runtime
