#pragma once

#include <memory>

#include "lance/encoding/core/column_source.h"
#include "lance/encoding/core/field_reader.h"

namespace lance::encoding::v2_0 {

/// A field reader that knows how many rows (of a list's items: items) its columns hold.
class Reader : public FieldReader {
 public:
  virtual uint64_t num_rows() const = 0;
};

/// Opens a field of a 2.0 file; see file::FileReader::OpenField. The reader keeps `source` alive.
///
/// Reads are planned like this: fixed-width columns name their ranges without any I/O. Strings and lists keep
/// their ends in front of their values, so Plan() reads the ends of the asked rows (one ReadMany per nesting
/// level) unless it wants at least half of a page of strings, which it then reads whole. Page dictionaries
/// are read on first touch and kept.
///
/// \retval NotFound      the file does not hold the field (or a member, without missing_as_null)
/// \retval Corruption    columns contradict the schema
/// \retval NotSupported  types and encodings that 2.0 does not have, by name
Result<std::shared_ptr<FieldReader>> OpenField(const schema::Field& field, const FieldOptions& options,
                                               std::shared_ptr<ColumnSource> source);

/// One column of `type`.
Result<std::unique_ptr<Reader>> OpenLeaf(int column, const std::shared_ptr<arrow::DataType>& type,
                                         std::shared_ptr<ColumnSource> source);

/// A list column over the reader of its items. `type` is list, large_list, or a string type whose bytes are
/// the items (how the first 2.0 releases stored strings).
Result<std::unique_ptr<Reader>> OpenList(int column, const std::shared_ptr<arrow::DataType>& type,
                                         std::unique_ptr<Reader> items, std::shared_ptr<ColumnSource> source);

/// Members side by side. `num_rows` counts when there are none.
std::unique_ptr<Reader> MakeStructReader(std::shared_ptr<arrow::DataType> type,
                                         std::vector<std::unique_ptr<Reader>> members, uint64_t num_rows);

/// Picks members of a packed struct after it was read whole: `members[i]` of the stored struct.
std::unique_ptr<Reader> MakeMemberPicker(std::shared_ptr<arrow::DataType> type,
                                         std::unique_ptr<Reader> packed, std::vector<int> members);

/// Nothing but nulls.
std::unique_ptr<Reader> MakeNullReader(std::shared_ptr<arrow::DataType> type, uint64_t num_rows);

/// Bytes of blobs from a reader of their descriptions; Plan() reads the descriptions.
std::unique_ptr<Reader> MakeBlobReader(std::shared_ptr<arrow::DataType> type,
                                       std::unique_ptr<Reader> descriptions,
                                       std::shared_ptr<ColumnSource> source);

}  // namespace lance::encoding::v2_0
