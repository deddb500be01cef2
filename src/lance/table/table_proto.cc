#include "lance/table/table_proto.h"

#include "lance/base/uuid.h"

namespace lance::table {
namespace {

Result<DeletionFile> FromProto(const pb::DeletionFile& from) {
  DeletionFile out;
  switch (from.file_type()) {
    case pb::DeletionFile::ARROW_ARRAY:
      out.type = DeletionFile::Type::kArrowArray;
      break;
    case pb::DeletionFile::BITMAP:
      out.type = DeletionFile::Type::kBitmap;
      break;
    default:
      return NotSupported("deletion file type {}", static_cast<int>(from.file_type()));
  }
  out.read_version = from.read_version();
  out.id = from.id();
  out.num_deleted_rows = from.num_deleted_rows();
  if (from.has_base_id()) out.base_id = from.base_id();
  return out;
}

Lineage MakeLineage(bool has_inline, const std::string& bytes, bool has_column) {
  if (has_inline) return {Lineage::Kind::kInline, bytes};
  return {has_column ? Lineage::Kind::kColumn : Lineage::Kind::kAbsent, {}};
}

}  // namespace

DataFile FromProto(const pb::DataFile& from) {
  DataFile out;
  out.path = from.path();
  out.fields.assign(from.fields().begin(), from.fields().end());
  out.column_indices.assign(from.column_indices().begin(), from.column_indices().end());
  out.major_version = from.file_major_version();
  out.minor_version = from.file_minor_version();
  out.size_bytes = from.file_size_bytes();
  if (from.has_base_id()) out.base_id = from.base_id();
  return out;
}

Result<Fragment> FromProto(const pb::DataFragment& from) {
  // What an overlay changes would be read as it was before: refuse even without the feature flag.
  if (from.overlays_size() > 0) return NotSupported("data overlay files (fragment {})", from.id());
  // Row addresses give the fragment 32 bits.
  LANCE_CHECK_BYTES(from.id() <= UINT32_MAX, "fragment id {} does not fit 32 bits", from.id());
  Fragment out;
  out.id = from.id();
  out.files.reserve(from.files_size());
  for (const pb::DataFile& file : from.files()) out.files.push_back(FromProto(file));
  if (from.has_deletion_file()) {
    ARROW_ASSIGN_OR_RAISE(out.deletion_file, FromProto(from.deletion_file()));
  }
  LANCE_CHECK_BYTES(from.physical_rows() <= uint64_t{UINT32_MAX} + 1, "fragment {} claims {} rows", from.id(),
                    from.physical_rows());
  out.physical_rows = from.physical_rows();
  out.row_ids = MakeLineage(from.has_inline_row_ids(), from.inline_row_ids(), from.has_column_row_ids());
  out.last_updated_at_versions =
      MakeLineage(from.has_inline_last_updated_at_versions(), from.inline_last_updated_at_versions(),
                  from.has_column_last_updated_at_versions());
  out.created_at_versions =
      MakeLineage(from.has_inline_created_at_versions(), from.inline_created_at_versions(),
                  from.has_column_created_at_versions());
  out.metadata = ToMap(from.metadata());
  return out;
}

Result<IndexMetadata> FromProto(const pb::IndexMetadata& from) {
  LANCE_CHECK_BYTES(from.uuid().uuid().size() == 16, "the uuid of index {} has {} bytes instead of 16",
                    from.name(), from.uuid().uuid().size());
  IndexMetadata out;
  out.uuid = FormatUuid(from.uuid().uuid());
  out.fields.assign(from.fields().begin(), from.fields().end());
  out.name = from.name();
  out.dataset_version = from.dataset_version();
  if (!from.fragment_bitmap().empty()) out.fragment_bitmap = from.fragment_bitmap();
  out.details_type_url = from.index_details().type_url();
  out.details = from.index_details().value();
  if (from.has_index_version()) out.index_version = from.index_version();
  if (from.has_created_at()) out.created_at_ms = from.created_at();
  if (from.has_base_id()) out.base_id = from.base_id();
  for (const pb::IndexFile& file : from.files()) out.files.push_back({file.path(), file.size_bytes()});
  out.covering_fields.assign(from.covering_fields().begin(), from.covering_fields().end());
  return out;
}

BasePath FromProto(const pb::BasePath& from) {
  return {from.id(), from.has_name() ? std::optional(from.name()) : std::nullopt, from.is_dataset_root(),
          from.path()};
}

void ToProto(const DataFile& from, pb::DataFile* to) {
  to->set_path(from.path);
  to->mutable_fields()->Assign(from.fields.begin(), from.fields.end());
  to->mutable_column_indices()->Assign(from.column_indices.begin(), from.column_indices.end());
  to->set_file_major_version(from.major_version);
  to->set_file_minor_version(from.minor_version);
  to->set_file_size_bytes(from.size_bytes);
  if (from.base_id) to->set_base_id(*from.base_id);
}

void ToProto(const Fragment& from, pb::DataFragment* to) {
  to->set_id(from.id);
  for (const DataFile& file : from.files) ToProto(file, to->add_files());
  if (from.deletion_file) {
    pb::DeletionFile* file = to->mutable_deletion_file();
    file->set_file_type(from.deletion_file->type == DeletionFile::Type::kBitmap
                            ? pb::DeletionFile::BITMAP
                            : pb::DeletionFile::ARROW_ARRAY);
    file->set_read_version(from.deletion_file->read_version);
    file->set_id(from.deletion_file->id);
    file->set_num_deleted_rows(from.deletion_file->num_deleted_rows);
    if (from.deletion_file->base_id) file->set_base_id(*from.deletion_file->base_id);
  }
  to->set_physical_rows(from.physical_rows);
  using Kind = Lineage::Kind;
  if (from.row_ids.kind == Kind::kInline) to->set_inline_row_ids(from.row_ids.inline_bytes);
  if (from.row_ids.kind == Kind::kColumn) to->mutable_column_row_ids();
  const Lineage& updated = from.last_updated_at_versions;
  if (updated.kind == Kind::kInline) to->set_inline_last_updated_at_versions(updated.inline_bytes);
  if (updated.kind == Kind::kColumn) to->mutable_column_last_updated_at_versions();
  const Lineage& created = from.created_at_versions;
  if (created.kind == Kind::kInline) to->set_inline_created_at_versions(created.inline_bytes);
  if (created.kind == Kind::kColumn) to->mutable_column_created_at_versions();
  for (const auto& [key, value] : from.metadata) (*to->mutable_metadata())[key] = value;
}

Status ToProto(const IndexMetadata& from, pb::IndexMetadata* to) {
  ARROW_ASSIGN_OR_RAISE(*to->mutable_uuid()->mutable_uuid(), ParseUuid(from.uuid));
  to->mutable_fields()->Assign(from.fields.begin(), from.fields.end());
  to->set_name(from.name);
  to->set_dataset_version(from.dataset_version);
  if (from.fragment_bitmap) to->set_fragment_bitmap(*from.fragment_bitmap);
  if (!from.details_type_url.empty()) {
    to->mutable_index_details()->set_type_url(from.details_type_url);
    to->mutable_index_details()->set_value(from.details);
  }
  if (from.index_version) to->set_index_version(*from.index_version);
  if (from.created_at_ms) to->set_created_at(*from.created_at_ms);
  if (from.base_id) to->set_base_id(*from.base_id);
  for (const IndexFile& file : from.files) {
    pb::IndexFile* added = to->add_files();
    added->set_path(file.path);
    added->set_size_bytes(file.size_bytes);
  }
  to->mutable_covering_fields()->Assign(from.covering_fields.begin(), from.covering_fields.end());
  return Status::OK();
}

void ToProto(const BasePath& from, pb::BasePath* to) {
  to->set_id(from.id);
  if (from.name) to->set_name(*from.name);
  to->set_is_dataset_root(from.is_dataset_root);
  to->set_path(from.path);
}

}  // namespace lance::table
