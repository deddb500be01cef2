#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "lance/base/row_range.h"
#include "lance/base/status.h"
#include "lance/encoding/write/encoded_page.h"

namespace arrow {
class ArrayData;
}
namespace lance::schema {
struct Field;
}

namespace lance::encoding {

/// Encodes rows that were put aside; a pure function, to be run on any thread, while the writer lives.
using PageJob = std::function<Result<std::vector<EncodedPage>>()>;

/// Where pages and out-of-line values go; implemented by file/.
class PageSink {
 public:
  virtual ~PageSink() = default;
  /// Stores bytes outside of pages, aligned as the format wants; returns their file position.
  virtual Result<uint64_t> WriteBytes(std::span<const uint8_t> bytes) = 0;
  /// Pages of a column are stored in the order of these calls.
  virtual Status AddPages(size_t column, PageJob job) = 0;
};

class BlobSidecars;

struct ColumnOptions {
  PageFormat format;
  uint64_t page_bytes = 8 << 20;       ///< a page is made when this many bytes of values are held back
  uint64_t max_page_bytes = 32 << 20;  ///< rows are cut so that no page has more, as far as rows allow
  BlobSidecars* sidecars = nullptr;    ///< of the file; outlives the writers
};

/// Turns the arrays of one top-level field into pages of its columns. One thread at a time.
class FieldWriter {
 public:
  virtual ~FieldWriter() = default;
  virtual size_t num_columns() const = 0;
  /// The ids of the fields that have columns, one a column.
  virtual std::vector<int32_t> field_ids() const = 0;
  /// Serialized ColumnEncoding of a column.
  virtual std::string column_encoding(size_t column) const = 0;
  /// Fails without effect when `column` cannot be written: wrong members, nulls where there may be none.
  virtual Status Check(const std::shared_ptr<arrow::ArrayData>& column) const = 0;
  /// Takes all rows; the array is held until its page was made. Columns count from 0 within the field.
  virtual Status Append(const std::shared_ptr<arrow::ArrayData>& column, PageSink* sink) = 0;
  /// Writes what is held back.
  virtual Status Flush(PageSink* sink) = 0;
};

/// Makes the writer of a field in files of version 2.0 and later. `field` must outlive it.
/// Errors: InvalidArgument or NotSupported name what the version cannot store.
Result<std::unique_ptr<FieldWriter>> MakeFieldWriter(const schema::Field& field,
                                                     const ColumnOptions& options);

}  // namespace lance::encoding
