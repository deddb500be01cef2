#pragma once

#include <memory>

#include "lance/base/status.h"
#include "lance/file/file_reader.h"
#include "lance/file/file_writer.h"
#include "lance/schema/schema.h"
#include "lance/store/object_store.h"

namespace lance::file {

/// Makes one data file of the rows of others without decoding them: pages are copied byte for byte, only
/// where they lie and at which row they begin changes. One thread at a time. Destroying it unfinished aborts
/// the file.
class PageCopier {
 public:
  /// Whether the pages of `file` can be copied into a file of `version`: it has that version, not 0.1, and
  /// nothing but pages (no buffers of columns or of the file that pages may refer to).
  static Result<bool> CanCopy(const FileReader& file, const Version& version);

  /// `schema` is what the file says of itself: that of the table, as FileWriter takes it.
  static Result<std::unique_ptr<PageCopier>> Make(std::unique_ptr<store::WritableObject> object,
                                                  const schema::Schema& schema, const Version& version);
  virtual ~PageCopier() = default;

  /// Appends all rows of a file, reading about `read_bytes` at once. All files must have the same columns in
  /// the same order. Errors: InvalidArgument for a file that CanCopy refuses or that has another number of
  /// columns.
  virtual Status Append(FileReader& file, uint64_t read_bytes) = 0;
  virtual uint64_t num_rows() const = 0;
  virtual uint64_t bytes_written() const = 0;
  /// Closes the file. Field ids and column numbers of the result are left to the caller, who knows them.
  virtual Result<WrittenFile> Finish() = 0;
};

}  // namespace lance::file
