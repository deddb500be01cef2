#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lance/base/byte_range.h"
#include "lance/base/status.h"
#include "lance/encoding/core/page.h"

namespace lance::schema {
struct Field;
}

namespace lance::encoding {

class BlobResolver;
class FieldReader;

/// The opened pages of one column, kept for the next read while a byte budget shared by the file lasts (pages
/// are small next to what they describe, so nothing is evicted: once the budget is spent, further pages are
/// opened per read). Thread-safe; a look-up is one atomic load.
class OpenPages {
 public:
  struct Entry {
    std::shared_ptr<const PageReader> reader;
    std::shared_ptr<arrow::DataType> type;  ///< what the page was opened as
  };

  OpenPages(size_t num_pages, std::atomic<int64_t>* budget_bytes);
  ~OpenPages();
  OpenPages(const OpenPages&) = delete;
  OpenPages& operator=(const OpenPages&) = delete;

  /// The kept page, valid as long as this object; nullptr when it is not kept.
  const Entry* Find(size_t page) const { return slots_[page].load(std::memory_order_acquire); }
  /// Keeps the page if the budget allows and no other thread was first.
  void Offer(size_t page, Entry entry);

 private:
  size_t num_pages_;
  std::unique_ptr<std::atomic<const Entry*>[]> slots_;
  std::atomic<int64_t>* budget_bytes_;
};

/// One column of a 2.x file: its metadata, checked, and its opened pages.
struct ColumnInfo {
  int index = 0;
  std::vector<PageInfo> pages;
  std::vector<ByteRange> buffers;  ///< column buffers, checked to lie inside the file
  std::string encoding;            ///< serialized ColumnEncoding (the message inside the Any)
  mutable std::unique_ptr<OpenPages> open_pages;
};

/// What field readers see of a 2.x file. Thread-safe. Implemented by file/.
class ColumnSource {
 public:
  virtual ~ColumnSource() = default;
  virtual const std::string& path() const = 0;
  virtual PageFormat format() const = 0;
  virtual uint64_t num_rows() const = 0;
  virtual ByteSource* bytes() = 0;
  /// Global buffers, the file descriptor being number 0.
  virtual const std::vector<ByteRange>& global_buffers() const = 0;
  /// The column that stores a field; none when this file does not hold it.
  virtual std::optional<int> ColumnOf(int32_t field_id) const = 0;
  /// Metadata of a column, parsed on first use; valid as long as the source.
  virtual Result<const ColumnInfo*> Column(int index) = 0;
  /// The field as this file stores it (all members of a packed struct); nullptr when unknown.
  virtual const schema::Field* StoredField(int32_t field_id) const = 0;
};

/// How a field is opened.
struct FieldOptions {
  bool blob_bytes = false;       ///< blob columns as large binary; else their descriptors
  bool missing_as_null = false;  ///< members that the file does not hold become nulls; else NotFound
  std::shared_ptr<BlobResolver> blob_resolver;  ///< reads blobs outside of the file; may be null
  bool blob_writable = false;  ///< with blob_bytes: blob v2 columns as WritableBlobType (core/blob.h)
};

/// Opens a field of a 2.1 or 2.2 file; see file::FileReader::OpenField. The reader keeps `source` alive.
Result<std::shared_ptr<FieldReader>> OpenStructuralField(const schema::Field& field,
                                                         const FieldOptions& options,
                                                         std::shared_ptr<ColumnSource> source);

}  // namespace lance::encoding
