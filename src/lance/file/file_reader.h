#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lance/base/byte_range.h"
#include "lance/base/row_range.h"
#include "lance/base/status.h"
#include "lance/schema/schema.h"

namespace arrow {
class ArrayData;
class Buffer;
class RecordBatch;
}  // namespace arrow
namespace lance::store {
class ReadableObject;
}
namespace lance::encoding {
class BlobResolver;
class FieldReader;
struct ColumnInfo;
}  // namespace lance::encoding

namespace lance::file {

/// The version in a file's footer, as people name it.
struct Version {
  int major = 2;
  int minor = 2;
  std::string ToString() const;  ///< "0.1", "2.0", "2.1", "2.2"
  bool is_legacy() const { return major == 0; }
  bool operator==(const Version&) const = default;
};

/// What a page, column and file are made of: `lance pages`, LanceFileReader.metadata().
struct PageDescription {
  std::vector<ByteRange> buffers;
  uint64_t num_rows = 0;
  uint64_t first_row = 0;
  std::string encoding;  ///< one readable line, such as "MiniBlock{InlineBitpacking{64}, def: ...}"
};
struct ColumnDescription {
  std::string field;  ///< path of the field that it stores, such as "a.item.b", by the file's own schema
  std::vector<ByteRange> buffers;
  std::vector<PageDescription> pages;
};

/// How blob columns are returned. kWritable: as writers take them, so that what is read can be written
/// elsewhere: blob v2 as struct<data, uri, position, size> with references to objects outside of the table
/// kept, others as bytes.
enum class BlobHandling { kDescriptions, kBytes, kWritable };

struct ReadOptions {
  /// Bytes a column keeps of opened pages (chunk indexes, dictionaries). 0 keeps none.
  uint64_t page_cache_bytes = 64 << 20;
  /// What the table knows of the columns: field id -> column index, from DataFile; empty: from the file's own
  /// schema.
  std::vector<int32_t> fields;
  std::vector<int32_t> column_indices;
  /// The legacy (0.1) reader needs the table's schema for dictionaries kept in the manifest file.
  std::shared_ptr<store::ReadableObject> manifest_file;
  /// Reads blobs that lie outside of the data file, for kBytes and kWritable; see encoding/core/blob.h.
  std::shared_ptr<encoding::BlobResolver> blob_resolver;
};

/// An open Lance data file of any version. Immutable and thread-safe; opening reads the tail in at most two
/// requests. Errors everywhere: Corruption and NotSupported name the file, the column and the page.
class FileReader {
 public:
  static Result<std::shared_ptr<FileReader>> Open(std::shared_ptr<store::ReadableObject> object,
                                                  const ReadOptions& options = {});
  virtual ~FileReader() = default;

  virtual const std::string& path() const = 0;
  virtual Version version() const = 0;
  virtual uint64_t num_rows() const = 0;
  virtual const schema::Schema& schema()
      const = 0;  ///< the file's own schema; may be richer or older than the table's
  virtual int num_columns() const = 0;
  virtual Result<ColumnDescription> Describe(int column) const = 0;
  /// Pages as they are stored; valid as long as the reader. Errors: NotSupported for files of version 0.1.
  virtual Result<const encoding::ColumnInfo*> StoredColumn(int column) const;
  virtual std::vector<ByteRange> global_buffers() const = 0;
  virtual Result<std::shared_ptr<arrow::Buffer>> ReadGlobalBuffer(int index) const = 0;
  virtual ByteRange column_metadata_range() const = 0;

  /// Opens a field for reading; `field` comes from the table (or from schema()) and may be a projection of
  /// what is stored: members left out of structs are not read. Field ids pick the columns. Members of a
  /// struct that this file does not hold become nulls only when `missing_as_null`, else NotFound.
  virtual Result<std::shared_ptr<encoding::FieldReader>> OpenField(
      const schema::Field& field, BlobHandling blobs = BlobHandling::kDescriptions,
      bool missing_as_null = false) = 0;

  /// Reads absolute ranges of the file: what FieldTask::ranges() of several fields ask, in one coalesced
  /// call.
  virtual Result<std::vector<std::shared_ptr<arrow::Buffer>>> ReadMany(std::span<const ByteRange> ranges) = 0;
  /// As ReadMany, for bytes that are dropped at once: see store::ReadableObject::ViewMany.
  virtual Result<std::vector<std::shared_ptr<arrow::Buffer>>> ViewMany(std::span<const ByteRange> ranges) {
    return ReadMany(ranges);
  }

  /// Convenience: reads rows of several fields into one batch, one coalesced read for all.
  Result<std::shared_ptr<arrow::RecordBatch>> Read(const schema::Schema& projection,
                                                   std::span<const RowRange> rows,
                                                   BlobHandling blobs = BlobHandling::kDescriptions);
};

}  // namespace lance::file
