#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "lance/base/row_range.h"
#include "lance/base/status.h"
#include "lance/encoding/core/dictionary_indices.h"
#include "lance/encoding/core/field_reader.h"

namespace lance::encoding::v0_1 {

/// Where the values of one field lie in one batch: `length` values from file position `position` on. Strings:
/// the position of their offsets, of which there is one more. Lists: of their offsets, all counted.
struct Page {
  uint64_t position = 0;
  uint64_t length = 0;
};

/// The pages of a file: one a field and batch, (0, 0) for fields that store nothing of their own or are
/// absent.
class PageTable {
 public:
  PageTable() = default;
  /// Parses (i64 position, i64 length) pairs, field by field from `min_field_id`, in each field batch by
  /// batch. Errors: Corruption for negative numbers and a table of the wrong size.
  static Result<PageTable> Parse(std::span<const uint8_t> bytes, int32_t min_field_id, uint64_t num_fields,
                                 uint64_t num_batches);

  int32_t min_field_id() const { return min_field_id_; }
  uint64_t num_fields() const { return num_batches_ == 0 ? 0 : pages_.size() / num_batches_; }
  uint64_t num_batches() const { return num_batches_; }
  /// {0, 0} when there is none.
  Page Find(int32_t field_id, uint64_t batch) const;
  /// True when some batch has values of the field.
  bool Holds(int32_t field_id) const;

 private:
  int32_t min_field_id_ = 0;
  uint64_t num_batches_ = 0;
  std::vector<Page> pages_;
};

/// Rows of one page; ascending and disjoint.
struct PageRows {
  Page page;
  RowRanges rows;
};

// The three layouts of a page. Each plans the reading of rows of several pages into one array; what a plan
// must know first (offsets of strings and lists) is read at once, with one ReadMany for all pages.

/// Fixed-width values, booleans, and fixed-size lists of these: raw, no validity. Nothing is read yet.
Result<std::unique_ptr<FieldTask>> PlanPlain(std::span<const PageRows> pages,
                                             const std::shared_ptr<arrow::DataType>& type,
                                             ByteSource* source);

/// Strings: bytes, then n + 1 i64 offsets which are file positions. With `nullable` an empty string is null:
/// the format knows no other.
Result<std::unique_ptr<FieldTask>> PlanStrings(std::span<const PageRows> pages,
                                               const std::shared_ptr<arrow::DataType>& type, bool nullable,
                                               ByteSource* source);

/// Integer indices into `dictionary`.
Result<std::unique_ptr<FieldTask>> PlanDictionary(std::span<const PageRows> pages,
                                                  const std::shared_ptr<arrow::DataType>& type,
                                                  DictionaryItems dictionary, ByteSource* source);

/// Offsets of lists, which count items of their batch from 0; an empty list and a null one look the same and
/// are read as empty.
struct ListOffsets {
  std::shared_ptr<arrow::ArrayData> offsets;  ///< {no validity, offsets from 0}, one entry a row
  uint64_t num_items = 0;
  std::vector<RowRanges> item_rows;  ///< one a page asked for
};
Result<ListOffsets> ReadListOffsets(std::span<const PageRows> pages, bool large, ByteSource* source);

}  // namespace lance::encoding::v0_1
