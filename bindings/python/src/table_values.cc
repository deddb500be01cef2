#include "table_values.h"

#include <roaring/roaring.hh>

#include "lance/base/status.h"

namespace lance::python {
namespace {

template <typename T>
T Get(nb::handle values, const char* key) {
  return nb::cast<T>(nb::object(values[key]));
}

template <typename T>
std::optional<T> GetOptional(nb::handle values, const char* key) {
  return nb::cast<std::optional<T>>(nb::object(values[key]));
}

std::string BytesOf(nb::handle value) {
  auto bytes = nb::cast<nb::bytes>(value);
  return {bytes.c_str(), bytes.size()};
}

schema::LegacyEncoding EncodingOf(nb::handle name) {
  if (name.is_none()) return schema::LegacyEncoding::kNone;
  auto text = nb::cast<std::string>(name);
  if (text == "Plain") return schema::LegacyEncoding::kPlain;
  if (text == "VarBinary") return schema::LegacyEncoding::kVarBinary;
  if (text == "Dictionary") return schema::LegacyEncoding::kDictionary;
  if (text == "RLE") return schema::LegacyEncoding::kRle;
  Raise(InvalidArgument("unknown encoding of a field: {}", text));
}

schema::Field FieldFromPython(nb::handle values) {
  schema::Field field;
  field.name = Get<std::string>(values, "name");
  field.id = Get<int32_t>(values, "id");
  field.parent_id = Get<int32_t>(values, "parent_id");
  field.logical_type = Get<std::string>(values, "logical_type");
  field.nullable = Get<bool>(values, "nullable");
  field.metadata = Get<schema::Metadata>(values, "metadata");
  field.encoding = EncodingOf(values["encoding"]);
  field.dictionary = GetOptional<std::pair<int64_t, int64_t>>(values, "dictionary");
  if (auto position = GetOptional<uint32_t>(values, "primary_key_position")) {
    field.unenforced_primary_key = true;
    field.unenforced_primary_key_position = *position;
  }
  if (auto position = GetOptional<uint32_t>(values, "clustering_key_position")) {
    field.unenforced_clustering_key = true;
    field.unenforced_clustering_key_position = *position;
  }
  for (nb::handle child : nb::object(values["children"])) field.children.push_back(FieldFromPython(child));
  return field;
}

table::Lineage LineageFromPython(nb::handle value) {
  table::Lineage lineage;
  if (value.is_none()) return lineage;
  if (nb::isinstance<nb::str>(value)) {
    lineage.kind = table::Lineage::Kind::kColumn;
  } else {
    lineage.kind = table::Lineage::Kind::kInline;
    lineage.inline_bytes = BytesOf(value);
  }
  return lineage;
}

table::DeletionFile DeletionFileFromPython(nb::handle values) {
  table::DeletionFile file;
  file.type = Get<std::string>(values, "file_type") == "bitmap" ? table::DeletionFile::Type::kBitmap
                                                                : table::DeletionFile::Type::kArrowArray;
  file.read_version = Get<uint64_t>(values, "read_version");
  file.id = Get<uint64_t>(values, "id");
  file.num_deleted_rows = GetOptional<uint64_t>(values, "num_deleted_rows").value_or(0);
  file.base_id = GetOptional<uint32_t>(values, "base_id");
  return file;
}

std::string SerializeBitmap(nb::handle ids) {
  Roaring bitmap;
  for (nb::handle id : ids) bitmap.add(nb::cast<uint32_t>(id));
  std::string bytes(bitmap.getSizeInBytes(), '\0');
  bitmap.write(bytes.data());
  return bytes;
}

}  // namespace

schema::Schema SchemaFromPython(nb::handle values) {
  schema::Schema schema;
  for (nb::handle field : nb::object(values["fields"])) schema.fields.push_back(FieldFromPython(field));
  schema.metadata = Get<schema::Metadata>(values, "metadata");
  return schema;
}

table::DataFile DataFileFromPython(nb::handle values) {
  table::DataFile file;
  file.path = Get<std::string>(values, "path");
  file.fields = Get<std::vector<int32_t>>(values, "fields");
  file.column_indices = Get<std::vector<int32_t>>(values, "column_indices");
  file.major_version = Get<uint32_t>(values, "file_major_version");
  file.minor_version = Get<uint32_t>(values, "file_minor_version");
  file.size_bytes = GetOptional<uint64_t>(values, "file_size_bytes").value_or(0);
  file.base_id = GetOptional<uint32_t>(values, "base_id");
  return file;
}

table::Fragment FragmentFromPython(nb::handle values) {
  table::Fragment fragment;
  fragment.id = Get<uint64_t>(values, "id");
  for (nb::handle file : nb::object(values["files"])) fragment.files.push_back(DataFileFromPython(file));
  nb::object deletions = values["deletion_file"];
  if (!deletions.is_none()) fragment.deletion_file = DeletionFileFromPython(deletions);
  fragment.physical_rows = Get<uint64_t>(values, "physical_rows");
  fragment.row_ids = LineageFromPython(values["row_id_meta"]);
  fragment.created_at_versions = LineageFromPython(values["created_at_version_meta"]);
  fragment.last_updated_at_versions = LineageFromPython(values["last_updated_at_version_meta"]);
  return fragment;
}

std::vector<table::Fragment> FragmentsFromPython(nb::handle values) {
  std::vector<table::Fragment> fragments;
  for (nb::handle fragment : values) fragments.push_back(FragmentFromPython(fragment));
  return fragments;
}

table::BasePath BasePathFromPython(nb::handle values) {
  table::BasePath base;
  base.id = GetOptional<uint32_t>(values, "id").value_or(0);
  base.name = GetOptional<std::string>(values, "name");
  base.is_dataset_root = Get<bool>(values, "is_dataset_root");
  base.path = Get<std::string>(values, "path");
  return base;
}

table::IndexMetadata IndexFromPython(nb::handle values) {
  table::IndexMetadata index;
  index.uuid = Get<std::string>(values, "uuid");
  index.name = Get<std::string>(values, "name");
  index.fields = Get<std::vector<int32_t>>(values, "fields");
  index.dataset_version = Get<uint64_t>(values, "dataset_version");
  nb::object ids = values["fragment_ids"];
  if (!ids.is_none()) index.fragment_bitmap = SerializeBitmap(ids);
  index.details_type_url = Get<std::string>(values, "details_type_url");
  index.details = BytesOf(nb::object(values["details"]));
  index.index_version = GetOptional<int32_t>(values, "index_version");
  index.created_at_ms = GetOptional<uint64_t>(values, "created_at_ms");
  index.base_id = GetOptional<uint32_t>(values, "base_id");
  for (auto& [path, size] : Get<std::vector<std::pair<std::string, uint64_t>>>(values, "files")) {
    index.files.push_back({path, size});
  }
  index.covering_fields = Get<std::vector<int32_t>>(values, "covering_fields");
  return index;
}

}  // namespace lance::python
