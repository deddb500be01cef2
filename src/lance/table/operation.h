#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "lance/schema/schema.h"
#include "lance/table/manifest.h"

// What a commit does to a table: one struct for each operation of the transaction message.
namespace lance::table::operation {

/// New rows at the end. Fragment ids are given by the commit.
struct Append {
  std::vector<Fragment> fragments;
};
struct Delete {
  std::vector<Fragment> updated_fragments;  ///< with new deletion files
  std::vector<uint64_t> deleted_fragment_ids;
  std::string predicate;
};
/// Replaces everything but the config; also the first commit of a table.
struct Overwrite {
  std::vector<Fragment> fragments;
  schema::Schema schema;
  std::map<std::string, std::string> config_upserts;
  std::vector<BasePath> initial_bases;
};
struct CreateIndex {
  std::vector<IndexMetadata> new_indices;
  std::vector<IndexMetadata> removed_indices;
};
/// The same rows in other files.
struct Rewrite {
  struct Group {
    std::vector<Fragment> old_fragments;
    std::vector<Fragment> new_fragments;
  };
  struct Index {
    std::string old_id;
    std::string new_id;
    std::string details_type_url;
    std::string details;
    uint32_t index_version = 0;
    std::vector<IndexFile> files;
  };
  std::vector<Group> groups;
  std::vector<Index> rewritten_indices;
  std::optional<IndexMetadata> fragment_reuse_index;  ///< not part of the message
};
/// New schema with new column files.
struct Merge {
  std::vector<Fragment> fragments;
  schema::Schema schema;
  bool preserves_nullability = false;
};
struct Restore {
  uint64_t version = 0;
};
struct ReserveFragments {
  uint32_t num_fragments = 0;
};
struct CompactedSsTable {
  std::string shard_id;
  uint64_t generation = 0;
};
/// Keys that an upsert inserted: two upserts that may have inserted the same key conflict.
struct KeyExistenceFilter {
  std::vector<int32_t> field_ids;
  std::vector<uint64_t> exact_hashes;  ///< used when `bloom` is empty
  std::string bloom;
  uint32_t bloom_num_bits = 0;
  uint64_t bloom_num_items = 0;
  double bloom_probability = 0;
};
struct Update {
  enum class Mode { kRewriteRows, kRewriteColumns };
  std::vector<uint64_t> removed_fragment_ids;
  std::vector<Fragment> updated_fragments;
  std::vector<Fragment> new_fragments;
  std::vector<uint32_t> fields_modified;
  std::vector<CompactedSsTable> compacted_sstables;
  std::vector<uint32_t> fields_for_preserving_frag_bitmap;
  Mode mode = Mode::kRewriteRows;
  std::optional<KeyExistenceFilter> inserted_rows;
  std::map<uint64_t, std::string> updated_fragment_offset_bitmaps;  ///< portable Roaring
};
/// Columns dropped, renamed, reordered or made nullable: no data changes.
struct Project {
  schema::Schema schema;
  bool preserves_nullability = false;
};
/// Entries to set (or, without a value, to remove); `replace` drops all others.
struct UpdateMap {
  std::vector<std::pair<std::string, std::optional<std::string>>> entries;
  bool replace = false;
};
struct UpdateConfig {
  std::optional<UpdateMap> config;
  std::optional<UpdateMap> table_metadata;
  std::optional<UpdateMap> schema_metadata;
  std::map<int32_t, UpdateMap> field_metadata;
};
struct DataReplacement {
  struct Group {
    uint64_t fragment_id = 0;
    DataFile new_file;
  };
  std::vector<Group> replacements;
};
struct UpdateMemWalState {
  std::vector<CompactedSsTable> compacted_sstables;
};
struct Clone {
  bool is_shallow = true;
  std::optional<std::string> ref_name;
  uint64_t ref_version = 0;
  std::string ref_path;
  std::optional<std::string> branch_name;
};
struct UpdateBases {
  std::vector<BasePath> new_bases;
};
/// An operation of a newer release, or one that we refuse (DataOverlay): never rebased over.
struct Unknown {
  uint32_t number = 0;
};

}  // namespace lance::table::operation

namespace lance::table {

using Operation = std::variant<operation::Unknown, operation::Append, operation::Delete, operation::Overwrite,
                               operation::CreateIndex, operation::Rewrite, operation::Merge,
                               operation::Restore, operation::ReserveFragments, operation::Update,
                               operation::Project, operation::UpdateConfig, operation::DataReplacement,
                               operation::UpdateMemWalState, operation::Clone, operation::UpdateBases>;

}  // namespace lance::table
