#include "lance/table/manifest_serde.h"

#include <google/protobuf/arena.h>

#include "lance/proto/table_format.pb.h"
#include "lance/schema/schema_serde.h"
#include "lance/table/parse_message.h"
#include "lance/table/storage_version.h"

namespace lance::table {
namespace {

template <typename Strings>
std::map<std::string, std::string> ToMap(const Strings& from) {
  return {from.begin(), from.end()};
}

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

Result<Fragment> FromProto(const pb::DataFragment& from) {
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

std::string FormatUuid(const std::string& bytes) {
  std::string out;
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out.push_back('-');
    fmt::format_to(std::back_inserter(out), "{:02x}", static_cast<uint8_t>(bytes[i]));
  }
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

Result<std::optional<std::chrono::sys_time<std::chrono::nanoseconds>>> FromProto(const pb::Manifest& from) {
  if (!from.has_timestamp()) return std::nullopt;
  using namespace std::chrono;
  const int64_t max_seconds = INT64_MAX / 1'000'000'000 - 1;
  LANCE_CHECK_BYTES(from.timestamp().seconds() >= 0 && from.timestamp().seconds() <= max_seconds,
                    "the timestamp of {} seconds is out of range", from.timestamp().seconds());
  return sys_time<nanoseconds>(seconds(from.timestamp().seconds()) + nanoseconds(from.timestamp().nanos()));
}

Result<std::shared_ptr<Manifest>> FromProtoManifest(const pb::Manifest& from) {
  auto out = std::make_shared<Manifest>();
  ARROW_ASSIGN_OR_RAISE(out->schema, schema::FromProto(from.fields(), from.schema_metadata()));
  out->fragments.reserve(from.fragments_size());
  for (const pb::DataFragment& fragment : from.fragments()) {
    ARROW_ASSIGN_OR_RAISE(Fragment parsed, FromProto(fragment));
    // What an overlay changes would be read as it was before: refuse even without the feature flag.
    if (fragment.overlays_size() > 0) return NotSupported("data overlay files (fragment {})", parsed.id);
    out->fragments.push_back(std::move(parsed));
  }
  out->version = from.version();
  if (from.has_index_section()) out->index_section = from.index_section();
  if (from.has_transaction_section()) {
    out->transaction_section = from.transaction_section();
  } else if (from.has_transaction_section_deprecated()) {
    out->transaction_section = from.transaction_section_deprecated();
  }
  out->transaction_file = from.transaction_file();
  ARROW_ASSIGN_OR_RAISE(out->timestamp, FromProto(from));
  out->tag = from.tag();
  out->reader_feature_flags = from.reader_feature_flags();
  out->writer_feature_flags = from.writer_feature_flags();
  if (from.has_max_fragment_id()) out->max_fragment_id = from.max_fragment_id();
  if (from.has_writer_version()) {
    const pb::Manifest::WriterVersion& writer = from.writer_version();
    out->writer_version = WriterVersion{writer.library(), writer.version(), {}, {}};
    if (writer.has_prerelease()) out->writer_version->prerelease = writer.prerelease();
    if (writer.has_build_metadata()) out->writer_version->build_metadata = writer.build_metadata();
  }
  out->next_row_id = from.next_row_id();
  out->file_format = from.has_data_format() ? from.data_format().file_format() : "lance";
  if (from.has_data_format()) out->data_storage_version = from.data_format().version();
  out->config = ToMap(from.config());
  for (const pb::BasePath& base : from.base_paths()) {
    out->base_paths.push_back({base.id(), base.has_name() ? std::optional(base.name()) : std::nullopt,
                               base.is_dataset_root(), base.path()});
  }
  out->table_metadata = ToMap(from.table_metadata());
  if (from.has_branch()) out->branch = from.branch();
  if (from.has_max_allocated_field_id()) out->max_allocated_field_id = from.max_allocated_field_id();
  if (!from.has_data_format()) {
    ARROW_ASSIGN_OR_RAISE(out->data_storage_version, InferStorageVersion(*out));
  }
  return out;
}

}  // namespace

Result<std::shared_ptr<Manifest>> ParseManifest(std::span<const uint8_t> bytes) {
  // Thousands of small messages: one arena instead of as many allocations.
  google::protobuf::Arena arena;
  auto* from = google::protobuf::Arena::CreateMessage<pb::Manifest>(&arena);
  ARROW_RETURN_NOT_OK(ParseMessage(bytes, "the manifest", from));
  return FromProtoManifest(*from);
}

Result<std::vector<IndexMetadata>> ParseIndexSection(std::span<const uint8_t> bytes) {
  pb::IndexSection from;
  ARROW_RETURN_NOT_OK(ParseMessage(bytes, "the index section", &from));
  std::vector<IndexMetadata> out;
  out.reserve(from.indices_size());
  for (const pb::IndexMetadata& index : from.indices()) {
    ARROW_ASSIGN_OR_RAISE(IndexMetadata parsed, FromProto(index));
    out.push_back(std::move(parsed));
  }
  return out;
}

}  // namespace lance::table
