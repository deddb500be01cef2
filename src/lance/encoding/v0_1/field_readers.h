#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lance/encoding/core/column_source.h"
#include "lance/encoding/core/field_reader.h"
#include "lance/encoding/v0_1/legacy_pages.h"

namespace lance::encoding::v0_1 {

/// What field readers see of a 0.1 file. Thread-safe. Implemented by file/.
class LegacySource {
 public:
  virtual ~LegacySource() = default;
  virtual const std::string& path() const = 0;
  virtual ByteSource* bytes() = 0;
  virtual const PageTable& pages() const = 0;
  /// First row of each batch, and the number of rows at the end.
  virtual const std::vector<uint64_t>& batch_starts() const = 0;
  /// The values of a dictionary field, read on first use.
  virtual Result<DictionaryItems> Dictionary(const schema::Field& field) = 0;
};

/// Opens a field of a 0.1 file; see file::FileReader::OpenField. The reader keeps `source` alive.
///
/// What the format cannot hold reads back as the reference reads it: no nulls in fixed-width values, empty
/// strings of nullable fields are null, null lists are empty, structs are never null.
Result<std::shared_ptr<FieldReader>> OpenField(const schema::Field& field, const FieldOptions& options,
                                               std::shared_ptr<LegacySource> source);

/// Reads all `length` dictionary values at `position` of `source` (the data file or the table's manifest).
/// Errors: NotSupported for value types that 0.1 dictionaries do not have.
Result<std::shared_ptr<arrow::ArrayData>> ReadDictionaryValues(
    const std::shared_ptr<arrow::DataType>& value_type, uint64_t position, uint64_t length,
    ByteSource* source);

}  // namespace lance::encoding::v0_1
