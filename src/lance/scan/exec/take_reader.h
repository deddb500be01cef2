#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "lance/base/status.h"
#include "lance/scan/read/fragment_reader.h"

namespace arrow {
class ChunkedArray;
}

namespace lance::scan {

/// Reads rows by address, in the order given, duplicates kept. Thread-safe; keeps the fragments it opened.
class TakeReader {
 public:
  explicit TakeReader(std::shared_ptr<const ReadContext> context);

  /// One array per column, one entry per address. Rows must exist; deleted ones are read like others.
  /// Errors: InvalidArgument names an address whose fragment or row does not exist.
  Result<std::vector<std::shared_ptr<arrow::Array>>> Read(std::span<const uint64_t> addresses,
                                                          std::span<const int> columns);
  /// The same in chunks, which spares joining what threads read side by side.
  Result<std::vector<std::shared_ptr<arrow::ChunkedArray>>> ReadChunked(std::span<const uint64_t> addresses,
                                                                        std::span<const int> columns);
  /// The reader of a fragment. Errors: InvalidArgument "rowaddr ... belongs to non-existent fragment: ...".
  Result<FragmentReader*> Fragment(uint64_t address);

 private:
  struct Piece;  // ascending rows of one fragment
  Result<std::vector<Piece>> Split(std::span<const uint64_t> addresses, size_t columns);
  Result<std::vector<std::shared_ptr<arrow::ChunkedArray>>> ReadSorted(std::span<const uint64_t> addresses,
                                                                       std::span<const int> columns);

  std::shared_ptr<const ReadContext> context_;
  const bool needs_offsets_;
  std::mutex mutex_;
  std::map<uint32_t, std::shared_ptr<FragmentReader>> fragments_;
};

}  // namespace lance::scan
