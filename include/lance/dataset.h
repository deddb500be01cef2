#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <arrow/result.h>
#include <arrow/status.h>

#include "lance/error.h"
#include "lance/export.h"
#include "lance/scanner.h"
#include "lance/session.h"

namespace lance {

namespace table {
class Snapshot;
}

/// A version to read: a number, a tag, or the newest before a time; of the main line or of a branch.
struct VersionRef {
  std::optional<uint64_t> number;
  std::optional<std::string> tag;
  std::optional<std::string> branch;
  std::optional<std::chrono::sys_time<std::chrono::nanoseconds>> as_of;
};

struct OpenOptions {
  VersionRef version;                                  ///< default: the newest
  std::map<std::string, std::string> storage_options;  ///< credentials, endpoint, region, ...
  std::shared_ptr<Session> session;                    ///< default: Session::Default()
};

struct VersionInfo {
  uint64_t version = 0;
  std::chrono::sys_time<std::chrono::nanoseconds> timestamp{};
  std::map<std::string, std::string>
      metadata;  ///< total_rows, total_fragments, ... as the reference prints them
};

struct TagInfo {
  std::optional<std::string> branch;
  uint64_t version = 0;
  std::optional<std::chrono::sys_time<std::chrono::nanoseconds>> created_at;
  std::optional<std::chrono::sys_time<std::chrono::nanoseconds>> updated_at;
  uint64_t manifest_size = 0;
  std::map<std::string, std::string> metadata;
};

struct BranchInfo {
  std::optional<std::string> parent_branch;
  uint64_t parent_version = 0;
  std::chrono::sys_seconds created_at{};
  uint64_t manifest_size = 0;
  std::vector<std::pair<uint64_t, std::string>> identifier;
  std::map<std::string, std::string> metadata;
};

/// One version of a Lance table, open for reading. Immutable and thread-safe; copies share everything.
///
///     auto dataset = lance::Dataset::Open("path/to/table.lance").ValueOrDie();
///     lance::ScanOptions options;
///     options.filter = "price > 10";
///     auto table = dataset->Scan(options).ValueOrDie()->ToTable();
///
/// Errors carry a kind (lance/error.h): NotFound when there is no such table or version, NotSupported when it
/// was written by something newer (the feature is named), Corruption when bytes are wrong.
class LANCE_EXPORT Dataset {
 public:
  static arrow::Result<std::shared_ptr<Dataset>> Open(const std::string& uri,
                                                      const OpenOptions& options = {});
  virtual ~Dataset() = default;

  virtual const std::string& uri() const = 0;
  virtual uint64_t version() const = 0;
  virtual const std::shared_ptr<arrow::Schema>& schema() const = 0;
  virtual arrow::Result<std::shared_ptr<Scanner>> Scan(const ScanOptions& options = {}) const = 0;

  /// Counts live rows; from metadata when there is no filter.
  virtual arrow::Result<int64_t> CountRows(const std::string& filter = "") const = 0;
  /// Reads rows by position among live rows, in the order given, duplicates kept. O(1) per row. Of
  /// `projection` count columns, row ids and addresses, and blobs. Plain names project the schema ("a.b"
  /// gives a struct a with member b), unlike in a scan; with a computed column among them they are named as
  /// in a scan.
  virtual arrow::Result<std::shared_ptr<arrow::Table>> Take(std::span<const int64_t> offsets,
                                                            const ScanOptions& projection = {}) const = 0;
  /// Reads rows by row id (`_rowid`), in the order given, duplicates kept. Ids of rows that are gone give no
  /// row.
  virtual arrow::Result<std::shared_ptr<arrow::Table>> TakeRowIds(
      std::span<const uint64_t> row_ids, const ScanOptions& projection = {}) const = 0;
  /// Reads rows by address (`_rowaddr`); deleted rows and those of unknown fragments give no row. Errors:
  /// InvalidArgument when a fragment has no such row.
  virtual arrow::Result<std::shared_ptr<arrow::Table>> TakeRowAddresses(
      std::span<const uint64_t> addresses, const ScanOptions& projection = {}) const = 0;
  /// Draws `num_rows` rows without replacement; the same seed gives the same rows.
  virtual arrow::Result<std::shared_ptr<arrow::Table>> Sample(int64_t num_rows, uint64_t seed,
                                                              const ScanOptions& projection = {}) const = 0;

  virtual arrow::Result<std::vector<VersionInfo>> Versions() const = 0;
  virtual arrow::Result<uint64_t> LatestVersion() const = 0;
  virtual arrow::Result<std::map<std::string, TagInfo>> Tags() const = 0;
  virtual arrow::Result<std::map<std::string, BranchInfo>> Branches() const = 0;
  virtual arrow::Result<std::shared_ptr<Dataset>> Checkout(const VersionRef& version) const = 0;

  virtual const std::map<std::string, std::string>& config() const = 0;
  virtual const std::map<std::string, std::string>& metadata() const = 0;
  virtual std::string data_storage_version() const = 0;
  virtual std::vector<uint64_t> FragmentIds() const = 0;

  /// For our own bindings: what the layers below hand around.
  virtual const std::shared_ptr<const table::Snapshot>& snapshot() const = 0;
};

}  // namespace lance
