#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <arrow/type_fwd.h>

#include "lance/base/status.h"
#include "lance/index/scalar/keys.h"

namespace lance::runtime {
class ThreadPool;
}

namespace lance::index {

struct KeySorterOptions {
  /// Bytes held at most, sorting included; what is more goes to a temporary file.
  uint64_t memory_budget_bytes = 256 << 20;
  runtime::ThreadPool* pool = nullptr;  ///< sorts; may be null
  std::string directory;                ///< of the temporary file; empty: the system's
};

/// Puts rows in the order of their values, nulls first; rows with equal values stay as they came.
///
/// An external merge sort: rows are sorted in runs of a size that fits the caches (numbers by radix), all
/// runs in memory become one run of the file when the budget is used up, and the runs are merged at the end.
/// One thread at a time.
class KeySorter {
 public:
  /// Takes rows in order: nulls, then those with keys, of the form that the type has.
  struct Sink {
    std::function<Status(std::span<const uint64_t> ids)> nulls;
    std::function<Status(std::span<const uint64_t> keys, std::span<const uint64_t> ids)> numbers;
    std::function<Status(std::span<const std::string_view> keys, std::span<const uint64_t> ids)> bytes;
  };

  static std::unique_ptr<KeySorter> Make(const KeyType& type, const KeySorterOptions& options);
  virtual ~KeySorter() = default;

  /// Takes values with one id each.
  virtual Status Append(const std::shared_ptr<arrow::Array>& values, const uint64_t* ids) = 0;
  /// Gives all rows, some thousands at a time. Called once, after the last Append.
  virtual Status Finish(const Sink& sink) = 0;
  virtual bool spilled() const = 0;
};

}  // namespace lance::index
