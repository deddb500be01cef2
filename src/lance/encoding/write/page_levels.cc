#include "lance/encoding/write/page_levels.h"

#include <algorithm>

namespace lance::encoding {
namespace {

// Slots before the first one of row `row`.
uint64_t SlotOfRow(const PageRows& rows, uint16_t max_rep, uint64_t row) {
  if (rows.rep.empty()) return row;
  if (row == rows.num_rows) return rows.num_slots;
  uint64_t seen = 0;
  for (uint64_t slot = 0; slot < rows.num_slots; ++slot) {
    if (rows.rep[slot] != max_rep) continue;
    if (seen++ == row) return slot;
  }
  return rows.num_slots;
}

uint64_t VisibleSlots(const PageRows& rows, uint16_t max_visible, uint64_t begin, uint64_t end) {
  if (rows.def.empty() || rows.rep.empty()) return end - begin;
  return static_cast<uint64_t>(std::count_if(rows.def.begin() + static_cast<int64_t>(begin),
                                             rows.def.begin() + static_cast<int64_t>(end),
                                             [&](uint16_t def) { return def <= max_visible; }));
}

std::vector<ValuePiece> SliceValues(const std::vector<ValuePiece>& pieces, uint64_t start, uint64_t length) {
  std::vector<ValuePiece> out;
  for (const ValuePiece& piece : pieces) {
    ValuePiece cut;
    for (const RowRange& range : piece.rows) {
      const uint64_t skip = std::min(start, range.length);
      start -= skip;
      const uint64_t take = std::min(length, range.length - skip);
      length -= take;
      AppendRange(&cut.rows, {range.start + skip, take});
    }
    if (cut.rows.empty()) continue;
    cut.array = piece.array;
    out.push_back(std::move(cut));
  }
  return out;
}

// Whether layer `layer` has nulls, or lies in a struct that has: the reference hands the nulls of structs on
// to their members, so its reader may expect them there.
bool HasNulls(const FullLevels& full, const std::vector<bool>& used, size_t layer) {
  if (used[static_cast<size_t>(full.base[layer]) + 1]) return true;
  for (size_t outer = layer + 1; outer < full.lists.size() && !full.lists[outer]; ++outer) {
    if (used[static_cast<size_t>(full.base[outer]) + 1]) return true;
  }
  return false;
}

// Which definition levels of the full numbering become which; marks the layers on the way.
std::vector<uint16_t> Renumber(const FullLevels& full, const std::vector<bool>& used, PageLevels* out) {
  std::vector<uint16_t> table(used.size(), 0);
  uint16_t next = 0;
  bool list_seen = false;
  for (size_t layer = 0; layer < full.lists.size(); ++layer) {
    const size_t base = full.base[layer];
    if (!full.lists[layer]) {
      const bool nulls = HasNulls(full, used, layer);
      if (nulls) table[base + 1] = ++next;
      out->layers.push_back(nulls ? Layer::kNullableItem : Layer::kAllValidItem);
      continue;
    }
    if (!list_seen) out->max_visible = next;
    list_seen = true;
    const bool nulls = HasNulls(full, used, layer);
    const bool empties = used[base + 2];
    if (nulls) table[base + 1] = ++next;
    if (empties) table[base + 2] = ++next;
    out->layers.push_back(nulls && empties ? Layer::kNullAndEmptyList
                          : nulls          ? Layer::kNullableList
                          : empties        ? Layer::kEmptyableList
                                           : Layer::kAllValidList);
  }
  out->max_def = next;
  return table;
}

}  // namespace

PageRows JoinRows(std::vector<ShreddedLeaf> pieces) {
  PageRows out;
  const bool any_def =
      std::any_of(pieces.begin(), pieces.end(), [](const auto& piece) { return !piece.def.empty(); });
  const bool alone = pieces.size() == 1;
  for (ShreddedLeaf& piece : pieces) {
    out.num_rows += piece.num_rows;
    out.num_slots += piece.num_slots;
    out.num_values += piece.num_values;
    if (alone) {
      out.rep = std::move(piece.rep);
      out.def = std::move(piece.def);
    } else {
      out.rep.insert(out.rep.end(), piece.rep.begin(), piece.rep.end());
      if (any_def && piece.def.empty()) out.def.insert(out.def.end(), piece.num_slots, 0);
      out.def.insert(out.def.end(), piece.def.begin(), piece.def.end());
    }
    for (ValuePiece& value : piece.values) out.values.push_back(std::move(value));
  }
  return out;
}

PageRows SliceRows(const PageRows& rows, const FullLevels& levels, RowRange range) {
  PageRows out;
  const uint64_t begin = SlotOfRow(rows, levels.max_rep, range.start);
  const uint64_t end = SlotOfRow(rows, levels.max_rep, range.end());
  const uint64_t before = VisibleSlots(rows, levels.max_visible, 0, begin);
  out.num_rows = range.length;
  out.num_slots = end - begin;
  out.num_values = VisibleSlots(rows, levels.max_visible, begin, end);
  auto cut = [&](const LevelVector& from) {
    if (from.empty()) return LevelVector();
    return LevelVector(from.begin() + static_cast<int64_t>(begin), from.begin() + static_cast<int64_t>(end));
  };
  out.rep = cut(rows.rep);
  out.def = cut(rows.def);
  out.values = SliceValues(rows.values, before, out.num_values);
  return out;
}

PageLevels PageLevels::Make(const FullLevels& full, PageRows* rows) {
  PageLevels out;
  out.num_slots = rows->num_slots;
  out.num_values = rows->num_values;
  out.max_rep = full.max_rep;
  out.rep = std::move(rows->rep);
  const size_t last = full.lists.size() - 1;
  std::vector<bool> used(static_cast<size_t>(full.base[last]) + 3, false);
  std::vector<uint64_t> counts(used.size(), 0);
  for (uint16_t level : rows->def) ++counts[level];
  for (size_t level = 0; level < used.size(); ++level) used[level] = counts[level] > 0;
  std::vector<uint16_t> table = Renumber(full, used, &out);
  if (out.max_def == 0) return out;
  out.all_null = counts[0] == 0;
  out.def = std::move(rows->def);
  bool same = true;
  for (size_t level = 0; level < table.size(); ++level) same &= !used[level] || table[level] == level;
  if (!same) {
    for (uint16_t& level : out.def) level = table[level];
  }
  return out;
}

}  // namespace lance::encoding
