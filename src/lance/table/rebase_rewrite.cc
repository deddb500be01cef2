#include "lance/table/rebase_rewrite.h"

#include <algorithm>
#include <unordered_map>

#include "lance/base/commit_error.h"
#include "lance/table/deletion.h"
#include "lance/table/write_deletions.h"

namespace lance::table {
namespace {

using Group = operation::Rewrite::Group;

uint64_t CountOf(const DeletionVector* deletions) { return deletions == nullptr ? 0 : deletions->count(); }

class Rebaser {
 public:
  Rebaser(const Snapshot& newest, store::Durability durability) : newest_(newest), durability_(durability) {
    for (const Fragment& fragment : newest.manifest().fragments) current_.emplace(fragment.id, &fragment);
  }

  // The group as it can be applied to the newest version.
  Result<Group> Rebase(const Group& group) {
    Group out;
    gone_.clear();
    rows_ = 0;
    for (const Fragment& old : group.old_fragments) {
      ARROW_ASSIGN_OR_RAISE(bool there, FindGone(old));
      if (there) out.old_fragments.push_back(old);
    }
    uint64_t new_rows = 0;
    for (const Fragment& fragment : group.new_fragments) new_rows += fragment.physical_rows;
    if (new_rows != rows_) {
      return RetryableConflict("a rewrite of {} rows into {} cannot follow deletions. Please retry.", rows_,
                               new_rows);
    }
    auto next = gone_.begin();
    uint64_t start = 0;
    for (const Fragment& fragment : group.new_fragments) {
      std::vector<uint32_t> offsets;
      for (; next != gone_.end() && *next < start + fragment.physical_rows; ++next) {
        offsets.push_back(static_cast<uint32_t>(*next - start));
      }
      start += fragment.physical_rows;
      if (offsets.size() == fragment.physical_rows) continue;
      out.new_fragments.push_back(fragment);
      if (offsets.empty()) continue;
      ARROW_ASSIGN_OR_RAISE(out.new_fragments.back().deletion_file,
                            WriteDeletions(newest_.object_store(), fragment.id, newest_.manifest().version,
                                           *DeletionVector::FromOffsets(std::move(offsets)), durability_));
    }
    return out;
  }

 private:
  // Notes which of a fragment's rows are gone by now, as positions in the new ones. False: the fragment is.
  Result<bool> FindGone(const Fragment& old) {
    ARROW_ASSIGN_OR_RAISE(auto before, newest_.Deletions(old));
    const uint64_t live = old.physical_rows - CountOf(before.get());
    const uint64_t first = rows_;
    rows_ += live;
    const auto found = current_.find(old.id);
    if (found == current_.end()) {
      for (uint64_t row = 0; row < live; ++row) gone_.push_back(first + row);
      return false;
    }
    if (found->second->deletion_file == old.deletion_file) return true;
    ARROW_ASSIGN_OR_RAISE(auto now, newest_.Deletions(*found->second));
    if (now == nullptr) return true;
    for (const DeletionVector::Run& run : now->runs()) {
      for (uint64_t offset = run.start; offset < run.end; ++offset) {
        if (before != nullptr && before->Contains(offset)) continue;
        gone_.push_back(first + offset - (before == nullptr ? 0 : before->CountBelow(offset)));
      }
    }
    return true;
  }

  const Snapshot& newest_;
  const store::Durability durability_;
  std::unordered_map<uint64_t, const Fragment*> current_;
  std::vector<uint64_t> gone_;
  uint64_t rows_ = 0;
};

}  // namespace

bool CanFollowDeletions(const operation::Rewrite& rewrite) {
  return !rewrite.fragment_reuse_index &&
         std::all_of(rewrite.groups.begin(), rewrite.groups.end(), [](const Group& group) {
           return std::all_of(
               group.new_fragments.begin(), group.new_fragments.end(),
               [](const Fragment& fragment) { return fragment.id != 0 && !fragment.deletion_file; });
         });
}

Status RebaseRewrite(const Snapshot& newest, store::Durability durability, CommitRequest* request) {
  auto& rewrite = std::get<operation::Rewrite>(request->operation);
  if (request->rewrite_as_read == nullptr) {
    if (!CanFollowDeletions(rewrite)) return Status::OK();
    request->rewrite_as_read = std::make_shared<const operation::Rewrite>(rewrite);
  }
  Rebaser rebaser(newest, durability);
  std::vector<Group> groups;
  for (const Group& group : request->rewrite_as_read->groups) {
    ARROW_ASSIGN_OR_RAISE(Group rebased, rebaser.Rebase(group));
    if (!rebased.old_fragments.empty()) groups.push_back(std::move(rebased));
  }
  if (groups.empty()) {
    return RetryableConflict("all rows that were to be rewritten are deleted by version {}. Please retry.",
                             newest.manifest().version);
  }
  rewrite.groups = std::move(groups);
  return Status::OK();
}

}  // namespace lance::table
