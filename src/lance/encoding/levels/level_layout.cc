#include "lance/encoding/levels/level_layout.h"

#include "lance/encoding/levels/level_bits.h"

namespace lance::encoding {
namespace {
constexpr size_t kMaxLayers = 256;
}

Result<LevelLayout> ParseLayers(std::span<const int> layers) {
  LANCE_CHECK_BYTES(layers.size() <= kMaxLayers, "page has {} layers, at most {} are read", layers.size(),
                    kMaxLayers);
  LevelLayout layout;
  for (int number : layers) {
    LANCE_CHECK_BYTES(number >= 1 && number <= 6, "unknown kind of layer {} (RepDefLayer)", number);
    Layer layer = static_cast<Layer>(number);
    layout.layers.push_back(layer);
    layout.max_def = static_cast<uint16_t>(layout.max_def + DefinitionLevels(layer));
    if (IsListLayer(layer)) ++layout.max_rep;
    if (layout.max_rep == 0) layout.max_visible = layout.max_def;
  }
  return layout;
}

Status CheckLevels(const LevelLayout& layout, const uint16_t* rep, const uint16_t* def, uint64_t count) {
  if (rep != nullptr) {
    uint16_t highest = MaxLevel(rep, count);
    LANCE_CHECK_BYTES(highest <= layout.max_rep, "repetition level {} is above {}", highest, layout.max_rep);
  }
  if (def != nullptr) {
    uint16_t highest = MaxLevel(def, count);
    LANCE_CHECK_BYTES(highest <= layout.max_def, "definition level {} is above {}", highest, layout.max_def);
  }
  return Status::OK();
}

}  // namespace lance::encoding
