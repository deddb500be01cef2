#include "lance/index/join_statistics.h"

#include <algorithm>

#include "lance/base/json.h"
#include "lance/index/row_moves.h"
#include "lance/table/fragment_set.h"

namespace lance::index {

Result<std::string> JoinStatistics(
    const table::Snapshot& snapshot, const std::string& name, const std::string& type,
    const std::function<Result<std::string>(const table::IndexMetadata&)>& describe) {
  ARROW_ASSIGN_OR_RAISE(auto entries, snapshot.Indices());
  ARROW_ASSIGN_OR_RAISE(auto moves, RowMoves::Load(snapshot));
  std::string segments, per_segment;
  table::FragmentSet covered;
  uint64_t count = 0, updated = 0;
  for (const table::IndexMetadata& entry : *entries) {
    if (entry.name != name) continue;
    ARROW_ASSIGN_OR_RAISE(std::string text, describe(entry));
    segments += (count == 0 ? "" : ",") + text;
    updated = std::max(updated, entry.created_at_ms.value_or(0));
    table::FragmentSet own;
    if (entry.fragment_bitmap.has_value()) {
      ARROW_ASSIGN_OR_RAISE(own, table::FragmentSet::Parse(*entry.fragment_bitmap));
    }
    if (moves != nullptr) own = moves->Covered(std::move(own));
    uint64_t rows = 0;
    for (const table::Fragment& fragment : snapshot.manifest().fragments) {
      if (!own.Contains(fragment.id)) continue;
      covered.Add(fragment.id);
      ARROW_ASSIGN_OR_RAISE(uint64_t live, snapshot.CountRows(fragment));
      rows += live;
    }
    per_segment += fmt::format("{}{}", count == 0 ? "" : ",", rows);
    ++count;
  }
  if (count == 0) return NotFound("index '{}' does not exist", name);
  uint64_t fragments = 0, rows = 0, other_fragments = 0, other_rows = 0;
  for (const table::Fragment& fragment : snapshot.manifest().fragments) {
    ARROW_ASSIGN_OR_RAISE(uint64_t live, snapshot.CountRows(fragment));
    const bool indexed = covered.Contains(fragment.id);
    (indexed ? fragments : other_fragments) += 1;
    (indexed ? rows : other_rows) += live;
  }
  return fmt::format(
      R"({{"index_type":"{0}","name":{1},"num_indices":{2},"num_segments":{2},"indices":[{3}],"segments":[{3}],)"
      R"("num_indexed_fragments":{4},"num_indexed_rows":{5},"num_unindexed_fragments":{6},)"
      R"("num_unindexed_rows":{7},"num_indexed_rows_per_delta":[{8}],"updated_at_timestamp_ms":{9}}})",
      type, QuoteJson(name), count, segments, fragments, rows, other_fragments, other_rows, per_segment,
      updated);
}

}  // namespace lance::index
