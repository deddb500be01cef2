#include <algorithm>
#include <unordered_map>

#include "lance/table/apply.h"
#include "lance/table/index_maintenance.h"
#include "lance/table/lineage.h"
#include "lance/table/roaring_runs.h"

namespace lance::table {
namespace {

// Ids, row ids and versions of fragments whose rows are all new.
Status PlaceNewRows(std::span<Fragment> fragments, ApplyState* state) {
  if (!state->stable_row_ids()) return Status::OK();
  ARROW_RETURN_NOT_OK(AssignRowIds(fragments, &state->next->next_row_id));
  for (Fragment& fragment : fragments) {
    SetLastUpdatedAt(state->next->version, &fragment);
    SetCreatedAt(state->next->version, &fragment);
  }
  return Status::OK();
}

Status CheckHasFields(const std::vector<Fragment>& fragments) {
  for (const Fragment& fragment : fragments) {
    for (const DataFile& file : fragment.files) {
      LANCE_CHECK_ARG(!file.fields.empty(), "data file {} does not contain any fields", file.path);
    }
  }
  return Status::OK();
}

std::unordered_map<uint64_t, const Fragment*> ById(const std::vector<Fragment>& fragments) {
  std::unordered_map<uint64_t, const Fragment*> out;
  for (const Fragment& fragment : fragments) out.emplace(fragment.id, &fragment);
  return out;
}

// Rows that an update of columns changed get the new version.
Status SetUpdatedOffsets(const operation::Update& operation, const ApplyState& state, Fragment* fragment) {
  auto found = operation.updated_fragment_offset_bitmaps.find(fragment->id);
  if (found == operation.updated_fragment_offset_bitmaps.end() ||
      fragment->last_updated_at_versions.kind == Lineage::Kind::kAbsent) {
    return Status::OK();
  }
  const std::string& bitmap = found->second;
  ARROW_ASSIGN_OR_RAISE(RowRanges ranges,
                        ParseRoaring({reinterpret_cast<const uint8_t*>(bitmap.data()), bitmap.size()}));
  if (ranges.empty()) return Status::OK();
  LANCE_CHECK_ARG(ranges.back().end() <= fragment->physical_rows,
                  "the updated offsets of fragment {} end at {} of {} rows", fragment->id,
                  ranges.back().end(), fragment->physical_rows);
  std::vector<uint64_t> offsets;
  for (const RowRange& range : ranges) {
    for (uint64_t offset = range.start; offset < range.end(); ++offset) offsets.push_back(offset);
  }
  return SetLastUpdatedAt(offsets, state.next->version, state.current.version, fragment);
}

Status CheckUpdate(const operation::Update& operation) {
  if (!operation.compacted_sstables.empty()) return NotSupported("updates that merge MemWAL generations");
  ARROW_RETURN_NOT_OK(CheckHasFields(operation.updated_fragments));
  ARROW_RETURN_NOT_OK(CheckHasFields(operation.new_fragments));
  const auto updated = ById(operation.updated_fragments);
  for (const auto& [fragment, offsets] : operation.updated_fragment_offset_bitmaps) {
    LANCE_CHECK_ARG(operation.mode != operation::Update::Mode::kRewriteColumns || updated.contains(fragment),
                    "updated offsets are given for fragment {}, which is not updated", fragment);
  }
  return Status::OK();
}

}  // namespace

Status ApplyAppend(const operation::Append& operation, ApplyState* state) {
  ARROW_RETURN_NOT_OK(CheckHasFields(operation.fragments));
  std::vector<Fragment>& fragments = state->next->fragments;
  const size_t before = state->current.fragments.size();
  fragments.reserve(before + operation.fragments.size());
  fragments = state->current.fragments;
  for (const Fragment& added : operation.fragments) state->GiveId(&fragments.emplace_back(added));
  return PlaceNewRows(std::span(fragments).subspan(before), state);
}

Status ApplyOverwrite(const operation::Overwrite& operation, ApplyState* state) {
  ARROW_RETURN_NOT_OK(CheckHasFields(operation.fragments));
  Manifest& next = *state->next;
  LANCE_CHECK_ARG(operation.initial_bases.empty() || state->current.version == 0,
                  "only the first commit of a table can name its base paths");
  for (const BasePath& base : operation.initial_bases) {
    for (const BasePath& other : next.base_paths) {
      LANCE_CHECK_ARG(base.id != other.id, "base path id {} is given twice", base.id);
    }
    next.base_paths.push_back(base);
  }
  next.schema = operation.schema;
  next.fragments = operation.fragments;
  for (Fragment& fragment : next.fragments) {
    LANCE_CHECK_ARG(!fragment.deletion_file,
                    "fragments of an overwrite must be newly written, fragment {} has a deletion file",
                    fragment.id);
    fragment.id = state->next_fragment_id++;
  }
  for (const auto& [key, value] : operation.config_upserts) next.config[key] = value;
  state->indices->clear();
  return PlaceNewRows(next.fragments, state);
}

Status ApplyDelete(const operation::Delete& operation, ApplyState* state) {
  const std::unordered_set<uint64_t> deleted(operation.deleted_fragment_ids.begin(),
                                             operation.deleted_fragment_ids.end());
  const auto updated = ById(operation.updated_fragments);
  std::vector<Fragment>& fragments = state->next->fragments;
  fragments.reserve(state->current.fragments.size());
  for (const Fragment& fragment : state->current.fragments) {
    if (deleted.contains(fragment.id)) continue;
    fragments.push_back(fragment);
    // Nothing else of it changes: columns may have been added since the delete looked.
    if (auto found = updated.find(fragment.id); found != updated.end()) {
      fragments.back().deletion_file = found->second->deletion_file;
    }
  }
  return RetainRelevantIndices(state->next->schema, fragments, state->indices);
}

Status ApplyUpdate(const operation::Update& operation, ApplyState* state) {
  ARROW_RETURN_NOT_OK(CheckUpdate(operation));
  const std::unordered_set<uint64_t> removed(operation.removed_fragment_ids.begin(),
                                             operation.removed_fragment_ids.end());
  const auto updated = ById(operation.updated_fragments);
  const std::unordered_set<int32_t> live = FieldIdSet(state->current.schema);
  const bool rewrites_columns = operation.mode == operation::Update::Mode::kRewriteColumns;
  std::vector<Fragment>& fragments = state->next->fragments;
  for (const Fragment& fragment : state->current.fragments) {
    if (removed.contains(fragment.id)) continue;
    auto found = updated.find(fragment.id);
    if (found == updated.end()) {
      fragments.push_back(fragment);
      continue;
    }
    Fragment& added = fragments.emplace_back(*found->second);
    DropDeadFiles(live, &added);
    if (state->stable_row_ids() && rewrites_columns) {
      ARROW_RETURN_NOT_OK(SetUpdatedOffsets(operation, *state, &added));
    }
  }
  if (!operation.fields_modified.empty()) {
    RewrittenFields rewritten;
    for (const Fragment& fragment : operation.updated_fragments) {
      rewritten.emplace_back(fragment.id, operation.fields_modified);
    }
    ARROW_RETURN_NOT_OK(PruneRewrittenFields(rewritten, state->indices));
  }
  std::vector<Fragment> added = operation.new_fragments;
  std::vector<uint64_t> moved;  // fragments that hold old rows only
  for (Fragment& fragment : added) {
    state->GiveId(&fragment);
    DropDeadFiles(live, &fragment);
    ARROW_ASSIGN_OR_RAISE(bool complete, HasAllRowIds(fragment));
    if (complete) moved.push_back(fragment.id);
  }
  if (state->stable_row_ids()) {
    ARROW_RETURN_NOT_OK(AssignRowIds(added, &state->next->next_row_id));
    ARROW_RETURN_NOT_OK(SetUpdateVersions(state->current.fragments, state->next->version, added));
    if (!rewrites_columns) {
      std::vector<uint64_t> sources = operation.removed_fragment_ids;
      for (const Fragment& fragment : operation.updated_fragments) sources.push_back(fragment.id);
      ARROW_RETURN_NOT_OK(
          CoverMovedRows(moved, sources, operation.fields_for_preserving_frag_bitmap, state->indices));
    }
  }
  for (Fragment& fragment : added) fragments.push_back(std::move(fragment));
  return RetainRelevantIndices(state->next->schema, fragments, state->indices);
}

}  // namespace lance::table
