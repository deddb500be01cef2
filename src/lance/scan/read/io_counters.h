#pragma once

#include <atomic>
#include <cstdint>

namespace lance::scan {

/// What a scan reads, counted where the reads are asked for. Thread-safe.
struct IoCounters {
  std::atomic<uint64_t> ranges{0};    ///< byte ranges asked for
  std::atomic<uint64_t> requests{0};  ///< calls that carry them, before the store joins or splits ranges
  std::atomic<uint64_t> bytes{0};
};

}  // namespace lance::scan
