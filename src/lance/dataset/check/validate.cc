#include <algorithm>
#include <set>
#include <unordered_set>

#include "lance/base/status.h"
#include "lance/dataset.h"
#include "lance/dataset/schema_change/schema_edit.h"
#include "lance/file/file_reader.h"
#include "lance/maintenance.h"
#include "lance/runtime/session.h"
#include "lance/scan/exec/parallel_for.h"
#include "lance/table/deletion.h"
#include "lance/table/row_ids.h"
#include "lance/table/snapshot.h"

namespace lance {
namespace {

using table::DataFile;
using table::Fragment;

Status CheckSchema(const schema::Schema& schema) {
  std::set<int32_t> ids;
  std::set<std::string> names;
  for (int32_t id : schema.FieldIds()) {
    LANCE_CHECK_BYTES(id >= 0, "Field {} has a negative id {}", dataset::PathOf(schema, id), id);
    LANCE_CHECK_BYTES(ids.insert(id).second, "Duplicate field id {} in schema", id);
  }
  for (const schema::Field& field : schema.fields) {
    LANCE_CHECK_BYTES(names.insert(field.name).second, "Duplicate field name \"{}\" in schema", field.name);
  }
  return Status::OK();
}

Status CheckFragmentIds(const std::vector<Fragment>& fragments) {
  std::set<uint64_t> ids;
  uint64_t before = 0;
  for (const Fragment& fragment : fragments) {
    LANCE_CHECK_BYTES(ids.insert(fragment.id).second, "Duplicate fragment id {} found in dataset",
                      fragment.id);
    LANCE_CHECK_BYTES(
        fragment.id >= before,
        "Fragment ids are not sorted in increasing fragment-id order. Found {} after {} in dataset",
        fragment.id, before);
    before = fragment.id;
  }
  return Status::OK();
}

Status CheckFields(const Fragment& fragment) {
  std::unordered_set<int32_t> seen;
  bool legacy = false;
  bool current = false;
  for (const DataFile& file : fragment.files) {
    (file.major_version == 0 ? legacy : current) = true;
    LANCE_CHECK_BYTES(file.major_version == 0 || file.column_indices.size() == file.fields.size(),
                      "data/{}: {} fields, {} column indices", file.path, file.fields.size(),
                      file.column_indices.size());
    for (int32_t id : file.fields) {
      LANCE_CHECK_BYTES(id < 0 || seen.insert(id).second, "data/{}: Field id {} is duplicated in fragment {}",
                        file.path, id, fragment.id);
    }
  }
  LANCE_CHECK_BYTES(!(legacy && current), "Fragment {} mixes V1 and V2 data files", fragment.id);
  return Status::OK();
}

Status CheckLength(const char* what, uint64_t length, const Fragment& fragment) {
  LANCE_CHECK_BYTES(length == fragment.physical_rows, "fragment {}: {} for {} rows, it has {}", fragment.id,
                    what, length, fragment.physical_rows);
  return Status::OK();
}

// Files, deletions and lineage agree on how many rows there are.
Status CheckFragment(const table::Snapshot& snapshot, const Fragment& fragment) {
  ARROW_RETURN_NOT_OK(CheckFields(fragment));
  for (const DataFile& file : fragment.files) {
    ARROW_ASSIGN_OR_RAISE(auto reader, snapshot.OpenDataFile(file));
    LANCE_CHECK_BYTES(reader->num_rows() == fragment.physical_rows,
                      "data/{}: data file has incorrect length. Expected: {} Got: {}", file.path,
                      fragment.physical_rows, reader->num_rows());
  }
  ARROW_ASSIGN_OR_RAISE(auto deletions, snapshot.Deletions(fragment));
  if (deletions != nullptr) {
    const uint64_t stated = fragment.deletion_file->num_deleted_rows;
    LANCE_CHECK_BYTES(stated == 0 || stated == deletions->count(),
                      "fragment {}: its deletion file holds {} rows, the manifest says {}", fragment.id,
                      deletions->count(), stated);
    LANCE_CHECK_BYTES(deletions->end() <= fragment.physical_rows,
                      "fragment {}: its deletion file names row {}, it has {}", fragment.id,
                      deletions->end() - 1, fragment.physical_rows);
  }
  ARROW_ASSIGN_OR_RAISE(auto row_ids, snapshot.RowIds(fragment));
  if (row_ids != nullptr) ARROW_RETURN_NOT_OK(CheckLength("row ids", row_ids->size(), fragment));
  ARROW_ASSIGN_OR_RAISE(auto created, snapshot.CreatedAt(fragment));
  if (created != nullptr) ARROW_RETURN_NOT_OK(CheckLength("created-at versions", created->size(), fragment));
  ARROW_ASSIGN_OR_RAISE(auto updated, snapshot.LastUpdatedAt(fragment));
  if (updated != nullptr) {
    ARROW_RETURN_NOT_OK(CheckLength("last-updated-at versions", updated->size(), fragment));
  }
  return Status::OK();
}

// Live rows have different ids, all below the high-water mark.
Status CheckRowIds(const table::Snapshot& snapshot) {
  const table::Manifest& manifest = snapshot.manifest();
  if (!manifest.has_stable_row_ids()) return Status::OK();
  std::vector<uint64_t> all;
  for (const Fragment& fragment : manifest.fragments) {
    ARROW_ASSIGN_OR_RAISE(auto ids, snapshot.RowIds(fragment));
    LANCE_CHECK_BYTES(ids != nullptr, "fragment {} has no row ids", fragment.id);
    RowRanges live;
    ARROW_RETURN_NOT_OK(snapshot.AppendLive(fragment, {0, fragment.physical_rows}, &live));
    for (const RowRange& range : live) {
      const size_t before = all.size();
      all.resize(before + range.length);
      ids->Read(range, all.data() + before);
    }
  }
  std::sort(all.begin(), all.end());
  const auto twice = std::adjacent_find(all.begin(), all.end());
  LANCE_CHECK_BYTES(twice == all.end(), "row id {} is given to two rows", *twice);
  LANCE_CHECK_BYTES(all.empty() || all.back() < manifest.next_row_id,
                    "row id {} is not below the next one, {}", all.back(), manifest.next_row_id);
  return Status::OK();
}

Status CheckIndices(const table::Snapshot& snapshot) {
  ARROW_ASSIGN_OR_RAISE(auto indices, snapshot.Indices());
  std::set<std::string> uuids;
  for (const table::IndexMetadata& index : *indices) {
    LANCE_CHECK_BYTES(uuids.insert(index.uuid).second, "Duplicate index id {} found in dataset", index.uuid);
  }
  return Status::OK();
}

}  // namespace

arrow::Status Validate(const Dataset& dataset) {
  const table::Snapshot& snapshot = *dataset.snapshot();
  const table::Manifest& manifest = snapshot.manifest();
  ARROW_RETURN_NOT_OK(CheckSchema(manifest.schema));
  ARROW_RETURN_NOT_OK(CheckFragmentIds(manifest.fragments));
  ARROW_RETURN_NOT_OK(
      scan::ParallelFor(snapshot.session()->thread_pool(), manifest.fragments.size(),
                        [&](size_t i) { return CheckFragment(snapshot, manifest.fragments[i]); }));
  ARROW_RETURN_NOT_OK(CheckRowIds(snapshot));
  return CheckIndices(snapshot);
}

}  // namespace lance
