#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "lance/base/byte_range.h"
#include "lance/base/status.h"
#include "lance/encoding/write/encoded_page.h"
#include "lance/file/file_reader.h"
#include "lance/schema/schema.h"
#include "lance/store/object_store.h"

namespace lance::pb {
class ColumnMetadata;
}

namespace lance::file {

/// What a 2.x file is besides the meaning of its pages, being written: buffers at aligned positions, column
/// metadata, footer. One thread at a time.
class FileBody {
 public:
  FileBody(std::unique_ptr<store::WritableObject> object, Version version);
  ~FileBody();

  const std::string& path() const { return object_->path(); }
  uint64_t position() const { return object_->position(); }
  void Abort() { object_->Abort(); }

  /// Adds a column with a serialized ColumnEncoding.
  void AddColumn(std::string encoding);
  size_t num_columns() const;

  /// Writes bytes at the next aligned position, which it returns.
  Result<uint64_t> WriteBytes(std::span<const uint8_t> bytes);
  Status WritePage(size_t column, encoding::EncodedPage page);
  /// Returns the buffer's index: 0 is the file's own.
  Result<uint32_t> AddGlobalBuffer(std::span<const uint8_t> bytes);

  /// Writes descriptor, column metadata, tables and footer and closes the object. Returns its size.
  Result<uint64_t> Finish(const schema::Schema& schema, uint64_t num_rows);

 private:
  std::unique_ptr<store::WritableObject> object_;
  const Version version_;
  std::vector<pb::ColumnMetadata> columns_;
  std::vector<ByteRange> globals_;
};

/// A schema as files have it: blob v2 columns are what is stored of them.
schema::Schema StoredSchema(schema::Schema schema);

}  // namespace lance::file
