#pragma once

#include <cstddef>
#include <functional>

#include "lance/base/status.h"

namespace lance::runtime {

class ThreadPool;

/// Calls `body(i)` for i in [0, count), on the calling thread and, where it helps, in the pool; returns when
/// all are done. The caller never waits for a call that has not begun, so this may be used from within pool
/// tasks. The first error wins and stops calls that have not begun.
Status ParallelFor(ThreadPool* pool, size_t count, const std::function<Status(size_t)>& body);

}  // namespace lance::runtime
