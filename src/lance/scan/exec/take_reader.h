#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "lance/base/status.h"
#include "lance/scan/read/fragment_reader.h"

namespace lance::scan {

/// Reads rows by address, in the order given, duplicates kept. Thread-safe; keeps the fragments it opened.
class TakeReader {
 public:
  explicit TakeReader(std::shared_ptr<const ReadContext> context) : context_(std::move(context)) {}

  /// One array per column, one entry per address. Rows must exist; deleted ones are read like others.
  /// Errors: InvalidArgument names an address whose fragment or row does not exist.
  Result<std::vector<std::shared_ptr<arrow::Array>>> Read(std::span<const uint64_t> addresses,
                                                          std::span<const int> columns);
  /// The reader of a fragment. Errors: InvalidArgument "rowaddr ... belongs to non-existent fragment: ...".
  Result<FragmentReader*> Fragment(uint64_t address);

 private:
  Result<std::vector<std::shared_ptr<arrow::Array>>> ReadSorted(std::span<const uint64_t> addresses,
                                                                std::span<const int> columns);

  std::shared_ptr<const ReadContext> context_;
  std::mutex mutex_;
  std::map<uint32_t, std::shared_ptr<FragmentReader>> fragments_;
};

}  // namespace lance::scan
