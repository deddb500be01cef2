#include "lance/table/manifest_serde.h"

#include <google/protobuf/arena.h>

#include "lance/schema/schema_serde.h"
#include "lance/table/parse_message.h"
#include "lance/table/storage_version.h"
#include "lance/table/table_proto.h"

namespace lance::table {
namespace {

Result<std::optional<std::chrono::sys_time<std::chrono::nanoseconds>>> TimestampOf(const pb::Manifest& from) {
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
  ARROW_ASSIGN_OR_RAISE(out->timestamp, TimestampOf(from));
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
    out->base_paths.push_back(FromProto(base));
  }
  out->table_metadata = ToMap(from.table_metadata());
  if (from.has_branch()) out->branch = from.branch();
  if (from.has_max_allocated_field_id()) out->max_allocated_field_id = from.max_allocated_field_id();
  if (!from.has_data_format()) {
    ARROW_ASSIGN_OR_RAISE(out->data_storage_version, InferStorageVersion(*out));
  }
  return out;
}

void WriteTimestamp(std::chrono::sys_time<std::chrono::nanoseconds> from, pb::Timestamp* to) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(from);
  to->set_seconds(seconds.time_since_epoch().count());
  to->set_nanos(static_cast<int32_t>((from - seconds).count()));
}

void ToProtoManifest(const Manifest& from, pb::Manifest* to) {
  schema::ToProto(from.schema, to->mutable_fields(), to->mutable_schema_metadata());
  to->mutable_fragments()->Reserve(static_cast<int>(from.fragments.size()));
  for (const Fragment& fragment : from.fragments) ToProto(fragment, to->add_fragments());
  to->set_version(from.version);
  if (from.index_section) to->set_index_section(*from.index_section);
  if (from.transaction_section) to->set_transaction_section(*from.transaction_section);
  to->set_transaction_file(from.transaction_file);
  if (from.timestamp) WriteTimestamp(*from.timestamp, to->mutable_timestamp());
  to->set_tag(from.tag);
  to->set_reader_feature_flags(from.reader_feature_flags);
  to->set_writer_feature_flags(from.writer_feature_flags);
  if (from.max_fragment_id) to->set_max_fragment_id(*from.max_fragment_id);
  if (from.writer_version) {
    pb::Manifest::WriterVersion* writer = to->mutable_writer_version();
    writer->set_library(from.writer_version->library);
    writer->set_version(from.writer_version->version);
    if (from.writer_version->prerelease) writer->set_prerelease(*from.writer_version->prerelease);
    if (from.writer_version->build_metadata) writer->set_build_metadata(*from.writer_version->build_metadata);
  }
  to->set_next_row_id(from.next_row_id);
  to->mutable_data_format()->set_file_format(from.file_format);
  to->mutable_data_format()->set_version(from.data_storage_version);
  for (const auto& [key, value] : from.config) (*to->mutable_config())[key] = value;
  for (const BasePath& base : from.base_paths) ToProto(base, to->add_base_paths());
  for (const auto& [key, value] : from.table_metadata) (*to->mutable_table_metadata())[key] = value;
  if (from.branch) to->set_branch(*from.branch);
  if (from.max_allocated_field_id) to->set_max_allocated_field_id(*from.max_allocated_field_id);
}

}  // namespace

Result<std::shared_ptr<Manifest>> ParseManifest(std::span<const uint8_t> bytes) {
  // Thousands of small messages: one arena instead of as many allocations.
  google::protobuf::Arena arena;
  auto* from = google::protobuf::Arena::CreateMessage<pb::Manifest>(&arena);
  ARROW_RETURN_NOT_OK(ParseMessage(bytes, "the manifest", from));
  return FromProtoManifest(*from);
}

Result<Fragment> ParseFragment(std::span<const uint8_t> bytes) {
  pb::DataFragment from;
  ARROW_RETURN_NOT_OK(ParseMessage(bytes, "a fragment of the manifest", &from));
  return FromProto(from);
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

Result<std::string> SerializeManifest(const Manifest& manifest) {
  google::protobuf::Arena arena;
  auto* to = google::protobuf::Arena::CreateMessage<pb::Manifest>(&arena);
  ToProtoManifest(manifest, to);
  std::string out;
  if (!to->SerializeToString(&out)) return ResourceExhausted("the manifest does not fit 2 GiB");
  return out;
}

Result<std::string> SerializeIndexSection(std::span<const IndexMetadata> indices) {
  pb::IndexSection to;
  for (const IndexMetadata& index : indices) ARROW_RETURN_NOT_OK(ToProto(index, to.add_indices()));
  std::string out;
  if (!to.SerializeToString(&out)) return ResourceExhausted("the index section does not fit 2 GiB");
  return out;
}

}  // namespace lance::table
