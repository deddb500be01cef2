#pragma once

#include <memory>
#include <span>
#include <vector>

#include "lance/scan/exec/take_reader.h"
#include "lance/scan/plan/projection.h"
#include "lance/scanner.h"

namespace arrow {
class Table;
}

namespace lance::scan {

/// Reads rows by address for one projection. Keeps what it opened, so it is worth keeping. Thread-safe.
class Taker {
 public:
  /// Of `options` counts what says which columns (columns, row ids and addresses, blobs). Plain names project
  /// the schema: "a.b" gives column a with member b. With an expression among them they are named like those
  /// of a scan.
  static Result<std::shared_ptr<Taker>> Make(std::shared_ptr<const table::Snapshot> snapshot,
                                             const ScanOptions& options);

  /// One row per address, in order, duplicates kept. Errors: InvalidArgument names an address that does not
  /// exist.
  Result<std::shared_ptr<arrow::Table>> Take(std::span<const uint64_t> addresses);

  TakeReader& reader() { return reader_; }

 private:
  Taker(std::shared_ptr<const ReadContext> context, Projection projection);
  std::shared_ptr<const ReadContext> context_;
  Projection projection_;
  std::vector<int> columns_;
  std::shared_ptr<arrow::Schema> read_schema_;
  bool plain_;  // the result is what is read
  TakeReader reader_;
};

}  // namespace lance::scan
