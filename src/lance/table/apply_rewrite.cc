#include <unordered_map>
#include <unordered_set>

#include "lance/table/apply.h"
#include "lance/table/index_maintenance.h"

namespace lance::table {
namespace {

// New fragments stand where the old ones stood when those are in a row, else at the end.
class FragmentReplacer {
 public:
  explicit FragmentReplacer(const std::vector<Fragment>& before)
      : before_(before), removed_(before.size(), false) {
    for (size_t i = 0; i < before.size(); ++i) positions_.emplace(before[i].id, i);
  }

  Status Replace(const operation::Rewrite::Group& group) {
    LANCE_CHECK_ARG(!group.old_fragments.empty(), "a rewrite group has no old fragments");
    size_t first = 0;
    bool in_a_row = true;
    for (size_t i = 0; i < group.old_fragments.size(); ++i) {
      const uint64_t id = group.old_fragments[i].id;
      auto found = positions_.find(id);
      if (found == positions_.end())
        return CommitConflict("fragment {}, which a rewrite replaces, is not in the table", id);
      if (removed_[found->second]) return CommitConflict("a rewrite replaces fragment {} twice", id);
      removed_[found->second] = true;
      if (i == 0) first = found->second;
      in_a_row &= found->second == first + i;
    }
    if (in_a_row) {
      placed_.emplace(first, &group.new_fragments);
    } else {
      appended_.push_back(&group.new_fragments);
    }
    return Status::OK();
  }

  std::vector<Fragment> Finish() const {
    std::vector<Fragment> out;
    const auto append = [&](const std::vector<Fragment>& fragments) {
      out.insert(out.end(), fragments.begin(), fragments.end());
    };
    for (size_t i = 0; i < before_.size(); ++i) {
      if (auto found = placed_.find(i); found != placed_.end()) append(*found->second);
      if (!removed_[i]) out.push_back(before_[i]);
    }
    for (const auto* fragments : appended_) append(*fragments);
    return out;
  }

 private:
  const std::vector<Fragment>& before_;
  std::vector<bool> removed_;
  std::unordered_map<uint64_t, size_t> positions_;
  std::unordered_map<size_t, const std::vector<Fragment>*> placed_;
  std::vector<const std::vector<Fragment>*> appended_;
};

}  // namespace

Status ApplyRewrite(const operation::Rewrite& operation, ApplyState* state) {
  if (operation.fragment_reuse_index && operation.fragment_reuse_index->index_version.value_or(0) != 0) {
    return NotSupported("rewrites that record transitions in the fragment reuse index");
  }
  std::vector<operation::Rewrite::Group> groups = operation.groups;
  FragmentReplacer replacer(state->current.fragments);
  for (operation::Rewrite::Group& group : groups) {
    for (Fragment& fragment : group.new_fragments) {
      state->GiveId(&fragment);
      LANCE_CHECK_ARG(!state->stable_row_ids() || fragment.row_ids.kind != Lineage::Kind::kAbsent,
                      "a rewrite of a table with stable row ids must keep them, fragment {} has none",
                      fragment.id);
    }
    ARROW_RETURN_NOT_OK(replacer.Replace(group));
  }
  state->next->fragments = replacer.Finish();
  return RewriteIndices(operation, groups, state->stable_row_ids(), state->indices);
}

Status ApplyCreateIndex(const operation::CreateIndex& operation, ApplyState* state) {
  std::unordered_set<std::string> replaced;
  for (const IndexMetadata& index : operation.removed_indices) replaced.insert(index.uuid);
  for (const IndexMetadata& index : operation.new_indices) replaced.insert(index.uuid);
  std::erase_if(*state->indices, [&](const IndexMetadata& index) { return replaced.contains(index.uuid); });
  for (const IndexMetadata& index : operation.new_indices) {
    if (index.name == kFragmentReuseIndex && index.index_version.value_or(0) != 0) {
      return NotSupported("transitions in the fragment reuse index");
    }
    state->indices->push_back(index);
  }
  std::unordered_map<std::string, const IndexMetadata*> first;
  std::unordered_set<std::string> changed;
  for (const IndexMetadata& index : operation.new_indices) changed.insert(index.name);
  for (const IndexMetadata& index : *state->indices) {
    if (!changed.contains(index.name)) continue;
    const IndexMetadata& other = *first.emplace(index.name, &index).first->second;
    LANCE_CHECK_ARG(
        HoldsRowAddresses(other) == HoldsRowAddresses(index),
        "index {} mixes segments of row ids and of row addresses ({} and {}): rebuild all of them "
        "in one commit",
        index.name, other.uuid, index.uuid);
  }
  return Status::OK();
}

}  // namespace lance::table
