// Operations from and to Python. The members keep the reference's names.
#include <nanobind/stl/variant.h>

#include "lance/base/status.h"
#include "schema_values.h"
#include "table_values.h"

namespace lance::python {
namespace {

namespace op = table::operation;

template <typename T>
T Get(nb::handle values, const char* key) {
  return nb::cast<T>(nb::object(values[key]));
}

std::string BytesOf(nb::handle value) {
  auto bytes = nb::cast<nb::bytes>(value);
  return {bytes.c_str(), bytes.size()};
}

nb::bytes ToBytes(const std::string& text) { return nb::bytes(text.data(), text.size()); }

template <typename T>
nb::object OrNone(const std::optional<T>& value) {
  return value ? nb::cast(*value) : nb::none();
}

std::optional<op::UpdateMap> UpdateMapFromPython(nb::handle values) {
  if (values.is_none()) return std::nullopt;
  op::UpdateMap map;
  for (auto [key, value] : Get<nb::dict>(values, "updates")) {
    map.entries.emplace_back(nb::cast<std::string>(key), nb::cast<std::optional<std::string>>(value));
  }
  map.replace = Get<bool>(values, "replace");
  return map;
}

nb::object UpdateMapToPython(const std::optional<op::UpdateMap>& map) {
  if (!map) return nb::none();
  nb::dict updates;
  for (const auto& [key, value] : map->entries) updates[key.c_str()] = OrNone(value);
  nb::dict out;
  out["updates"] = updates;
  out["replace"] = map->replace;
  return out;
}

op::Overwrite OverwriteFrom(nb::handle values) {
  op::Overwrite overwrite;
  overwrite.fragments = FragmentsFromPython(values["fragments"]);
  overwrite.schema = SchemaFromPython(values["new_schema"]);
  overwrite.config_upserts = Get<std::map<std::string, std::string>>(values, "config_upserts");
  for (nb::handle base : nb::object(values["initial_bases"]))
    overwrite.initial_bases.push_back(BasePathFromPython(base));
  return overwrite;
}

op::Update UpdateFrom(nb::handle values) {
  op::Update update;
  update.removed_fragment_ids = Get<std::vector<uint64_t>>(values, "removed_fragment_ids");
  update.updated_fragments = FragmentsFromPython(values["updated_fragments"]);
  update.new_fragments = FragmentsFromPython(values["new_fragments"]);
  update.fields_modified = Get<std::vector<uint32_t>>(values, "fields_modified");
  update.fields_for_preserving_frag_bitmap =
      Get<std::vector<uint32_t>>(values, "fields_for_preserving_frag_bitmap");
  if (Get<std::string>(values, "update_mode") == "rewrite_columns")
    update.mode = op::Update::Mode::kRewriteColumns;
  for (auto [id, bitmap] : Get<nb::dict>(values, "updated_fragment_offsets"))
    update.updated_fragment_offset_bitmaps[nb::cast<uint64_t>(id)] = BytesOf(bitmap);
  return update;
}

op::Rewrite RewriteFrom(nb::handle values) {
  op::Rewrite rewrite;
  for (nb::handle group : nb::object(values["groups"])) {
    rewrite.groups.push_back(
        {FragmentsFromPython(group["old_fragments"]), FragmentsFromPython(group["new_fragments"])});
  }
  for (nb::handle index : nb::object(values["rewritten_indices"])) {
    op::Rewrite::Index rewritten;
    rewritten.old_id = Get<std::string>(index, "old_id");
    rewritten.new_id = Get<std::string>(index, "new_id");
    rewritten.details_type_url = Get<std::string>(index, "new_details_type_url");
    rewritten.details = BytesOf(nb::object(index["new_details_value"]));
    rewritten.index_version = Get<uint32_t>(index, "new_index_version");
    rewrite.rewritten_indices.push_back(std::move(rewritten));
  }
  return rewrite;
}

op::UpdateConfig UpdateConfigFrom(nb::handle values) {
  op::UpdateConfig update;
  update.config = UpdateMapFromPython(values["config_updates"]);
  update.table_metadata = UpdateMapFromPython(values["table_metadata_updates"]);
  update.schema_metadata = UpdateMapFromPython(values["schema_metadata_updates"]);
  for (auto [id, map] : Get<nb::dict>(values, "field_metadata_updates"))
    update.field_metadata[nb::cast<int32_t>(id)] = *UpdateMapFromPython(map);
  return update;
}

std::vector<table::IndexMetadata> IndicesFrom(nb::handle values) {
  std::vector<table::IndexMetadata> indices;
  for (nb::handle index : values) indices.push_back(IndexFromPython(index));
  return indices;
}

op::DataReplacement DataReplacementFrom(nb::handle values) {
  op::DataReplacement replacement;
  for (nb::handle group : nb::object(values["replacements"])) {
    replacement.replacements.push_back(
        {Get<uint64_t>(group, "fragment_id"), DataFileFromPython(group["new_file"])});
  }
  return replacement;
}

op::Clone CloneFrom(nb::handle values) {
  return {Get<bool>(values, "is_shallow"), Get<std::optional<std::string>>(values, "ref_name"),
          Get<uint64_t>(values, "ref_version"), Get<std::string>(values, "ref_path"),
          Get<std::optional<std::string>>(values, "branch_name")};
}

op::UpdateBases UpdateBasesFrom(nb::handle values) {
  op::UpdateBases update;
  for (nb::handle base : nb::object(values["new_bases"]))
    update.new_bases.push_back(BasePathFromPython(base));
  return update;
}

// ---- to Python ----

nb::list IndicesToPython(const std::vector<table::IndexMetadata>& indices) {
  nb::list out;
  for (const auto& index : indices) out.append(IndexToPython(index));
  return out;
}

nb::list BasesToPython(const std::vector<table::BasePath>& bases) {
  nb::list out;
  for (const auto& base : bases) {
    nb::dict entry;
    entry["id"] = base.id;
    entry["name"] = OrNone(base.name);
    entry["is_dataset_root"] = base.is_dataset_root;
    entry["path"] = base.path;
    out.append(entry);
  }
  return out;
}

/// Fills the dict of one operation; one overload each.
struct ToDict {
  nb::dict& out;

  void operator()(const op::Unknown& unknown) const {
    out["kind"] = "Unknown";
    out["number"] = unknown.number;
  }
  void operator()(const op::Append& append) const {
    out["kind"] = "Append";
    out["fragments"] = FragmentsToPython(append.fragments);
  }
  void operator()(const op::Delete& deletion) const {
    out["kind"] = "Delete";
    out["updated_fragments"] = FragmentsToPython(deletion.updated_fragments);
    out["deleted_fragment_ids"] = deletion.deleted_fragment_ids;
    out["predicate"] = deletion.predicate;
  }
  void operator()(const op::Overwrite& overwrite) const {
    out["kind"] = "Overwrite";
    out["fragments"] = FragmentsToPython(overwrite.fragments);
    out["new_schema"] = SchemaToPython(overwrite.schema);
    out["initial_bases"] = BasesToPython(overwrite.initial_bases);
  }
  void operator()(const op::CreateIndex& create) const {
    out["kind"] = "CreateIndex";
    out["new_indices"] = IndicesToPython(create.new_indices);
    out["removed_indices"] = IndicesToPython(create.removed_indices);
  }
  void operator()(const op::Rewrite& rewrite) const {
    out["kind"] = "Rewrite";
    nb::list groups;
    for (const auto& group : rewrite.groups) {
      nb::dict entry;
      entry["old_fragments"] = FragmentsToPython(group.old_fragments);
      entry["new_fragments"] = FragmentsToPython(group.new_fragments);
      groups.append(entry);
    }
    nb::list indices;
    for (const auto& index : rewrite.rewritten_indices) {
      nb::dict entry;
      entry["old_id"] = index.old_id;
      entry["new_id"] = index.new_id;
      entry["new_details_type_url"] = index.details_type_url;
      entry["new_details_value"] = ToBytes(index.details);
      entry["new_index_version"] = index.index_version;
      indices.append(entry);
    }
    out["groups"] = groups;
    out["rewritten_indices"] = indices;
  }
  void operator()(const op::Merge& merge) const {
    out["kind"] = "Merge";
    out["fragments"] = FragmentsToPython(merge.fragments);
    out["schema"] = SchemaToPython(merge.schema);
    out["preserves_nullability"] = merge.preserves_nullability;
  }
  void operator()(const op::Restore& restore) const {
    out["kind"] = "Restore";
    out["version"] = restore.version;
  }
  void operator()(const op::ReserveFragments& reserve) const {
    out["kind"] = "ReserveFragments";
    out["num_fragments"] = reserve.num_fragments;
  }
  void operator()(const op::Update& update) const {
    out["kind"] = "Update";
    out["removed_fragment_ids"] = update.removed_fragment_ids;
    out["updated_fragments"] = FragmentsToPython(update.updated_fragments);
    out["new_fragments"] = FragmentsToPython(update.new_fragments);
    out["fields_modified"] = update.fields_modified;
    out["fields_for_preserving_frag_bitmap"] = update.fields_for_preserving_frag_bitmap;
    out["update_mode"] =
        update.mode == op::Update::Mode::kRewriteColumns ? "rewrite_columns" : "rewrite_rows";
    nb::dict offsets;
    for (const auto& [id, bitmap] : update.updated_fragment_offset_bitmaps)
      offsets[nb::cast(id)] = ToBytes(bitmap);
    out["updated_fragment_offsets"] = offsets;
  }
  void operator()(const op::Project& project) const {
    out["kind"] = "Project";
    out["schema"] = SchemaToPython(project.schema);
    out["preserves_nullability"] = project.preserves_nullability;
  }
  void operator()(const op::UpdateConfig& update) const {
    out["kind"] = "UpdateConfig";
    out["config_updates"] = UpdateMapToPython(update.config);
    out["table_metadata_updates"] = UpdateMapToPython(update.table_metadata);
    out["schema_metadata_updates"] = UpdateMapToPython(update.schema_metadata);
    nb::dict fields;
    for (const auto& [id, map] : update.field_metadata) fields[nb::cast(id)] = UpdateMapToPython(map);
    out["field_metadata_updates"] = fields;
  }
  void operator()(const op::DataReplacement& replacement) const {
    out["kind"] = "DataReplacement";
    nb::list groups;
    for (const auto& group : replacement.replacements) {
      nb::dict entry;
      entry["fragment_id"] = group.fragment_id;
      entry["new_file"] = DataFileToPython(group.new_file);
      groups.append(entry);
    }
    out["replacements"] = groups;
  }
  void operator()(const op::UpdateMemWalState&) const { out["kind"] = "UpdateMemWalState"; }
  void operator()(const op::Clone& clone) const {
    out["kind"] = "Clone";
    out["is_shallow"] = clone.is_shallow;
    out["ref_name"] = OrNone(clone.ref_name);
    out["ref_version"] = clone.ref_version;
    out["ref_path"] = clone.ref_path;
    out["branch_name"] = OrNone(clone.branch_name);
  }
  void operator()(const op::UpdateBases& update) const {
    out["kind"] = "UpdateBases";
    out["new_bases"] = BasesToPython(update.new_bases);
  }
};

}  // namespace

nb::list FragmentsToPython(const std::vector<table::Fragment>& fragments) {
  nb::list out;
  for (const auto& fragment : fragments) out.append(FragmentToPython(fragment));
  return out;
}

table::Operation OperationFromPython(nb::handle values) {
  auto kind = Get<std::string>(values, "kind");
  if (kind == "Append") return op::Append{FragmentsFromPython(values["fragments"])};
  if (kind == "Overwrite") return OverwriteFrom(values);
  if (kind == "Delete") {
    return op::Delete{FragmentsFromPython(values["updated_fragments"]),
                      Get<std::vector<uint64_t>>(values, "deleted_fragment_ids"),
                      Get<std::string>(values, "predicate")};
  }
  if (kind == "Update") return UpdateFrom(values);
  if (kind == "Merge") {
    return op::Merge{FragmentsFromPython(values["fragments"]), SchemaFromPython(values["schema"]),
                     Get<bool>(values, "preserves_nullability")};
  }
  if (kind == "Project")
    return op::Project{SchemaFromPython(values["schema"]), Get<bool>(values, "preserves_nullability")};
  if (kind == "Restore") return op::Restore{Get<uint64_t>(values, "version")};
  if (kind == "Rewrite") return RewriteFrom(values);
  if (kind == "CreateIndex")
    return op::CreateIndex{IndicesFrom(values["new_indices"]), IndicesFrom(values["removed_indices"])};
  if (kind == "DataReplacement") return DataReplacementFrom(values);
  if (kind == "UpdateConfig") return UpdateConfigFrom(values);
  if (kind == "Clone") return CloneFrom(values);
  if (kind == "UpdateBases") return UpdateBasesFrom(values);
  Raise(NotSupported("an operation of kind {} cannot be committed", kind));
}

nb::dict OperationToPython(const table::Operation& operation) {
  nb::dict out;
  std::visit(ToDict{out}, operation);
  return out;
}

}  // namespace lance::python
