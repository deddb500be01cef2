#include "lance/base/uuid.h"
#include "lance/proto/transaction.pb.h"
#include "lance/schema/schema_serde.h"
#include "lance/table/operation_proto.h"
#include "lance/table/roaring_runs.h"
#include "lance/table/table_proto.h"

namespace lance::table {
namespace {

template <typename Messages>
Result<std::vector<Fragment>> Fragments(const Messages& from) {
  std::vector<Fragment> out;
  out.reserve(from.size());
  for (const pb::DataFragment& fragment : from) {
    ARROW_ASSIGN_OR_RAISE(Fragment parsed, FromProto(fragment));
    out.push_back(std::move(parsed));
  }
  return out;
}

template <typename Messages>
Result<std::vector<IndexMetadata>> Indices(const Messages& from) {
  std::vector<IndexMetadata> out;
  for (const pb::IndexMetadata& index : from) {
    ARROW_ASSIGN_OR_RAISE(IndexMetadata parsed, FromProto(index));
    out.push_back(std::move(parsed));
  }
  return out;
}

template <typename Messages>
std::vector<BasePath> Bases(const Messages& from) {
  std::vector<BasePath> out;
  for (const pb::BasePath& base : from) out.push_back(FromProto(base));
  return out;
}

Result<std::string> Uuid(const pb::Uuid& from, const char* what) {
  LANCE_CHECK_BYTES(from.uuid().size() == 16, "the {} of a transaction has {} bytes instead of 16", what,
                    from.uuid().size());
  return FormatUuid(from.uuid());
}

template <typename Messages>
Result<std::vector<operation::CompactedSsTable>> SsTables(const Messages& from) {
  std::vector<operation::CompactedSsTable> out;
  for (const pb::CompactedSsTable& table : from) {
    ARROW_ASSIGN_OR_RAISE(std::string shard, Uuid(table.shard_id(), "shard id"));
    out.push_back({std::move(shard), table.generation()});
  }
  return out;
}

Result<Operation> FromProto(const pb::Transaction::Overwrite& from) {
  operation::Overwrite out;
  ARROW_ASSIGN_OR_RAISE(out.fragments, Fragments(from.fragments()));
  ARROW_ASSIGN_OR_RAISE(out.schema, schema::FromProto(from.schema(), from.schema_metadata()));
  out.config_upserts = ToMap(from.config_upsert_values());
  out.initial_bases = Bases(from.initial_bases());
  return out;
}

Result<Operation> FromProto(const pb::Transaction::Rewrite& from) {
  operation::Rewrite out;
  for (const auto& group : from.groups()) {
    operation::Rewrite::Group& added = out.groups.emplace_back();
    ARROW_ASSIGN_OR_RAISE(added.old_fragments, Fragments(group.old_fragments()));
    ARROW_ASSIGN_OR_RAISE(added.new_fragments, Fragments(group.new_fragments()));
  }
  if (from.groups_size() == 0) {
    operation::Rewrite::Group& added = out.groups.emplace_back();
    ARROW_ASSIGN_OR_RAISE(added.old_fragments, Fragments(from.old_fragments()));
    ARROW_ASSIGN_OR_RAISE(added.new_fragments, Fragments(from.new_fragments()));
  }
  for (const auto& index : from.rewritten_indices()) {
    operation::Rewrite::Index& added = out.rewritten_indices.emplace_back();
    ARROW_ASSIGN_OR_RAISE(added.old_id, Uuid(index.old_id(), "old index id"));
    ARROW_ASSIGN_OR_RAISE(added.new_id, Uuid(index.new_id(), "new index id"));
    added.details_type_url = index.new_index_details().type_url();
    added.details = index.new_index_details().value();
    added.index_version = index.new_index_version();
    for (const auto& file : index.new_index_files()) added.files.push_back({file.path(), file.size_bytes()});
  }
  return out;
}

Result<Operation> FromProto(const pb::Transaction::Merge& from) {
  operation::Merge out;
  ARROW_ASSIGN_OR_RAISE(out.fragments, Fragments(from.fragments()));
  ARROW_ASSIGN_OR_RAISE(out.schema, schema::FromProto(from.schema(), from.schema_metadata()));
  out.preserves_nullability = from.preserves_nullability();
  return out;
}

operation::KeyExistenceFilter FromProto(const pb::KeyExistenceFilter& from) {
  operation::KeyExistenceFilter out;
  out.field_ids.assign(from.field_ids().begin(), from.field_ids().end());
  out.exact_hashes.assign(from.exact().key_hashes().begin(), from.exact().key_hashes().end());
  if (from.has_bloom()) {
    out.bloom = from.bloom().bitmap();
    out.bloom_num_bits = from.bloom().num_bits();
    out.bloom_num_items = from.bloom().number_of_items();
    out.bloom_probability = from.bloom().probability();
  }
  return out;
}

std::map<uint64_t, std::string> UpdatedOffsets(const pb::Transaction::Update& from) {
  std::map<uint64_t, std::string> out;
  for (const auto& [fragment, bitmap] : from.updated_fragment_offset_bitmaps()) {
    if (!bitmap.empty()) out[fragment] = bitmap;
  }
  if (from.updated_fragment_offset_bitmaps_size() > 0) return out;
  for (const auto& [fragment, list] : from.updated_fragment_offsets()) {
    if (list.values().empty()) continue;
    std::vector<uint32_t> offsets(list.values().begin(), list.values().end());
    std::sort(offsets.begin(), offsets.end());
    offsets.erase(std::unique(offsets.begin(), offsets.end()), offsets.end());
    RowRanges ranges;
    for (const uint32_t offset : offsets) AppendRange(&ranges, {offset, 1});
    out[fragment] = SerializeRoaring(ranges, /*runs=*/false);
  }
  return out;
}

Result<Operation> FromProto(const pb::Transaction::Update& from) {
  operation::Update out;
  out.removed_fragment_ids.assign(from.removed_fragment_ids().begin(), from.removed_fragment_ids().end());
  ARROW_ASSIGN_OR_RAISE(out.updated_fragments, Fragments(from.updated_fragments()));
  ARROW_ASSIGN_OR_RAISE(out.new_fragments, Fragments(from.new_fragments()));
  out.fields_modified.assign(from.fields_modified().begin(), from.fields_modified().end());
  ARROW_ASSIGN_OR_RAISE(out.compacted_sstables, SsTables(from.compacted_sstables()));
  out.fields_for_preserving_frag_bitmap.assign(from.fields_for_preserving_frag_bitmap().begin(),
                                               from.fields_for_preserving_frag_bitmap().end());
  out.mode = from.update_mode() == pb::Transaction::REWRITE_COLUMNS ? operation::Update::Mode::kRewriteColumns
                                                                    : operation::Update::Mode::kRewriteRows;
  if (from.has_inserted_rows()) out.inserted_rows = FromProto(from.inserted_rows());
  out.updated_fragment_offset_bitmaps = UpdatedOffsets(from);
  return out;
}

operation::UpdateMap FromProto(const pb::Transaction::UpdateMap& from) {
  operation::UpdateMap out;
  for (const auto& entry : from.update_entries()) {
    out.entries.emplace_back(entry.key(), entry.has_value() ? std::optional(entry.value()) : std::nullopt);
  }
  out.replace = from.replace();
  return out;
}

// What releases before update maps wrote: metadata as a whole.
template <typename Strings>
operation::UpdateMap ReplaceAll(const Strings& from) {
  operation::UpdateMap out;
  for (const auto& [key, value] : from) out.entries.emplace_back(key, value);
  out.replace = true;
  return out;
}

operation::UpdateConfig FromLegacy(const pb::Transaction::UpdateConfig& from) {
  operation::UpdateConfig out;
  if (from.upsert_values_size() > 0 || from.delete_keys_size() > 0) {
    operation::UpdateMap& config = out.config.emplace();
    for (const auto& [key, value] : from.upsert_values()) config.entries.emplace_back(key, value);
    for (const auto& key : from.delete_keys()) config.entries.emplace_back(key, std::nullopt);
  }
  if (from.schema_metadata_size() > 0) out.schema_metadata = ReplaceAll(from.schema_metadata());
  for (const auto& [field, metadata] : from.field_metadata()) {
    out.field_metadata[static_cast<int32_t>(field)] = ReplaceAll(metadata.metadata());
  }
  return out;
}

Result<Operation> FromProto(const pb::Transaction::UpdateConfig& from) {
  const bool is_new = from.has_config_updates() || from.has_table_metadata_updates() ||
                      from.has_schema_metadata_updates() || from.field_metadata_updates_size() > 0;
  const bool is_old = from.upsert_values_size() > 0 || from.delete_keys_size() > 0 ||
                      from.schema_metadata_size() > 0 || from.field_metadata_size() > 0;
  LANCE_CHECK_BYTES(!is_new || !is_old, "an UpdateConfig operation mixes old and new fields");
  if (is_old) return FromLegacy(from);
  operation::UpdateConfig out;
  if (from.has_config_updates()) out.config = FromProto(from.config_updates());
  if (from.has_table_metadata_updates()) out.table_metadata = FromProto(from.table_metadata_updates());
  if (from.has_schema_metadata_updates()) out.schema_metadata = FromProto(from.schema_metadata_updates());
  for (const auto& [field, map] : from.field_metadata_updates()) out.field_metadata[field] = FromProto(map);
  return out;
}

Result<Operation> FromProto(const pb::Transaction::Clone& from) {
  operation::Clone out;
  out.is_shallow = from.is_shallow();
  if (from.has_ref_name()) out.ref_name = from.ref_name();
  out.ref_version = from.ref_version();
  out.ref_path = from.ref_path();
  if (from.has_branch_name()) out.branch_name = from.branch_name();
  return out;
}

Result<Operation> SmallFromProto(const pb::Transaction& from) {
  switch (from.operation_case()) {
    case pb::Transaction::kAppend: {
      ARROW_ASSIGN_OR_RAISE(auto fragments, Fragments(from.append().fragments()));
      return operation::Append{std::move(fragments)};
    }
    case pb::Transaction::kDelete: {
      operation::Delete out;
      ARROW_ASSIGN_OR_RAISE(out.updated_fragments, Fragments(from.delete_().updated_fragments()));
      out.deleted_fragment_ids.assign(from.delete_().deleted_fragment_ids().begin(),
                                      from.delete_().deleted_fragment_ids().end());
      out.predicate = from.delete_().predicate();
      return out;
    }
    case pb::Transaction::kCreateIndex: {
      operation::CreateIndex out;
      ARROW_ASSIGN_OR_RAISE(out.new_indices, Indices(from.create_index().new_indices()));
      ARROW_ASSIGN_OR_RAISE(out.removed_indices, Indices(from.create_index().removed_indices()));
      return out;
    }
    case pb::Transaction::kProject: {
      operation::Project out;
      ARROW_ASSIGN_OR_RAISE(out.schema, schema::FromProto(from.project().schema(), {}));
      out.preserves_nullability = from.project().preserves_nullability();
      return out;
    }
    case pb::Transaction::kDataReplacement: {
      operation::DataReplacement out;
      for (const auto& group : from.data_replacement().replacements()) {
        LANCE_CHECK_BYTES(group.has_new_file(), "a DataReplacement group has no file");
        out.replacements.push_back({group.fragment_id(), table::FromProto(group.new_file())});
      }
      return out;
    }
    case pb::Transaction::kUpdateMemWalState: {
      ARROW_ASSIGN_OR_RAISE(auto tables, SsTables(from.update_mem_wal_state().compacted_sstables()));
      return operation::UpdateMemWalState{std::move(tables)};
    }
    case pb::Transaction::kRestore:
      return operation::Restore{from.restore().version()};
    case pb::Transaction::kReserveFragments:
      return operation::ReserveFragments{from.reserve_fragments().num_fragments()};
    case pb::Transaction::kUpdateBases:
      return operation::UpdateBases{Bases(from.update_bases().new_bases())};
    default:
      return NotSupported("operation {} of a transaction", static_cast<int>(from.operation_case()));
  }
}

}  // namespace

Result<Operation> OperationFromProto(const pb::Transaction& from) {
  switch (from.operation_case()) {
    case pb::Transaction::kOverwrite:
      return FromProto(from.overwrite());
    case pb::Transaction::kRewrite:
      return FromProto(from.rewrite());
    case pb::Transaction::kMerge:
      return FromProto(from.merge());
    case pb::Transaction::kUpdate:
      return FromProto(from.update());
    case pb::Transaction::kUpdateConfig:
      return FromProto(from.update_config());
    case pb::Transaction::kClone:
      return FromProto(from.clone());
    default:
      return SmallFromProto(from);
  }
}

}  // namespace lance::table
