#include "lance/dataset/compact/remap_indices.h"

#include <algorithm>

#include "lance/base/uuid.h"
#include "lance/dataset/index/optimize_scalar_index.h"
#include "lance/dataset/index/remap_vector_segment.h"
#include "lance/index/row_moves.h"
#include "lance/index/scalar/scalar_index.h"
#include "lance/index/vector/format/details.h"
#include "lance/store/object_store.h"
#include "lance/table/fragment_set.h"
#include "lance/table/index_maintenance.h"

namespace lance::dataset {
namespace {

using table::IndexMetadata;
using table::operation::Rewrite;

// Of all fragments that are replaced an index covers some.
Result<bool> CoversAny(const IndexMetadata& index, const std::vector<Rewrite::Group>& groups) {
  if (!index.fragment_bitmap.has_value()) return true;
  ARROW_ASSIGN_OR_RAISE(const auto covered, table::FragmentSet::Parse(*index.fragment_bitmap));
  return std::any_of(groups.begin(), groups.end(), [&](const Rewrite::Group& group) {
    return std::any_of(group.old_fragments.begin(), group.old_fragments.end(),
                       [&](const table::Fragment& fragment) { return covered.Contains(fragment.id); });
  });
}

Result<Rewrite::Index> Remap(const Dataset& dataset, const IndexMetadata& index, const index::RowMoves& moves,
                             const CommitSettings& commit) {
  IndexMetadata out = index;
  out.uuid = MakeUuid();
  if (!CanRemap(index)) return NotSupported("remapping index '{}', a {}", index.name, index.details_type_url);
  ARROW_RETURN_NOT_OK(WithContext(index::IsScalarIndex(index.details_type_url)
                                      ? RemapScalarSegment(dataset, index, moves, commit, &out)
                                      : RemapVectorSegment(dataset, index, moves, commit, &out),
                                  fmt::format("writing index '{}' anew for moved rows", index.name)));
  Rewrite::Index rewritten;
  rewritten.old_id = index.uuid;
  rewritten.new_id = out.uuid;
  rewritten.details_type_url = out.details_type_url;
  rewritten.details = out.details;
  rewritten.index_version = static_cast<uint32_t>(out.index_version.value_or(0));
  rewritten.files = out.files;
  return rewritten;
}

}  // namespace

bool NeedsRemap(const table::Snapshot& snapshot, const IndexMetadata& index) {
  return !snapshot.manifest().has_stable_row_ids() || table::HoldsRowAddresses(index);
}

bool CanRemap(const IndexMetadata& index) {
  return index::IsScalarIndex(index.details_type_url) || index::IsVectorIndex(index.details_type_url);
}

Result<table::FragmentReuse::Version> MovesOf(const Dataset& dataset,
                                              const std::vector<Rewrite::Group>& groups) {
  const table::Snapshot& snapshot = *dataset.snapshot();
  table::FragmentReuse::Version version;
  version.dataset_version = dataset.version();
  for (const auto& group : groups) {
    table::FragmentReuse::Group moved;
    std::vector<table::LiveRows> rows;
    for (const table::Fragment& fragment : group.old_fragments) {
      ARROW_ASSIGN_OR_RAISE(const uint64_t live_rows, snapshot.CountRows(fragment));
      moved.old_fragments.push_back(
          {fragment.id, fragment.physical_rows, fragment.physical_rows - live_rows});
      table::LiveRows live{fragment.id, {}};
      ARROW_RETURN_NOT_OK(snapshot.AppendLive(fragment, {0, fragment.physical_rows}, &live.rows));
      rows.push_back(std::move(live));
    }
    for (const table::Fragment& fragment : group.new_fragments) {
      moved.new_fragments.push_back({fragment.id, fragment.physical_rows, 0});
    }
    moved.live_addresses = table::SerializeAddresses(rows);
    version.groups.push_back(std::move(moved));
  }
  return version;
}

Result<std::vector<Rewrite::Index>> RemapIndices(const Dataset& dataset,
                                                 const std::vector<Rewrite::Group>& groups,
                                                 table::FragmentReuse::Version moves,
                                                 const CommitSettings& commit) {
  const table::Snapshot& snapshot = *dataset.snapshot();
  ARROW_ASSIGN_OR_RAISE(const auto row_moves, index::RowMoves::Of({{std::move(moves)}}, "compaction"));
  ARROW_ASSIGN_OR_RAISE(const auto indices, snapshot.Indices());
  std::vector<Rewrite::Index> out;
  for (const IndexMetadata& index : *indices) {
    if (table::IsSystemIndex(index) || !NeedsRemap(snapshot, index)) continue;
    ARROW_ASSIGN_OR_RAISE(const bool covers, CoversAny(index, groups));
    if (!covers || row_moves == nullptr) continue;
    auto remapped = Remap(dataset, index, *row_moves, commit);
    if (!remapped.ok()) {
      RemoveRemapped(snapshot, out);
      return remapped.status();
    }
    out.push_back(remapped.MoveValueUnsafe());
  }
  return out;
}

void RemoveRemapped(const table::Snapshot& snapshot, const std::vector<Rewrite::Index>& indices) {
  for (const Rewrite::Index& index : indices) {
    for (const table::IndexFile& file : index.files) {
      (void)snapshot.object_store()->Delete("_indices/" + index.new_id + "/" + file.path);
    }
  }
}

}  // namespace lance::dataset
