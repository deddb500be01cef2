#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "lance/base/row_range.h"
#include "lance/base/status.h"
#include "lance/encoding/write/leaf_path.h"

namespace arrow {
class ArrayData;
}

namespace lance::encoding {

using LevelVector = std::vector<uint16_t>;

/// Rows of a leaf array that are values of the column, in order.
struct ValuePiece {
  std::shared_ptr<arrow::ArrayData> array;
  RowRanges rows;  ///< of the array, its offset not counted
};

/// One leaf of some rows: levels and the values of the visible slots.
///
/// Levels are numbered as if every layer could hold all it may: innermost first, one definition level an
/// item, two a list (null below empty). What a page does not need is taken out when it is written.
struct ShreddedLeaf {
  uint64_t num_rows = 0;              ///< of the column
  uint64_t num_slots = 0;             ///< levels; equal to num_values where there is no list
  uint64_t num_values = 0;            ///< visible slots
  uint16_t max_visible = UINT16_MAX;  ///< the highest definition level with a value slot
  LevelVector rep;                    ///< empty: no list around the leaf
  LevelVector def;                    ///< empty: everything is valid
  std::vector<ValuePiece> values;
};

/// Numbers that follow from the layers around a leaf, innermost first.
struct FullLevels {
  std::vector<bool> lists;
  std::vector<uint16_t> base;         ///< definition levels of the layers below
  std::vector<uint16_t> lists_below;  ///< list layers below
  uint16_t max_rep = 0;
  uint16_t max_visible = 0;  ///< the highest definition level with a value slot; UINT16_MAX without lists

  explicit FullLevels(std::vector<bool> layers);
};

/// Takes rows [rows) of `column` (an array of the top-level field, any offset) apart. Members of structs are
/// found by name. Values under null lists are dropped, those under null structs keep a slot. Errors:
/// InvalidArgument names the member that is missing or null against the schema.
Result<ShreddedLeaf> Shred(const LeafPath& leaf, const std::shared_ptr<arrow::ArrayData>& column,
                           RowRange rows);

}  // namespace lance::encoding
