// Which commits can follow which. The table is the reference's (its document of conflict rules and its
// resolver): a cell that this library decides otherwise says so.
#include "lance/table/conflict.h"

#include <algorithm>
#include <set>
#include <unordered_set>

#include "lance/table/fragment_set.h"
#include "lance/table/index_maintenance.h"

namespace lance::table {
namespace {

using operation::Append;
using operation::Clone;
using operation::CreateIndex;
using operation::DataReplacement;
using operation::Delete;
using operation::Merge;
using operation::Overwrite;
using operation::Project;
using operation::ReserveFragments;
using operation::Restore;
using operation::Rewrite;
using operation::Unknown;
using operation::Update;
using operation::UpdateBases;
using operation::UpdateConfig;
using operation::UpdateMemWalState;

constexpr Verdict kOk = Verdict::kCompatible;
constexpr Verdict kRetry = Verdict::kRetryable;
constexpr Verdict kNever = Verdict::kIncompatible;

template <typename... Kinds>
bool IsAny(const Operation& operation) {
  return (std::holds_alternative<Kinds>(operation) || ...);
}

using Ids = std::unordered_set<uint64_t>;

// The fragments whose rows or files an operation changes or removes.
Ids TouchedBy(const Operation& operation) {
  Ids out;
  if (const auto* update = std::get_if<Update>(&operation)) {
    out.insert(update->removed_fragment_ids.begin(), update->removed_fragment_ids.end());
    for (const Fragment& fragment : update->updated_fragments) out.insert(fragment.id);
  } else if (const auto* removal = std::get_if<Delete>(&operation)) {
    out.insert(removal->deleted_fragment_ids.begin(), removal->deleted_fragment_ids.end());
    for (const Fragment& fragment : removal->updated_fragments) out.insert(fragment.id);
  } else if (const auto* rewrite = std::get_if<Rewrite>(&operation)) {
    for (const Rewrite::Group& group : rewrite->groups) {
      for (const Fragment& fragment : group.old_fragments) out.insert(fragment.id);
    }
  } else if (const auto* replacement = std::get_if<DataReplacement>(&operation)) {
    for (const DataReplacement::Group& group : replacement->replacements) out.insert(group.fragment_id);
  }
  return out;
}

bool Overlap(const Ids& a, const Ids& b) {
  return std::any_of(a.begin(), a.end(), [&](uint64_t id) { return b.contains(id); });
}

bool MayAlterNullability(const Operation& operation) {
  if (const auto* project = std::get_if<Project>(&operation)) return !project->preserves_nullability;
  if (const auto* merge = std::get_if<Merge>(&operation)) return !merge->preserves_nullability;
  return false;
}

bool SuppliesValues(const Operation& operation) { return IsAny<Append, Update, DataReplacement>(operation); }

bool ChangesMetadata(const operation::UpdateMap& update) { return update.replace || !update.entries.empty(); }

bool UpdatesSchemaMetadata(const Operation& operation) {
  const auto* update = std::get_if<UpdateConfig>(&operation);
  if (update == nullptr) return false;
  return (update->schema_metadata && ChangesMetadata(*update->schema_metadata)) ||
         std::any_of(update->field_metadata.begin(), update->field_metadata.end(),
                     [](const auto& field) { return ChangesMetadata(field.second); });
}

struct ConfigKeys {
  std::set<std::string> set;
  std::set<std::string> removed;
};

ConfigKeys ConfigKeysOf(const Operation& operation) {
  ConfigKeys out;
  if (const auto* overwrite = std::get_if<Overwrite>(&operation)) {
    for (const auto& [key, value] : overwrite->config_upserts) out.set.insert(key);
  }
  if (const auto* update = std::get_if<UpdateConfig>(&operation); update != nullptr && update->config) {
    for (const auto& [key, value] : update->config->entries) (value ? out.set : out.removed).insert(key);
  }
  return out;
}

bool SameConfigKeys(const Operation& a, const Operation& b) {
  const ConfigKeys ours = ConfigKeysOf(a), theirs = ConfigKeysOf(b);
  const auto any_in = [](const std::set<std::string>& keys, const std::set<std::string>& others) {
    return std::any_of(keys.begin(), keys.end(), [&](const auto& key) { return others.contains(key); });
  };
  return any_in(ours.set, theirs.set) || any_in(ours.set, theirs.removed) || any_in(theirs.set, ours.removed);
}

bool SameMetadata(const UpdateConfig& ours, const UpdateConfig& theirs) {
  if (ours.table_metadata && theirs.table_metadata) {
    if (ours.table_metadata->replace || theirs.table_metadata->replace) return true;
    for (const auto& [key, value] : ours.table_metadata->entries) {
      for (const auto& [other, unused] : theirs.table_metadata->entries) {
        if (key == other) return true;
      }
    }
  }
  if (ours.schema_metadata && theirs.schema_metadata) return true;
  return std::any_of(ours.field_metadata.begin(), ours.field_metadata.end(),
                     [&](const auto& field) { return theirs.field_metadata.contains(field.first); });
}

// Whether two upserts may have inserted the same key. Filters that cannot be compared count as if they did.
bool MayShareKeys(const operation::KeyExistenceFilter& a, const operation::KeyExistenceFilter& b) {
  if (a.field_ids != b.field_ids || a.bloom.empty() != b.bloom.empty()) return true;
  if (a.bloom.empty()) {
    const std::unordered_set<uint64_t> keys(b.exact_hashes.begin(), b.exact_hashes.end());
    return std::any_of(a.exact_hashes.begin(), a.exact_hashes.end(),
                       [&](uint64_t hash) { return keys.contains(hash); });
  }
  if (a.bloom.size() != b.bloom.size() || a.bloom_num_items != b.bloom_num_items ||
      a.bloom_probability != b.bloom_probability) {
    return true;
  }
  for (size_t i = 0; i < a.bloom.size(); ++i) {
    if ((a.bloom[i] & b.bloom[i]) != 0) return true;
  }
  return false;
}

bool HasIndexNamed(const std::vector<IndexMetadata>& indices, std::string_view name) {
  return std::any_of(indices.begin(), indices.end(),
                     [&](const IndexMetadata& index) { return index.name == name; });
}

bool HasIndexOn(const std::vector<IndexMetadata>& indices, int32_t field) {
  return std::any_of(indices.begin(), indices.end(), [&](const IndexMetadata& index) {
    return std::find(index.fields.begin(), index.fields.end(), field) != index.fields.end();
  });
}

std::optional<FragmentSet> CoverageOf(const IndexMetadata& index) {
  if (!index.fragment_bitmap) return std::nullopt;
  auto parsed = FragmentSet::Parse(*index.fragment_bitmap);
  return parsed.ok() ? std::optional(std::move(*parsed)) : std::nullopt;
}

bool MovesRows(const Update& update) {
  return !update.new_fragments.empty() && update.mode == Update::Mode::kRewriteRows;
}

// Whether a Delete or Update leaves the files of `touched` fragments as they were.
bool OnlyDeletes(const Manifest& from, const Operation& theirs, const Ids& touched) {
  const auto* update = std::get_if<Update>(&theirs);
  const auto* removal = std::get_if<Delete>(&theirs);
  for (const Fragment& changed : update != nullptr ? update->updated_fragments : removal->updated_fragments) {
    if (!touched.contains(changed.id)) continue;
    for (const Fragment& before : from.fragments) {
      if (before.id == changed.id && before.files != changed.files) return false;
    }
  }
  return true;
}

// Deletes and updates over each other, and over what replaces fragments.
Verdict CheckRows(const Manifest& from, bool has_affected_rows, const Operation& theirs,
                  const Operation& ours) {
  const Ids touched = TouchedBy(ours);
  if (!Overlap(touched, TouchedBy(theirs))) return kOk;
  if (IsAny<Rewrite, DataReplacement>(theirs) || !has_affected_rows) return kRetry;
  const auto* update = std::get_if<Update>(&theirs);
  const auto* removal = std::get_if<Delete>(&theirs);
  for (const uint64_t id : update != nullptr ? update->removed_fragment_ids : removal->deleted_fragment_ids) {
    if (touched.contains(id)) return kRetry;
  }
  // New deletions can be merged, other files cannot.
  return OnlyDeletes(from, theirs, touched) ? kOk : kRetry;
}

Verdict CheckUpdate(const Manifest& from, bool has_affected_rows, const Operation& theirs,
                    const Operation& operation) {
  const auto& ours = std::get<Update>(operation);
  if (const auto* other = std::get_if<Update>(&theirs); other != nullptr && ours.inserted_rows) {
    if (!other->inserted_rows || MayShareKeys(*ours.inserted_rows, *other->inserted_rows)) return kRetry;
  }
  if (std::holds_alternative<Append>(theirs)) return ours.inserted_rows ? kRetry : kOk;
  if (const auto* project = std::get_if<Project>(&theirs)) {
    return std::any_of(
               ours.fields_modified.begin(), ours.fields_modified.end(),
               [&](uint32_t id) { return project->schema.FindById(static_cast<int32_t>(id)) == nullptr; })
               ? kRetry
               : kOk;
  }
  if (const auto* state = std::get_if<UpdateMemWalState>(&theirs)) {
    for (const auto& committed : state->compacted_sstables) {
      for (const auto& table : ours.compacted_sstables) {
        if (committed.shard_id != table.shard_id) continue;
        return committed.generation >= table.generation ? kNever : kRetry;
      }
    }
    return kOk;
  }
  return CheckRows(from, has_affected_rows, theirs, operation);
}

Verdict CheckIndexOverIndex(const CreateIndex& ours, const CreateIndex& theirs) {
  for (const char* name : {kFragmentReuseIndex, kMemWalIndex}) {
    if (HasIndexNamed(ours.new_indices, name) && HasIndexNamed(theirs.new_indices, name)) return kRetry;
  }
  // One adds a segment to an index that the other drops.
  const auto adds_to_dropped = [](const CreateIndex& adds, const CreateIndex& drops) {
    return std::any_of(adds.new_indices.begin(), adds.new_indices.end(), [&](const IndexMetadata& index) {
      return !HasIndexNamed(adds.removed_indices, index.name) &&
             HasIndexNamed(drops.removed_indices, index.name);
    });
  };
  if (adds_to_dropped(ours, theirs) || adds_to_dropped(theirs, ours)) return kRetry;
  for (const IndexMetadata& index : ours.new_indices) {
    if (!IsSystemIndex(index) && HasIndexNamed(theirs.new_indices, index.name)) return kRetry;
  }
  // Both replace the same segment.
  for (const IndexMetadata& removed : ours.removed_indices) {
    for (const IndexMetadata& other : theirs.removed_indices) {
      if (removed.uuid != other.uuid) continue;
      for (const std::string& name : {removed.name, other.name}) {
        if (HasIndexNamed(ours.new_indices, name) || HasIndexNamed(theirs.new_indices, name)) return kRetry;
      }
    }
  }
  return kOk;
}

// The message of a rewrite does not say whether it deferred the remapping of indices, so that every rewrite
// of covered fragments counts as one that did not: stricter than the reference.
Verdict CheckIndexOverRewrite(const CreateIndex& ours, const Rewrite& theirs) {
  for (const IndexMetadata& index : ours.new_indices) {
    const auto covered = CoverageOf(index);
    if (!covered) return kRetry;
    for (const Rewrite::Group& group : theirs.groups) {
      for (const Fragment& old : group.old_fragments) {
        if (covered->Contains(old.id)) return kRetry;
      }
    }
  }
  return kOk;
}

Verdict CheckCreateIndex(const Manifest& from, const Operation& theirs, CreateIndex* ours) {
  if (IsAny<Overwrite, Restore, Unknown>(theirs)) return kNever;
  if (const auto* index = std::get_if<CreateIndex>(&theirs)) return CheckIndexOverIndex(*ours, *index);
  if (const auto* rewrite = std::get_if<Rewrite>(&theirs)) return CheckIndexOverRewrite(*ours, *rewrite);
  const bool is_mem_wal = HasIndexNamed(ours->new_indices, kMemWalIndex);
  if (std::holds_alternative<UpdateMemWalState>(theirs)) return is_mem_wal ? kRetry : kNever;
  if (const auto* replacement = std::get_if<DataReplacement>(&theirs)) {
    for (const DataReplacement::Group& group : replacement->replacements) {
      for (const int32_t field : group.new_file.fields) {
        if (HasIndexOn(ours->new_indices, field)) return kRetry;
      }
    }
  }
  // Values that were written anew in place are not in our index.
  RewrittenFields rewritten;
  if (const auto* update = std::get_if<Update>(&theirs); update && !update->fields_modified.empty()) {
    for (const Fragment& changed : update->updated_fragments) {
      rewritten.emplace_back(changed.id, update->fields_modified);
    }
  }
  if (const auto* merge = std::get_if<Merge>(&theirs)) {
    if (is_mem_wal) return kRetry;
    rewritten = RewrittenByMerge(from.fragments, merge->fragments);
  }
  if (!PruneRewrittenFields(rewritten, &ours->new_indices).ok()) return kRetry;
  return kOk;
}

Verdict CheckRewriteOverIndex(const Rewrite& ours, const CreateIndex& theirs) {
  const bool defers = ours.fragment_reuse_index.has_value();
  if (HasIndexNamed(theirs.new_indices, kFragmentReuseIndex)) {
    return theirs.new_indices.size() == 1 && theirs.removed_indices.size() == 1 ? kOk : kNever;
  }
  for (const IndexMetadata& index : theirs.new_indices) {
    const auto covered = CoverageOf(index);
    if (!covered) return kRetry;
    for (const Rewrite::Group& group : ours.groups) {
      const auto inside = std::count_if(group.old_fragments.begin(), group.old_fragments.end(),
                                        [&](const Fragment& old) { return covered->Contains(old.id); });
      if (inside == 0) continue;
      const bool stable = std::any_of(
          group.old_fragments.begin(), group.old_fragments.end(),
          [](const Fragment& fragment) { return fragment.row_ids.kind != Lineage::Kind::kAbsent; });
      const bool all = inside == static_cast<ptrdiff_t>(group.old_fragments.size());
      if (!defers || !all || (stable && !HoldsRowAddresses(index))) return kRetry;
    }
  }
  return kOk;
}

Verdict CheckRewrite(const Manifest& from, bool row_by_row, const Operation& theirs,
                     const Operation& operation) {
  const auto& ours = std::get<Rewrite>(operation);
  if (IsAny<Overwrite, Restore, Unknown>(theirs)) return kNever;
  if (std::holds_alternative<Merge>(theirs)) return kRetry;
  if (const auto* index = std::get_if<CreateIndex>(&theirs)) return CheckRewriteOverIndex(ours, *index);
  const Ids touched = TouchedBy(operation);
  if (!Overlap(touched, TouchedBy(theirs))) return kOk;
  // Milder than the reference: rows that were only deleted are deleted from the new fragments.
  return row_by_row && IsAny<Delete, Update>(theirs) && OnlyDeletes(from, theirs, touched) ? kOk : kRetry;
}

Verdict CheckReplacement(const Operation& theirs, const Operation& operation) {
  const auto& ours = std::get<DataReplacement>(operation).replacements;
  const Ids touched = TouchedBy(theirs);
  for (const DataReplacement::Group& group : ours) {
    const auto any_field = [&](auto&& predicate) {
      return std::any_of(group.new_file.fields.begin(), group.new_file.fields.end(),
                         [&](int32_t field) { return field >= 0 && predicate(field); });
    };
    if (const auto* project = std::get_if<Project>(&theirs)) {
      if (any_field([&](int32_t field) { return project->schema.FindById(field) == nullptr; })) return kNever;
    } else if (const auto* index = std::get_if<CreateIndex>(&theirs)) {
      if (any_field([&](int32_t field) { return HasIndexOn(index->new_indices, field); })) return kRetry;
    } else if (const auto* removal = std::get_if<Delete>(&theirs)) {
      const auto& gone = removal->deleted_fragment_ids;
      if (std::find(gone.begin(), gone.end(), group.fragment_id) != gone.end()) return kNever;
    } else if (const auto* update = std::get_if<Update>(&theirs);
               update && touched.contains(group.fragment_id)) {
      const auto& gone = update->removed_fragment_ids;
      if (std::find(gone.begin(), gone.end(), group.fragment_id) != gone.end()) return kNever;
      const auto& modified = update->fields_modified;
      if (MovesRows(*update) || any_field([&](int32_t field) {
            return std::find(modified.begin(), modified.end(), static_cast<uint32_t>(field)) !=
                   modified.end();
          })) {
        return kRetry;
      }
    } else if (std::holds_alternative<Rewrite>(theirs)) {
      if (touched.contains(group.fragment_id)) return kRetry;
    } else if (const auto* other = std::get_if<DataReplacement>(&theirs)) {
      for (const DataReplacement::Group& committed : other->replacements) {
        if (committed.fragment_id == group.fragment_id && any_field([&](int32_t field) {
              const auto& fields = committed.new_file.fields;
              return std::find(fields.begin(), fields.end(), field) != fields.end();
            })) {
          return kRetry;
        }
      }
    }
  }
  return std::holds_alternative<Merge>(theirs) ? kRetry : kOk;
}

Verdict CheckMerge(const Operation& theirs) {
  if (IsAny<Project, UpdateMemWalState>(theirs)) return kNever;
  if (const auto* index = std::get_if<CreateIndex>(&theirs)) {
    return HasIndexNamed(index->new_indices, kMemWalIndex) ? kRetry : kOk;
  }
  return IsAny<ReserveFragments, Clone, UpdateConfig, UpdateBases>(theirs) ? kOk : kRetry;
}

Verdict CheckOverwrite(const Operation& theirs, const Operation& ours) {
  if (std::holds_alternative<UpdateMemWalState>(theirs)) return kNever;
  if (IsAny<Overwrite, UpdateConfig>(theirs) && SameConfigKeys(ours, theirs)) return kNever;
  return std::holds_alternative<Overwrite>(theirs) ? kRetry : kOk;
}

Verdict CheckUpdateConfig(const Operation& theirs, const Operation& operation) {
  const auto& ours = std::get<UpdateConfig>(operation);
  if (std::holds_alternative<Overwrite>(theirs)) {
    const bool fields = ours.schema_metadata.has_value() || !ours.field_metadata.empty();
    return fields || SameConfigKeys(operation, theirs) ? kNever : kOk;
  }
  if (const auto* other = std::get_if<UpdateConfig>(&theirs)) {
    return SameConfigKeys(operation, theirs) || SameMetadata(ours, *other) ? kNever : kOk;
  }
  return kOk;
}

Verdict CheckUpdateBases(const UpdateBases& ours, const Operation& theirs) {
  const auto* other = std::get_if<UpdateBases>(&theirs);
  if (other == nullptr) return kOk;
  for (const BasePath& base : ours.new_bases) {
    for (const BasePath& committed : other->new_bases) {
      if ((base.id != 0 && base.id == committed.id) || (base.name && base.name == committed.name) ||
          base.path == committed.path) {
        return kNever;
      }
    }
  }
  return kOk;
}

}  // namespace

Verdict CheckConflict(const Manifest& from, bool has_affected_rows, const Operation& theirs,
                      Operation* ours) {
  if (std::holds_alternative<Unknown>(theirs) || std::holds_alternative<Unknown>(*ours)) return kNever;
  if ((MayAlterNullability(*ours) && SuppliesValues(theirs)) ||
      (SuppliesValues(*ours) && MayAlterNullability(theirs))) {
    return kRetry;
  }
  const auto pair = [&]<typename Kind>(const Kind*) {
    return (std::holds_alternative<Kind>(*ours) && UpdatesSchemaMetadata(theirs)) ||
           (UpdatesSchemaMetadata(*ours) && std::holds_alternative<Kind>(theirs));
  };
  if (pair(static_cast<const Merge*>(nullptr))) return kRetry;
  if (pair(static_cast<const Restore*>(nullptr))) return kNever;
  if (std::holds_alternative<Overwrite>(*ours)) return CheckOverwrite(theirs, *ours);
  if (std::holds_alternative<Restore>(*ours)) {
    return std::holds_alternative<UpdateMemWalState>(theirs) ? kNever : kOk;
  }
  if (std::holds_alternative<UpdateConfig>(*ours)) return CheckUpdateConfig(theirs, *ours);
  if (const auto* bases = std::get_if<UpdateBases>(ours)) return CheckUpdateBases(*bases, theirs);
  if (std::holds_alternative<Clone>(*ours)) return kOk;
  // For all others the table that they read is gone.
  if (IsAny<Overwrite, Restore>(theirs)) return kNever;
  if (std::holds_alternative<ReserveFragments>(*ours)) return kOk;
  if (std::holds_alternative<Rewrite>(*ours)) return CheckRewrite(from, has_affected_rows, theirs, *ours);
  if (std::holds_alternative<Update>(*ours)) {
    if (std::holds_alternative<Merge>(theirs)) return kRetry;
    return CheckUpdate(from, has_affected_rows, theirs, *ours);
  }
  if (auto* index = std::get_if<CreateIndex>(ours)) return CheckCreateIndex(from, theirs, index);
  if (std::holds_alternative<UpdateMemWalState>(*ours)) {
    return IsAny<UpdateConfig, Rewrite, ReserveFragments, UpdateBases>(theirs) ? kOk : kNever;
  }
  if (std::holds_alternative<UpdateMemWalState>(theirs)) return kNever;
  if (std::holds_alternative<Merge>(*ours)) return CheckMerge(theirs);
  if (std::holds_alternative<Project>(*ours)) return IsAny<Merge, Project>(theirs) ? kRetry : kOk;
  if (std::holds_alternative<DataReplacement>(*ours)) return CheckReplacement(theirs, *ours);
  if (std::holds_alternative<Delete>(*ours)) {
    if (std::holds_alternative<Merge>(theirs)) return kRetry;
    return CheckRows(from, has_affected_rows, theirs, *ours);
  }
  return kOk;  // an Append
}

}  // namespace lance::table
