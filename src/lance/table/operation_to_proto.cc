#include "lance/base/uuid.h"
#include "lance/proto/transaction.pb.h"
#include "lance/schema/schema_serde.h"
#include "lance/table/operation_proto.h"
#include "lance/table/table_proto.h"

namespace lance::table {
namespace {

template <typename Messages>
void Add(const std::vector<Fragment>& from, Messages* to) {
  for (const Fragment& fragment : from) ToProto(fragment, to->Add());
}

template <typename Messages>
Status Add(const std::vector<IndexMetadata>& from, Messages* to) {
  for (const IndexMetadata& index : from) ARROW_RETURN_NOT_OK(ToProto(index, to->Add()));
  return Status::OK();
}

template <typename Messages>
void Add(const std::vector<BasePath>& from, Messages* to) {
  for (const BasePath& base : from) ToProto(base, to->Add());
}

template <typename Messages>
Status Add(const std::vector<operation::CompactedSsTable>& from, Messages* to) {
  for (const operation::CompactedSsTable& table : from) {
    pb::CompactedSsTable* added = to->Add();
    ARROW_ASSIGN_OR_RAISE(*added->mutable_shard_id()->mutable_uuid(), ParseUuid(table.shard_id));
    added->set_generation(table.generation);
  }
  return Status::OK();
}

// Fields only, as the reference does: the metadata of the schema is in the manifest.
template <typename Messages>
void Add(const schema::Schema& from, Messages* to) {
  google::protobuf::Map<std::string, std::string> metadata;
  schema::ToProto(from, to, &metadata);
}

void ToProto(const operation::UpdateMap& from, pb::Transaction::UpdateMap* to) {
  for (const auto& [key, value] : from.entries) {
    auto* entry = to->add_update_entries();
    entry->set_key(key);
    if (value) entry->set_value(*value);
  }
  to->set_replace(from.replace);
}

void ToProto(const operation::KeyExistenceFilter& from, pb::KeyExistenceFilter* to) {
  to->mutable_field_ids()->Assign(from.field_ids.begin(), from.field_ids.end());
  if (from.bloom.empty()) {
    to->mutable_exact()->mutable_key_hashes()->Assign(from.exact_hashes.begin(), from.exact_hashes.end());
    return;
  }
  to->mutable_bloom()->set_bitmap(from.bloom);
  to->mutable_bloom()->set_num_bits(from.bloom_num_bits);
  to->mutable_bloom()->set_number_of_items(from.bloom_num_items);
  to->mutable_bloom()->set_probability(from.bloom_probability);
}

// One function for each operation.
struct Writer {
  pb::Transaction* to;

  Status operator()(const operation::Unknown& from) const {
    return NotSupported(
        "an operation written by a newer release cannot be committed (operation {} of a transaction)",
        from.number);
  }
  Status operator()(const operation::Append& from) const {
    Add(from.fragments, to->mutable_append()->mutable_fragments());
    return Status::OK();
  }
  Status operator()(const operation::Delete& from) const {
    pb::Transaction::Delete* out = to->mutable_delete_();
    Add(from.updated_fragments, out->mutable_updated_fragments());
    out->mutable_deleted_fragment_ids()->Assign(from.deleted_fragment_ids.begin(),
                                                from.deleted_fragment_ids.end());
    out->set_predicate(from.predicate);
    return Status::OK();
  }
  Status operator()(const operation::Overwrite& from) const {
    pb::Transaction::Overwrite* out = to->mutable_overwrite();
    Add(from.fragments, out->mutable_fragments());
    Add(from.schema, out->mutable_schema());
    for (const auto& [key, value] : from.config_upserts) (*out->mutable_config_upsert_values())[key] = value;
    Add(from.initial_bases, out->mutable_initial_bases());
    return Status::OK();
  }
  Status operator()(const operation::CreateIndex& from) const {
    pb::Transaction::CreateIndex* out = to->mutable_create_index();
    ARROW_RETURN_NOT_OK(Add(from.new_indices, out->mutable_new_indices()));
    return Add(from.removed_indices, out->mutable_removed_indices());
  }
  Status operator()(const operation::Rewrite& from) const {
    pb::Transaction::Rewrite* out = to->mutable_rewrite();
    for (const operation::Rewrite::Group& group : from.groups) {
      auto* added = out->add_groups();
      Add(group.old_fragments, added->mutable_old_fragments());
      Add(group.new_fragments, added->mutable_new_fragments());
    }
    for (const operation::Rewrite::Index& index : from.rewritten_indices) {
      auto* added = out->add_rewritten_indices();
      ARROW_ASSIGN_OR_RAISE(*added->mutable_old_id()->mutable_uuid(), ParseUuid(index.old_id));
      ARROW_ASSIGN_OR_RAISE(*added->mutable_new_id()->mutable_uuid(), ParseUuid(index.new_id));
      added->mutable_new_index_details()->set_type_url(index.details_type_url);
      added->mutable_new_index_details()->set_value(index.details);
      added->set_new_index_version(index.index_version);
      for (const IndexFile& file : index.files) {
        auto* to_file = added->add_new_index_files();
        to_file->set_path(file.path);
        to_file->set_size_bytes(file.size_bytes);
      }
    }
    return Status::OK();
  }
  Status operator()(const operation::Merge& from) const {
    pb::Transaction::Merge* out = to->mutable_merge();
    Add(from.fragments, out->mutable_fragments());
    Add(from.schema, out->mutable_schema());
    out->set_preserves_nullability(from.preserves_nullability);
    return Status::OK();
  }
  Status operator()(const operation::Restore& from) const {
    to->mutable_restore()->set_version(from.version);
    return Status::OK();
  }
  Status operator()(const operation::ReserveFragments& from) const {
    to->mutable_reserve_fragments()->set_num_fragments(from.num_fragments);
    return Status::OK();
  }
  Status operator()(const operation::Update& from) const {
    pb::Transaction::Update* out = to->mutable_update();
    out->mutable_removed_fragment_ids()->Assign(from.removed_fragment_ids.begin(),
                                                from.removed_fragment_ids.end());
    Add(from.updated_fragments, out->mutable_updated_fragments());
    Add(from.new_fragments, out->mutable_new_fragments());
    out->mutable_fields_modified()->Assign(from.fields_modified.begin(), from.fields_modified.end());
    ARROW_RETURN_NOT_OK(Add(from.compacted_sstables, out->mutable_compacted_sstables()));
    out->mutable_fields_for_preserving_frag_bitmap()->Assign(from.fields_for_preserving_frag_bitmap.begin(),
                                                             from.fields_for_preserving_frag_bitmap.end());
    out->set_update_mode(from.mode == operation::Update::Mode::kRewriteColumns
                             ? pb::Transaction::REWRITE_COLUMNS
                             : pb::Transaction::REWRITE_ROWS);
    if (from.inserted_rows) ToProto(*from.inserted_rows, out->mutable_inserted_rows());
    for (const auto& [fragment, bitmap] : from.updated_fragment_offset_bitmaps) {
      (*out->mutable_updated_fragment_offset_bitmaps())[fragment] = bitmap;
    }
    return Status::OK();
  }
  Status operator()(const operation::Project& from) const {
    Add(from.schema, to->mutable_project()->mutable_schema());
    to->mutable_project()->set_preserves_nullability(from.preserves_nullability);
    return Status::OK();
  }
  Status operator()(const operation::UpdateConfig& from) const {
    pb::Transaction::UpdateConfig* out = to->mutable_update_config();
    if (from.config) ToProto(*from.config, out->mutable_config_updates());
    if (from.table_metadata) ToProto(*from.table_metadata, out->mutable_table_metadata_updates());
    if (from.schema_metadata) ToProto(*from.schema_metadata, out->mutable_schema_metadata_updates());
    for (const auto& [field, map] : from.field_metadata) {
      ToProto(map, &(*out->mutable_field_metadata_updates())[field]);
    }
    return Status::OK();
  }
  Status operator()(const operation::DataReplacement& from) const {
    pb::Transaction::DataReplacement* out = to->mutable_data_replacement();
    for (const operation::DataReplacement::Group& group : from.replacements) {
      auto* added = out->add_replacements();
      added->set_fragment_id(group.fragment_id);
      ToProto(group.new_file, added->mutable_new_file());
    }
    return Status::OK();
  }
  Status operator()(const operation::UpdateMemWalState& from) const {
    return Add(from.compacted_sstables, to->mutable_update_mem_wal_state()->mutable_compacted_sstables());
  }
  Status operator()(const operation::Clone& from) const {
    pb::Transaction::Clone* out = to->mutable_clone();
    out->set_is_shallow(from.is_shallow);
    if (from.ref_name) out->set_ref_name(*from.ref_name);
    out->set_ref_version(from.ref_version);
    out->set_ref_path(from.ref_path);
    if (from.branch_name) out->set_branch_name(*from.branch_name);
    return Status::OK();
  }
  Status operator()(const operation::UpdateBases& from) const {
    Add(from.new_bases, to->mutable_update_bases()->mutable_new_bases());
    return Status::OK();
  }
};

}  // namespace

Status OperationToProto(const Operation& from, pb::Transaction* to) { return std::visit(Writer{to}, from); }

}  // namespace lance::table
