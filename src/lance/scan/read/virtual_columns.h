#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "lance/base/row_range.h"
#include "lance/base/status.h"

namespace arrow {
class Array;
class ArrayData;
class DataType;
}  // namespace arrow
namespace lance::table {
class DeletionVector;
class RowIdSequence;
class VersionSequence;
}  // namespace lance::table

namespace lance::scan {

/// Columns that are made, not read; one uint64 per row of `rows` (physical, ascending, disjoint).
Result<std::shared_ptr<arrow::Array>> RowAddresses(uint64_t fragment_id, std::span<const RowRange> rows);
/// `ids` null: the address is the id. `deleted` not null: rows in it get a null id.
Result<std::shared_ptr<arrow::Array>> RowIds(uint64_t fragment_id, const table::RowIdSequence* ids,
                                             std::span<const RowRange> rows,
                                             const table::DeletionVector* deleted);
/// Positions among the live rows of the table; `before` rows live in earlier fragments.
Result<std::shared_ptr<arrow::Array>> RowOffsets(uint64_t before, const table::DeletionVector* deletions,
                                                 std::span<const RowRange> rows);
/// `versions` null: version 1.
Result<std::shared_ptr<arrow::Array>> RowVersions(uint64_t fragment_id,
                                                  const table::VersionSequence* versions,
                                                  std::span<const RowRange> rows);

/// `data` seen as `type`, which differs at most in field names, nullability and metadata at any depth.
std::shared_ptr<arrow::ArrayData> Retype(std::shared_ptr<arrow::ArrayData> data,
                                         const std::shared_ptr<arrow::DataType>& type);

}  // namespace lance::scan
