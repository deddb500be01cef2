#include "lance/runtime/fork.h"

#include <pthread.h>

#include <atomic>

namespace lance::runtime {
namespace {

std::atomic<uint64_t> generation{0};

[[maybe_unused]] const int registered =
    pthread_atfork(nullptr, nullptr, [] { generation.fetch_add(1, std::memory_order_relaxed); });

}  // namespace

uint64_t ForkGeneration() { return generation.load(std::memory_order_relaxed); }

}  // namespace lance::runtime
