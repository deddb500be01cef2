#include "lance/table/index_maintenance.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

#include "lance/table/apply.h"
#include "lance/table/fragment_set.h"

namespace lance::table {
namespace {

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           return std::tolower(static_cast<unsigned char>(x)) == std::tolower(static_cast<unsigned char>(y));
         });
}

bool HasAny(const std::vector<int32_t>& fields, std::span<const uint32_t> wanted) {
  return std::any_of(fields.begin(), fields.end(), [&](int32_t field) {
    return std::find(wanted.begin(), wanted.end(), static_cast<uint32_t>(field)) != wanted.end();
  });
}

FragmentSet IdsOf(const std::vector<Fragment>& fragments) {
  FragmentSet out;
  for (const Fragment& fragment : fragments) out.Add(fragment.id);
  return out;
}

// The data file that holds each field of a fragment.
std::map<int32_t, const std::string*> FieldPaths(const Fragment& fragment) {
  std::map<int32_t, const std::string*> out;
  for (const DataFile& file : fragment.files) {
    for (const int32_t field : file.fields) {
      if (field >= 0) out[field] = &file.path;
    }
  }
  return out;
}

Result<FragmentSet> Rewritten(FragmentSet covered, const std::vector<operation::Rewrite::Group>& groups) {
  const FragmentSet before = covered;
  for (const operation::Rewrite::Group& group : groups) {
    const auto inside = std::count_if(group.old_fragments.begin(), group.old_fragments.end(),
                                      [&](const Fragment& old) { return before.Contains(old.id); });
    if (inside == 0) continue;
    LANCE_CHECK_ARG(inside == static_cast<ptrdiff_t>(group.old_fragments.size()),
                    "a rewrite mixes fragments that an index covers with others");
    for (const Fragment& old : group.old_fragments) covered.Remove(old.id);
    for (const Fragment& added : group.new_fragments) covered.Add(added.id);
  }
  return covered;
}

// An index without address translation loses what was rewritten under it.
FragmentSet WithoutRewritten(FragmentSet covered, const std::vector<operation::Rewrite::Group>& groups) {
  for (const operation::Rewrite::Group& group : groups) {
    for (const Fragment& old : group.old_fragments) covered.Remove(old.id);
  }
  return covered;
}

Status Remap(const operation::Rewrite::Index& rewritten, const std::vector<operation::Rewrite::Group>& groups,
             IndexMetadata* index) {
  LANCE_CHECK_ARG(index->fragment_bitmap.has_value(), "index {} cannot be rewritten: it has no bitmap",
                  index->uuid);
  ARROW_ASSIGN_OR_RAISE(FragmentSet covered, FragmentSet::Parse(*index->fragment_bitmap));
  ARROW_ASSIGN_OR_RAISE(covered, Rewritten(std::move(covered), groups));
  index->fragment_bitmap = covered.Serialize();
  // New files lie in the table's own folder, those of a clone's index in the one it came from. (The reference
  // leaves the old base, and cannot open the index afterwards.)
  if (index->uuid != rewritten.new_id) index->base_id.reset();
  index->uuid = rewritten.new_id;
  index->files = rewritten.files;
  return Status::OK();
}

}  // namespace

bool IsSystemIndex(const IndexMetadata& index) {
  return index.name == kFragmentReuseIndex || index.name == kMemWalIndex;
}

bool HoldsRowAddresses(const IndexMetadata& index) {
  const std::string_view url = index.details_type_url;
  const size_t slash = url.rfind('/');
  return url.ends_with("ZoneMapIndexDetails") || url.ends_with("BloomFilterIndexDetails") ||
         (slash != url.npos && EqualsIgnoringCase(url.substr(slash + 1), "lance.index.pb.FMIndexDetails")) ||
         (url.ends_with("BTreeIndexDetails") && index.index_version.value_or(0) >= 1);
}

RewrittenFields RewrittenByMerge(const std::vector<Fragment>& before, const std::vector<Fragment>& after) {
  std::unordered_map<uint64_t, const Fragment*> previous;
  for (const Fragment& fragment : before) previous.emplace(fragment.id, &fragment);
  RewrittenFields out;
  for (const Fragment& fragment : after) {
    auto found = previous.find(fragment.id);
    if (found == previous.end()) continue;
    const auto now = FieldPaths(fragment);
    std::vector<uint32_t> changed;
    for (const auto& [field, path] : FieldPaths(*found->second)) {
      auto other = now.find(field);
      if (other != now.end() && *other->second != *path) changed.push_back(static_cast<uint32_t>(field));
    }
    if (!changed.empty()) out.emplace_back(fragment.id, std::move(changed));
    previous.erase(found);  // a second fragment of that id is a new one
  }
  return out;
}

Status PruneRewrittenFields(const RewrittenFields& rewritten, std::vector<IndexMetadata>* indices) {
  for (IndexMetadata& index : *indices) {
    if (!index.fragment_bitmap) continue;
    std::optional<FragmentSet> covered;
    for (const auto& [fragment, fields] : rewritten) {
      if (!HasAny(index.fields, fields)) continue;
      if (!covered) {
        ARROW_ASSIGN_OR_RAISE(covered, FragmentSet::Parse(*index.fragment_bitmap));
      }
      covered->Remove(fragment);
    }
    if (covered) index.fragment_bitmap = covered->Serialize();
  }
  return Status::OK();
}

Status RetainRelevantIndices(const schema::Schema& schema, const std::vector<Fragment>& fragments,
                             std::vector<IndexMetadata>* indices) {
  if (indices->empty()) return Status::OK();
  const std::unordered_set<int32_t> fields = FieldIdSet(schema);
  std::erase_if(*indices, [&](const IndexMetadata& index) {
    return !IsSystemIndex(index) && !std::all_of(index.fields.begin(), index.fields.end(),
                                                 [&](int32_t field) { return fields.contains(field); });
  });
  const FragmentSet existing = IdsOf(fragments);
  std::map<std::string, std::vector<const IndexMetadata*>> by_name;
  for (const IndexMetadata& index : *indices) {
    const bool tagged = index.name == kFragmentReuseIndex && index.index_version.value_or(0) != 0;
    if (tagged) return Status::OK();  // coverage goes through its history: every segment may still count
    if (index.name != kFragmentReuseIndex && index.fragment_bitmap) by_name[index.name].push_back(&index);
  }
  std::unordered_set<std::string> dropped;
  for (const auto& [name, segments] : by_name) {
    if (segments.size() < 2) continue;
    std::vector<const IndexMetadata*> empty;
    for (const IndexMetadata* segment : segments) {
      ARROW_ASSIGN_OR_RAISE(FragmentSet covered, FragmentSet::Parse(*segment->fragment_bitmap));
      if (!covered.Intersects(existing)) empty.push_back(segment);
    }
    if (empty.size() == segments.size()) {
      // The oldest stays, so that the index goes on existing.
      auto oldest = std::min_element(empty.begin(), empty.end(), [](const auto* a, const auto* b) {
        const auto key = [](const IndexMetadata& index) {
          return std::tuple(!index.created_at_ms, index.created_at_ms.value_or(0), index.dataset_version);
        };
        return key(*a) < key(*b);
      });
      empty.erase(oldest);
    }
    for (const IndexMetadata* segment : empty) dropped.insert(segment->uuid);
  }
  std::erase_if(*indices, [&](const IndexMetadata& index) { return dropped.contains(index.uuid); });
  return Status::OK();
}

Status CoverMovedRows(std::span<const uint64_t> moved, std::span<const uint64_t> sources,
                      std::span<const uint32_t> changed, std::vector<IndexMetadata>* indices) {
  if (moved.empty()) return Status::OK();
  for (IndexMetadata& index : *indices) {
    if (HoldsRowAddresses(index) || !index.fragment_bitmap || HasAny(index.fields, changed)) continue;
    ARROW_ASSIGN_OR_RAISE(FragmentSet covered, FragmentSet::Parse(*index.fragment_bitmap));
    if (!std::all_of(sources.begin(), sources.end(), [&](uint64_t id) { return covered.Contains(id); }))
      continue;
    for (const uint64_t id : moved) covered.Add(id);
    index.fragment_bitmap = covered.Serialize();
  }
  return Status::OK();
}

Status RewriteIndices(const operation::Rewrite& operation,
                      const std::vector<operation::Rewrite::Group>& groups, bool stable_row_ids,
                      std::vector<IndexMetadata>* indices) {
  std::unordered_set<std::string> seen, remapped;
  for (const operation::Rewrite::Index& rewritten : operation.rewritten_indices) {
    LANCE_CHECK_ARG(seen.insert(rewritten.old_id).second, "a rewrite replaces index {} twice",
                    rewritten.old_id);
    auto index = std::find_if(indices->begin(), indices->end(), [&](const IndexMetadata& candidate) {
      return candidate.uuid == rewritten.old_id;
    });
    if (index == indices->end()) continue;  // dropped since
    ARROW_RETURN_NOT_OK(Remap(rewritten, groups, &*index));
    remapped.insert(rewritten.new_id);
  }
  const bool deferred = operation.fragment_reuse_index.has_value();
  if (stable_row_ids) {
    for (IndexMetadata& index : *indices) {
      if (index.name == kFragmentReuseIndex || remapped.contains(index.uuid) || !index.fragment_bitmap)
        continue;
      ARROW_ASSIGN_OR_RAISE(FragmentSet covered, FragmentSet::Parse(*index.fragment_bitmap));
      if (HoldsRowAddresses(index) && !deferred) {
        covered = WithoutRewritten(std::move(covered), groups);
      } else {
        ARROW_ASSIGN_OR_RAISE(covered, Rewritten(std::move(covered), groups));
      }
      index.fragment_bitmap = covered.Serialize();
    }
  }
  if (deferred) {
    std::erase_if(*indices, [&](const IndexMetadata& index) {
      return index.name == operation.fragment_reuse_index->name;
    });
    indices->push_back(*operation.fragment_reuse_index);
  }
  return Status::OK();
}

}  // namespace lance::table
