#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lance/base/status.h"
#include "lance/encoding/core/page.h"

namespace lance::encoding {

/// What the levels of a page mean, from its layers (innermost first). See README.md.
struct LevelLayout {
  std::vector<Layer> layers;
  uint16_t max_rep = 0;  ///< number of list layers; the level that starts a row
  uint16_t max_def = 0;
  uint16_t max_visible = 0;  ///< slots with a definition level up to this have a value

  bool has_lists() const { return max_rep > 0; }
  /// One nullable item, no lists: definition levels are validity upside down.
  bool only_validity() const { return max_rep == 0 && max_def == 1; }
};

/// Reads the repeated RepDefLayer numbers of a page.
Result<LevelLayout> ParseLayers(std::span<const int> layers);

/// Fails when a level is above what the layers allow.
Status CheckLevels(const LevelLayout& layout, const uint16_t* rep, const uint16_t* def, uint64_t count);

}  // namespace lance::encoding
