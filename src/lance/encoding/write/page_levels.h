#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lance/encoding/core/page.h"
#include "lance/encoding/write/shred.h"

namespace lance::encoding {

/// Rows of one column that become a page: like ShreddedLeaf, put together from several.
struct PageRows {
  uint64_t num_rows = 0;
  uint64_t num_slots = 0;
  uint64_t num_values = 0;
  LevelVector rep;  ///< empty: no list around the leaf
  LevelVector def;  ///< full numbering; empty: everything is valid
  std::vector<ValuePiece> values;
};

/// Joins what came in batch by batch.
PageRows JoinRows(std::vector<ShreddedLeaf> pieces);

/// Cuts rows [start, start + length) out of `rows`.
PageRows SliceRows(const PageRows& rows, const FullLevels& levels, RowRange range);

/// The levels of a page as they are stored: numbered without what the page does not have.
struct PageLevels {
  std::vector<Layer> layers;  ///< innermost first
  LevelVector rep;            ///< empty: no list layer
  LevelVector def;            ///< empty: all valid
  uint64_t num_slots = 0;
  uint64_t num_values = 0;
  uint16_t max_rep = 0;               ///< list layers
  uint16_t max_def = 0;               ///< the highest level that occurs
  uint16_t max_visible = UINT16_MAX;  ///< the highest definition level with a value slot
  bool all_null = false;              ///< no slot is a valid value

  bool has_levels() const { return !rep.empty() || !def.empty(); }
  /// Whether the leaf's own validity is all there is: no struct or list around it.
  bool only_validity() const { return layers.size() == 1; }
  bool visible(uint64_t slot) const { return def.empty() || def[slot] <= max_visible; }

  /// Takes the levels out of `rows`.
  static PageLevels Make(const FullLevels& full, PageRows* rows);
};

}  // namespace lance::encoding
