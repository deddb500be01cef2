#include "schema_values.h"

#include <arrow/type.h>

namespace lance::python {
namespace {

template <typename T>
nb::object OrNone(const std::optional<T>& value) {
  return value ? nb::cast(*value) : nb::none();
}

nb::bytes ToBytes(const std::string& text) { return nb::bytes(text.data(), text.size()); }

nb::object EncodingName(schema::LegacyEncoding encoding) {
  switch (encoding) {
    case schema::LegacyEncoding::kNone:
      return nb::none();
    case schema::LegacyEncoding::kPlain:
      return nb::str("Plain");
    case schema::LegacyEncoding::kVarBinary:
      return nb::str("VarBinary");
    case schema::LegacyEncoding::kDictionary:
      return nb::str("Dictionary");
    case schema::LegacyEncoding::kRle:
      return nb::str("RLE");
  }
  return nb::none();
}

nb::dict FieldToPython(const schema::Field& field) {
  nb::dict out;
  out["name"] = field.name;
  out["id"] = field.id;
  out["parent_id"] = field.parent_id;
  out["logical_type"] = field.logical_type;
  out["nullable"] = field.nullable;
  out["metadata"] = field.metadata;
  out["encoding"] = EncodingName(field.encoding);
  out["dictionary"] = OrNone(field.dictionary);
  out["primary_key_position"] =
      field.unenforced_primary_key ? nb::cast(field.unenforced_primary_key_position) : nb::none();
  out["clustering_key_position"] =
      field.unenforced_clustering_key ? nb::cast(field.unenforced_clustering_key_position) : nb::none();
  nb::list children;
  for (const auto& child : field.children) children.append(FieldToPython(child));
  out["children"] = children;
  auto arrow_field = field.ToArrow();
  out["arrow"] = arrow_field.ok() ? SchemaCapsule(*arrow::schema({arrow_field.ValueUnsafe()})) : nb::none();
  return out;
}

nb::object LineageToPython(const table::Lineage& lineage) {
  switch (lineage.kind) {
    case table::Lineage::Kind::kAbsent:
      return nb::none();
    case table::Lineage::Kind::kInline:
      return ToBytes(lineage.inline_bytes);
    case table::Lineage::Kind::kColumn:
      return nb::str("column");
  }
  return nb::none();
}

}  // namespace

nb::dict SchemaToPython(const schema::Schema& schema) {
  nb::list fields;
  for (const auto& field : schema.fields) fields.append(FieldToPython(field));
  nb::dict out;
  out["fields"] = fields;
  out["metadata"] = schema.metadata;
  return out;
}

nb::dict DataFileToPython(const table::DataFile& file) {
  nb::dict out;
  out["path"] = file.path;
  out["fields"] = file.fields;
  out["column_indices"] = file.column_indices;
  out["file_major_version"] = file.major_version;
  out["file_minor_version"] = file.minor_version;
  out["file_size_bytes"] = file.size_bytes > 0 ? nb::cast(file.size_bytes) : nb::none();
  out["base_id"] = OrNone(file.base_id);
  return out;
}

nb::dict FragmentToPython(const table::Fragment& fragment) {
  nb::list files;
  for (const auto& file : fragment.files) files.append(DataFileToPython(file));
  nb::dict out;
  out["id"] = fragment.id;
  out["files"] = files;
  out["physical_rows"] = fragment.physical_rows;
  out["deletion_file"] = nb::none();
  if (fragment.deletion_file) {
    const auto& deletions = *fragment.deletion_file;
    nb::dict file;
    file["read_version"] = deletions.read_version;
    file["id"] = deletions.id;
    file["file_type"] = deletions.type == table::DeletionFile::Type::kBitmap ? "bitmap" : "array";
    file["num_deleted_rows"] = deletions.num_deleted_rows;
    file["base_id"] = OrNone(deletions.base_id);
    out["deletion_file"] = file;
  }
  out["row_id_meta"] = LineageToPython(fragment.row_ids);
  out["created_at_version_meta"] = LineageToPython(fragment.created_at_versions);
  out["last_updated_at_version_meta"] = LineageToPython(fragment.last_updated_at_versions);
  return out;
}

nb::dict ManifestToPython(const table::Manifest& manifest) {
  nb::list bases;
  for (const auto& base : manifest.base_paths) {
    nb::dict entry;
    entry["id"] = base.id;
    entry["name"] = OrNone(base.name);
    entry["is_dataset_root"] = base.is_dataset_root;
    entry["path"] = base.path;
    bases.append(entry);
  }
  nb::dict out;
  out["version"] = manifest.version;
  out["schema_metadata"] = manifest.schema.metadata;
  out["max_field_id"] = manifest.schema.MaxFieldId();
  out["branch"] = OrNone(manifest.branch);
  out["has_stable_row_ids"] = manifest.has_stable_row_ids();
  out["reader_feature_flags"] = manifest.reader_feature_flags;
  out["writer_feature_flags"] = manifest.writer_feature_flags;
  out["max_fragment_id"] = OrNone(manifest.max_fragment_id);
  out["next_row_id"] = manifest.next_row_id;
  out["transaction_file"] = manifest.transaction_file;
  out["base_paths"] = bases;
  out["num_fragments"] = manifest.fragments.size();
  out["writer_version"] = nb::none();
  if (manifest.writer_version) {
    nb::dict writer;
    writer["library"] = manifest.writer_version->library;
    writer["version"] = manifest.writer_version->version;
    writer["prerelease"] = OrNone(manifest.writer_version->prerelease);
    writer["build_metadata"] = OrNone(manifest.writer_version->build_metadata);
    out["writer_version"] = writer;
  }
  return out;
}

nb::dict IndexToPython(const table::IndexMetadata& index) {
  nb::dict out;
  out["uuid"] = index.uuid;
  out["name"] = index.name;
  out["fields"] = index.fields;
  out["dataset_version"] = index.dataset_version;
  out["fragment_bitmap"] = index.fragment_bitmap ? nb::object(ToBytes(*index.fragment_bitmap)) : nb::none();
  out["details_type_url"] = index.details_type_url;
  out["details"] = ToBytes(index.details);
  out["index_version"] = OrNone(index.index_version);
  out["created_at_ms"] = OrNone(index.created_at_ms);
  out["base_id"] = OrNone(index.base_id);
  nb::list files;
  for (const auto& file : index.files) files.append(nb::make_tuple(file.path, file.size_bytes));
  out["files"] = files;
  out["covering_fields"] = index.covering_fields;
  return out;
}

}  // namespace lance::python
