#include <algorithm>
#include <unordered_map>

#include "lance/table/apply.h"
#include "lance/table/index_maintenance.h"
#include "lance/table/lineage.h"
#include "lance/table/storage_version.h"

namespace lance::table {
namespace {

using FieldIds = std::unordered_set<int32_t>;

bool IsLegacy(const DataFile& file) { return file.major_version == 0 && file.minor_version <= 2; }

bool Holds(const DataFile& file, int32_t field) {
  return std::find(file.fields.begin(), file.fields.end(), field) != file.fields.end();
}

bool SameFiles(const Fragment& a, const Fragment& b) {
  return a.files.size() == b.files.size() &&
         std::equal(a.files.begin(), a.files.end(), b.files.begin(),
                    [](const DataFile& x, const DataFile& y) {
                      return x.path == y.path && x.fields == y.fields &&
                             x.column_indices == y.column_indices && x.major_version == y.major_version &&
                             x.minor_version == y.minor_version && x.base_id == y.base_id;
                    });
}

void AddSubtree(const schema::Field& field, FieldIds* out) {
  out->insert(field.id);
  for (const schema::Field& child : field.children) AddSubtree(child, out);
}

// Adds the fields of a subtree that a data file has columns of, parents included.
bool AddStored(const schema::Field& field, const DataFile& file, FieldIds* out) {
  const auto at = std::find(file.fields.begin(), file.fields.end(), field.id) - file.fields.begin();
  const bool listed = at < static_cast<ptrdiff_t>(file.fields.size());
  const bool mapped = listed && (at >= static_cast<ptrdiff_t>(file.column_indices.size()) ||
                                 file.column_indices[at] >= 0 || file.minor_version == 0);
  if (field.is_blob() || field.is_packed_struct()) {
    if (mapped) AddSubtree(field, out);
    return mapped;
  }
  bool any = field.children.empty() && mapped;
  for (const schema::Field& child : field.children) any |= AddStored(child, file, out);
  if (any) out->insert(field.id);
  return any;
}

FieldIds StoredFields(const schema::Schema& schema, const DataFile& file) {
  FieldIds out(file.fields.begin(), file.fields.end());
  for (const schema::Field& field : schema.fields) AddStored(field, file, &out);
  return out;
}

Status CheckMergedFragments(const operation::Merge& operation, const Manifest& current) {
  std::unordered_map<uint64_t, const Fragment*> first;
  bool saw_new = false;
  std::unordered_set<uint64_t> existing;
  for (const Fragment& fragment : current.fragments) existing.insert(fragment.id);
  for (const Fragment& fragment : operation.fragments) {
    const bool is_first = first.emplace(fragment.id, &fragment).second;
    LANCE_CHECK_ARG(is_first || fragment.id == 0, "a Merge lists fragment {} twice", fragment.id);
    const bool is_new = !is_first || !existing.contains(fragment.id);
    LANCE_CHECK_ARG(is_new || !saw_new, "a Merge lists existing fragment {} after a new one", fragment.id);
    saw_new |= is_new;
  }
  for (const Fragment& before : current.fragments) {
    auto found = first.find(before.id);
    LANCE_CHECK_ARG(found != first.end(), "a Merge must keep all fragments, {} is missing", before.id);
    const Fragment& after = *found->second;
    LANCE_CHECK_ARG(before.physical_rows == after.physical_rows,
                    "a Merge changes the row count of fragment {} from {} to {}", before.id,
                    before.physical_rows, after.physical_rows);
    LANCE_CHECK_ARG(!current.has_stable_row_ids() || after.row_ids.kind != Lineage::Kind::kAbsent,
                    "a Merge drops the row ids of fragment {}", before.id);
  }
  return Status::OK();
}

int32_t MaxUsedFieldId(const Manifest& manifest) {
  int32_t out = std::max(manifest.schema.MaxFieldId(), manifest.max_allocated_field_id.value_or(-1));
  for (const Fragment& fragment : manifest.fragments) {
    for (const DataFile& file : fragment.files) {
      for (const int32_t field : file.fields) out = std::max(out, field);
    }
  }
  return out;
}

// Whether every fragment that was there stores a field anew.
bool RewrittenEverywhere(int32_t field, const Manifest& current, const std::vector<Fragment>& after) {
  std::unordered_map<uint64_t, const Fragment*> by_id;
  for (const Fragment& fragment : after) by_id.emplace(fragment.id, &fragment);
  return std::all_of(current.fragments.begin(), current.fragments.end(), [&](const Fragment& before) {
    auto found = by_id.find(before.id);
    if (found == by_id.end()) return false;
    bool stored = false;
    for (const DataFile& file : found->second->files) {
      if (!Holds(file, field)) continue;
      stored = true;
      for (const DataFile& old : before.files) {
        if (Holds(old, field) && old.path == file.path && old.base_id == file.base_id) return false;
      }
    }
    return stored;
  });
}

Status CheckMergedField(const schema::Field& field, const operation::Merge& operation,
                        const Manifest& current, int32_t max_used) {
  const schema::Field* before = current.schema.FindById(field.id);
  if (before == nullptr) {
    LANCE_CHECK_ARG(field.id > max_used,
                    "a Merge gives id {} to the new field {}, but ids up to {} are in use", field.id,
                    field.name, max_used);
  } else {
    LANCE_CHECK_ARG(before->parent_id == field.parent_id, "a Merge moves field {} (id {}) to another parent",
                    field.name, field.id);
    const bool same = before->logical_type == field.logical_type && before->nullable == field.nullable &&
                      before->encoding == field.encoding && before->dictionary == field.dictionary;
    LANCE_CHECK_ARG(same || RewrittenEverywhere(field.id, current, operation.fragments),
                    "a Merge changes field {} (id {}) from {} to {} without rewriting it in every fragment",
                    field.name, field.id, before->logical_type, field.logical_type);
  }
  for (const schema::Field& child : field.children) {
    ARROW_RETURN_NOT_OK(CheckMergedField(child, operation, current, max_used));
  }
  return Status::OK();
}

// Replaces one file of a fragment, or adds a file of columns that no file has.
Status ReplaceFile(const schema::Schema& schema, const DataFile& file, Fragment* fragment) {
  const FieldIds replaced = StoredFields(schema, file);
  FieldIds covered;
  bool in_place = false, legacy_overlap = false;
  for (DataFile& old : fragment->files) {
    if (old.fields == file.fields && old.major_version == file.major_version &&
        old.minor_version == file.minor_version) {
      in_place |= old != file;
      old.path = file.path;
      old.size_bytes = file.size_bytes;
      old.base_id = file.base_id;
    }
    covered.merge(StoredFields(schema, old));
    legacy_overlap |= IsLegacy(old) && std::any_of(old.fields.begin(), old.fields.end(),
                                                   [&](int32_t field) { return replaced.contains(field); });
  }
  if (in_place) return Status::OK();
  const auto is_covered = [&](int32_t field) { return covered.contains(field); };
  if (std::none_of(replaced.begin(), replaced.end(), is_covered)) {
    fragment->files.push_back(file);
    return Status::OK();
  }
  LANCE_CHECK_ARG(!legacy_overlap && std::all_of(replaced.begin(), replaced.end(), is_covered),
                  "data file {} does not match the columns and the version of any data file of fragment {}",
                  file.path, fragment->id);
  for (DataFile& old : fragment->files) {
    for (int32_t& field : old.fields) {
      if (replaced.contains(field)) field = kTombstonedField;
    }
  }
  DropDeadFiles(FieldIdSet(schema), fragment);
  fragment->files.push_back(file);
  return Status::OK();
}

}  // namespace

std::unordered_set<int32_t> FieldIdSet(const schema::Schema& schema) {
  const std::vector<int32_t> ids = schema.FieldIds();
  return {ids.begin(), ids.end()};
}

void DropDeadFiles(const std::unordered_set<int32_t>& live, Fragment* fragment) {
  const std::vector<int32_t> lineage = LineageColumns(*fragment);
  std::erase_if(fragment->files, [&](const DataFile& file) {
    return std::none_of(file.fields.begin(), file.fields.end(), [&](int32_t field) {
      return live.contains(field) || std::find(lineage.begin(), lineage.end(), field) != lineage.end();
    });
  });
}

Status ApplyMerge(const operation::Merge& operation, ApplyState* state) {
  ARROW_RETURN_NOT_OK(CheckMergedFragments(operation, state->current));
  const int32_t max_used = MaxUsedFieldId(state->current);
  for (const schema::Field& field : operation.schema.fields) {
    ARROW_RETURN_NOT_OK(CheckMergedField(field, operation, state->current, max_used));
  }
  ARROW_RETURN_NOT_OK(
      PruneRewrittenFields(RewrittenByMerge(state->current.fragments, operation.fragments), state->indices));
  Manifest& next = *state->next;
  next.schema = operation.schema;
  next.fragments = operation.fragments;
  std::unordered_map<uint64_t, const Fragment*> previous;
  for (const Fragment& fragment : state->current.fragments) previous.emplace(fragment.id, &fragment);
  for (Fragment& fragment : next.fragments) {
    auto found = previous.find(fragment.id);
    if (found != previous.end()) {
      if (state->stable_row_ids() && !SameFiles(*found->second, fragment)) {
        SetLastUpdatedAt(next.version, &fragment);
      }
      previous.erase(found);
      continue;
    }
    LANCE_CHECK_ARG(fragment.row_ids.kind == Lineage::Kind::kAbsent,
                    "new fragment {} of a Merge must not carry row ids", fragment.id);
    state->GiveId(&fragment);
    if (!state->stable_row_ids()) continue;
    ARROW_RETURN_NOT_OK(AssignRowIds({&fragment, 1}, &next.next_row_id));
    SetLastUpdatedAt(next.version, &fragment);
    SetCreatedAt(next.version, &fragment);
  }
  return RetainRelevantIndices(next.schema, next.fragments, state->indices);
}

Status ApplyProject(const operation::Project& operation, ApplyState* state) {
  Manifest& next = *state->next;
  next.schema = operation.schema;
  next.fragments = state->current.fragments;
  const std::unordered_set<int32_t> live = FieldIdSet(next.schema);
  for (Fragment& fragment : next.fragments) DropDeadFiles(live, &fragment);
  return RetainRelevantIndices(next.schema, next.fragments, state->indices);
}

Status ApplyDataReplacement(const operation::DataReplacement& operation, ApplyState* state) {
  Manifest& next = *state->next;
  next.fragments = state->current.fragments;
  RewrittenFields rewritten;
  for (const operation::DataReplacement::Group& group : operation.replacements) {
    LANCE_CHECK_ARG(group.new_file.fields == operation.replacements.front().new_file.fields,
                    "all new data files must have the same fields, {} has others", group.new_file.path);
    auto fragment =
        std::find_if(next.fragments.begin(), next.fragments.end(),
                     [&](const Fragment& candidate) { return candidate.id == group.fragment_id; });
    LANCE_CHECK_ARG(fragment != next.fragments.end(),
                    "fragment {}, whose data is to be replaced, is not there", group.fragment_id);
    ARROW_RETURN_NOT_OK(ReplaceFile(next.schema, group.new_file, &*fragment));
    if (state->stable_row_ids()) SetLastUpdatedAt(next.version, &*fragment);
    std::vector<uint32_t> fields;
    for (const int32_t field : StoredFields(next.schema, group.new_file)) {
      if (field >= 0) fields.push_back(static_cast<uint32_t>(field));
    }
    rewritten.emplace_back(group.fragment_id, std::move(fields));
  }
  return PruneRewrittenFields(rewritten, state->indices);
}

}  // namespace lance::table
