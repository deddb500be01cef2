#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lance/base/status.h"
#include "lance/file/file_reader.h"
#include "lance/schema/schema.h"

namespace arrow {
class RecordBatch;
}
namespace lance::runtime {
class ThreadPool;
}
namespace lance::store {
class WritableObject;
}

namespace lance::file {

/// How a data file is written. What a field's metadata says (lance-encoding:*) goes before these.
struct WriteOptions {
  /// 2.0, 2.1 or 2.2. Others are NotSupported, by name.
  Version version{2, 2};
  /// Bytes of values that all columns together hold back before pages are made; 0: 8 MiB a column. Larger
  /// pages scan better, smaller ones need less memory.
  uint64_t data_cache_bytes = 0;
  /// Pages are split above this many bytes of values, on row boundaries.
  uint64_t max_page_bytes = 32 << 20;
  /// Makes the sidecar with this id (BlobSidecarPath in encoding/core/blob.h) for large blob v2 values.
  /// Without it blobs of any size lie in the data file. Sidecars that were closed stay when the file is
  /// aborted.
  std::function<Result<std::unique_ptr<store::WritableObject>>(uint32_t blob_id)> create_sidecar;
  /// Encodes pages while others are written; must outlive the writer. nullptr: all on the caller's thread.
  /// The file is the same either way.
  runtime::ThreadPool* pool = nullptr;
  Status Validate() const;
};

/// What a finished file holds: what its DataFile entry in a manifest needs.
struct WrittenFile {
  uint64_t num_rows = 0;
  uint64_t size_bytes = 0;
  Version version;
  std::vector<int32_t> fields;          ///< ids of the fields that have columns
  std::vector<int32_t> column_indices;  ///< parallel to fields
};

/// Writes one Lance data file. Memory is bounded by the options, whatever comes in. One thread at a time.
/// Destroying an unfinished writer aborts its object.
class FileWriter {
 public:
  /// `schema` carries the field ids that the file stores. Errors: InvalidArgument or NotSupported name the
  /// field that this version cannot store.
  static Result<std::unique_ptr<FileWriter>> Make(std::unique_ptr<store::WritableObject> object,
                                                  const schema::Schema& schema,
                                                  const WriteOptions& options = {});
  virtual ~FileWriter() = default;

  /// Appends rows. Columns are found by name; nested members too. Errors: InvalidArgument when a column is
  /// missing, has another type than the schema says, or has nulls where the schema forbids them: nothing of
  /// the batch was written.
  virtual Status Write(const arrow::RecordBatch& batch) = 0;
  /// Makes pages of what is held back: rows that follow begin new ones, in all columns.
  virtual Status EndPages() = 0;
  /// Adds bytes of the caller's own; returns their index for FileReader::ReadGlobalBuffer (from 1).
  virtual Result<uint32_t> AddGlobalBuffer(std::span<const uint8_t> bytes) = 0;
  virtual void AddSchemaMetadata(const std::string& key, const std::string& value) = 0;
  virtual uint64_t num_rows() const = 0;
  /// Bytes that lie in the object already (pages held back are not counted).
  virtual uint64_t bytes_written() const = 0;
  /// As bytes_written, after the pages that are being encoded were written, where these could carry the file
  /// over `limit`.
  virtual Result<uint64_t> BytesWrittenUpTo(uint64_t limit) = 0;
  /// Writes what is held back, the metadata and the footer, and closes the object.
  virtual Result<WrittenFile> Finish() = 0;
  virtual void Abort() = 0;
};

}  // namespace lance::file
