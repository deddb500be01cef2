#include "lance/session.h"

#include <sched.h>

#include <algorithm>

#include "lance/runtime/session.h"

namespace lance {

namespace {

// Cores that this process may use, which a container or taskset may have restricted.
int AvailableCores() {
  cpu_set_t cores;
  return sched_getaffinity(0, sizeof(cores), &cores) == 0 ? std::max(CPU_COUNT(&cores), 1) : 1;
}

}  // namespace

Session::Session(std::shared_ptr<runtime::Session> impl) : impl_(std::move(impl)) {}

Session::~Session() = default;

std::shared_ptr<Session> Session::Make(const SessionOptions& options) {
  const int threads = options.num_threads < 0 ? AvailableCores() : options.num_threads;
  return std::shared_ptr<Session>(new Session(
      std::make_shared<runtime::Session>(options.metadata_cache_bytes, options.index_cache_bytes, threads)));
}

std::shared_ptr<Session> Session::Default() {
  // Never destroyed: its threads may still run while the process ends.
  static auto* session = new std::shared_ptr<Session>(Make());
  return *session;
}

uint64_t Session::metadata_cache_bytes() const { return impl_->metadata_cache().size_bytes(); }

uint64_t Session::index_cache_bytes() const { return impl_->index_cache().size_bytes(); }

double Session::index_cache_hit_rate() const { return impl_->index_cache().hit_rate(); }

}  // namespace lance
