#pragma once

#include <cstdint>

namespace lance::runtime {

/// Bytes of memory that the process may use: the machine's, or its container's or LANCE_MEMORY_LIMIT (bytes,
/// in the environment) when that is less.
uint64_t MemoryLimit();

}  // namespace lance::runtime
