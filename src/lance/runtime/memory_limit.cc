#include "lance/runtime/memory_limit.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

namespace lance::runtime {

uint64_t MemoryLimit() {
  static const uint64_t found = [] {
    uint64_t limit =
        static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
    for (const char* path : {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
      std::ifstream file(path);
      uint64_t bytes = 0;
      if (file >> bytes && bytes > 0) limit = std::min(limit, bytes);  // "max" is no number
    }
    if (const char* text = std::getenv("LANCE_MEMORY_LIMIT")) {
      const uint64_t bytes = std::strtoull(text, nullptr, 10);
      if (bytes > 0) limit = std::min(limit, bytes);
    }
    return limit;
  }();
  return found;
}

}  // namespace lance::runtime
