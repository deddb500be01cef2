#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lance/base/status.h"
#include "lance/file/file_writer.h"
#include "lance/schema/schema.h"
#include "lance/store/object_store.h"
#include "lance/store/unsynced.h"
#include "lance/table/manifest.h"
#include "lance/table/snapshot.h"
#include "lance/write.h"

namespace arrow {
class RecordBatch;
class RecordBatchReader;
}  // namespace arrow

namespace lance::dataset {

/// A place for data files: a store and the folder in it, "data" of a table.
struct DataFolder {
  std::shared_ptr<store::ObjectStore> store;
  std::string prefix = "data";      ///< empty: the root of the store
  std::optional<uint32_t> base_id;  ///< of the DataFile entries
};

struct FragmentWriterOptions {
  file::WriteOptions file;
  uint64_t max_rows_per_file = 1'048'576;
  uint64_t max_bytes_per_file = 90ull << 30;
  store::Durability durability = store::Durability::kSync;
  /// Where files are noted that a commit makes durable; null: the writer does.
  std::shared_ptr<store::Unsynced> unsynced;
  std::vector<DataFolder> folders;  ///< used in turn, one at least
  std::function<Status(const WriteProgress&)> progress;
  std::function<Status(const FragmentMetadata&)> on_begin;
  std::function<Status(const FragmentMetadata&)> on_complete;
};

/// Splits a stream of rows into fragments of one data file each. The fragments have id 0 and no lineage: the
/// commit gives both. Destroying it before Finish removes what was written. One thread at a time.
class FragmentWriter {
 public:
  /// `schema`: the fields to store, with the ids of the table. Batches carry exactly these columns, by name.
  static Result<std::unique_ptr<FragmentWriter>> Make(schema::Schema schema, FragmentWriterOptions options);
  virtual ~FragmentWriter() = default;
  /// Extension arrays are stored as their storage, JSON text as JSONB.
  virtual Status Write(const arrow::RecordBatch& rows) = 0;
  /// Ends the file at hand, if there is one: the next row starts a new fragment.
  virtual Status EndFragment() = 0;
  /// The fragments, durable if that is asked for.
  virtual Result<std::vector<table::Fragment>> Finish() = 0;
  virtual uint64_t bytes_written() const = 0;
};

/// A fresh data file name by the reference's rule: 24 binary digits, then 26 hexadecimal ones, ".lance".
std::string NewDataFileName();

/// What the writing settings and the table say; the table's own folder. Errors: InvalidArgument,
/// NotSupported (version).
Result<FragmentWriterOptions> MakeFragmentWriterOptions(const table::Snapshot& snapshot,
                                                        const DataFileSettings& settings, bool durable);

/// What the settings say beside the version.
void ApplySettings(const DataFileSettings& settings, bool durable, FragmentWriterOptions* out);

/// Removes data files that no version refers to. Best effort.
void RemoveDataFiles(const std::vector<DataFolder>& folders, const std::vector<table::Fragment>& fragments);

/// "stable", "2.2", ... as a version. Errors: InvalidArgument names an unknown one, NotSupported one that is
/// not written.
Result<file::Version> ParseStorageVersion(const std::string& text);

}  // namespace lance::dataset
