#pragma once

#include <cstdint>

namespace lance::runtime {

/// How many times this process descends by fork() from the one that loaded the library. State guarded by
/// mutexes or served by threads is unusable in a forked child (the lock may be held by a thread that no
/// longer exists), so its owners compare this number and start afresh when it moved. Costs one relaxed load.
uint64_t ForkGeneration();

}  // namespace lance::runtime
