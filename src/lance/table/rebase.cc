#include <algorithm>

#include "lance/base/commit_error.h"
#include "lance/table/conflict.h"
#include "lance/table/deletion.h"
#include "lance/table/index_maintenance.h"
#include "lance/table/rebase_rewrite.h"
#include "lance/table/table.h"
#include "lance/table/write_deletions.h"

namespace lance::table {
namespace {

const Fragment* Find(const std::vector<Fragment>& fragments, uint64_t id) {
  for (const Fragment& fragment : fragments) {
    if (fragment.id == id) return &fragment;
  }
  return nullptr;
}

// The parts of a Delete or an Update that rebasing changes.
struct RowChange {
  std::vector<Fragment>* updated;
  std::vector<uint64_t>* removed;
};

std::optional<RowChange> RowChangeOf(Operation* operation) {
  if (auto* update = std::get_if<operation::Update>(operation)) {
    return RowChange{&update->updated_fragments, &update->removed_fragment_ids};
  }
  if (auto* removal = std::get_if<operation::Delete>(operation)) {
    return RowChange{&removal->updated_fragments, &removal->deleted_fragment_ids};
  }
  return std::nullopt;
}

// Merges our deletions of one fragment with those that came between. The rows must be others.
Status MergeDeletions(const Snapshot& newest, const Fragment& current, store::Durability durability,
                      const CommitRequest& request, RowChange change) {
  auto ours = request.affected_rows.find(current.id);
  if (ours == request.affected_rows.end()) {
    return RetryableConflict(
        "fragment {} was changed at version {}, and this commit does not say which of its "
        "rows it changes. Please retry.",
        current.id, newest.manifest().version);
  }
  ARROW_ASSIGN_OR_RAISE(auto theirs, newest.Deletions(current));
  for (const uint32_t offset : ours->second) {
    if (theirs != nullptr && theirs->Contains(offset)) {
      return RetryableConflict(
          "row {} of fragment {} was changed by another commit up to version {}. Please retry.", offset,
          current.id, newest.manifest().version);
    }
  }
  auto updated = std::find_if(change.updated->begin(), change.updated->end(),
                              [&](const Fragment& fragment) { return fragment.id == current.id; });
  if (updated == change.updated->end()) return Status::OK();  // removed as a whole, and with their rows
  ARROW_ASSIGN_OR_RAISE(auto left, DeleteRows(newest, current, ours->second, durability));
  if (left) {
    updated->deletion_file = left->deletion_file;
  } else {
    change.updated->erase(updated);
    change.removed->push_back(current.id);
  }
  return Status::OK();
}

Status RebaseRows(const Snapshot& from, const Snapshot& newest, store::Durability durability,
                  CommitRequest* request, RowChange change) {
  std::vector<uint64_t> touched = *change.removed;
  for (const Fragment& fragment : *change.updated) touched.push_back(fragment.id);
  for (const uint64_t id : touched) {
    const Fragment* before = Find(from.manifest().fragments, id);
    const Fragment* current = Find(newest.manifest().fragments, id);
    if (before == nullptr || current == nullptr) {
      return RetryableConflict("fragment {} is not in version {} any more. Please retry.", id,
                               newest.manifest().version);
    }
    if (before->deletion_file == current->deletion_file) continue;
    ARROW_RETURN_NOT_OK(MergeDeletions(newest, *current, durability, *request, change));
  }
  request->read_version = newest.manifest().version;
  return Status::OK();
}

// There is one of each system index: a new one replaces what is there by now.
Result<bool> ReplaceSystemIndices(const Snapshot& newest, operation::CreateIndex* operation) {
  bool changed = false;
  for (const IndexMetadata& added : operation->new_indices) {
    if (!IsSystemIndex(added)) continue;
    ARROW_ASSIGN_OR_RAISE(auto indices, newest.Indices());
    for (const IndexMetadata& index : *indices) {
      const auto& removed = operation->removed_indices;
      if (index.name != added.name || std::any_of(removed.begin(), removed.end(), [&](const auto& other) {
            return other.uuid == index.uuid;
          })) {
        continue;
      }
      operation->removed_indices.push_back(index);
      changed = true;
    }
  }
  return changed;
}

std::string ReuseIndexOf(const std::vector<IndexMetadata>& indices) {
  for (const IndexMetadata& index : indices) {
    if (index.name == kFragmentReuseIndex) return index.uuid;
  }
  return "";
}

// An operation that replaces the fragment reuse index was computed from the one it read.
Status CheckReuseIndex(const Snapshot& from, const Snapshot& newest, const Operation& operation) {
  const auto* rewrite = std::get_if<operation::Rewrite>(&operation);
  const auto* index = std::get_if<operation::CreateIndex>(&operation);
  const bool replaces = (rewrite != nullptr && rewrite->fragment_reuse_index) ||
                        (index != nullptr && !ReuseIndexOf(index->new_indices).empty());
  if (!replaces) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(auto before, from.Indices());
  ARROW_ASSIGN_OR_RAISE(auto now, newest.Indices());
  if (ReuseIndexOf(*before) == ReuseIndexOf(*now)) return Status::OK();
  return RetryableConflict("the fragment reuse index was changed by version {}. Please retry.",
                           newest.manifest().version);
}

// Whether a change of config entries alone can follow versions whose transactions are gone: none of its keys
// was touched in between. Everything else that may have happened goes with it.
bool SettledByState(const Manifest& from, const Manifest& newest, const Operation& operation) {
  const auto* update = std::get_if<operation::UpdateConfig>(&operation);
  if (update == nullptr || !update->config || update->config->replace) return false;
  if (update->table_metadata || update->schema_metadata || !update->field_metadata.empty()) return false;
  return std::all_of(update->config->entries.begin(), update->config->entries.end(), [&](const auto& entry) {
    const auto before = from.config.find(entry.first), now = newest.config.find(entry.first);
    const bool had = before != from.config.end(), has = now != newest.config.end();
    return had == has && (!had || before->second == now->second);
  });
}

// What version `version` did.
Result<Transaction> TransactionOf(const Snapshot& newest, uint64_t version) {
  std::optional<Transaction> out;
  if (version == newest.manifest().version) {
    ARROW_ASSIGN_OR_RAISE(out, ReadTransaction(newest));
  } else {
    auto opened = Checkout(newest, {.number = version, .tag = {}, .branch = {}, .as_of = {}});
    if (Is(opened.status(), ErrorKind::kNotFound)) {
      return RetryableConflict(
          "version {} was cleaned up before this commit could be checked against it. "
          "Please retry.",
          version);
    }
    ARROW_RETURN_NOT_OK(opened.status());
    ARROW_ASSIGN_OR_RAISE(out, ReadTransaction(**opened));
  }
  if (!out) return CommitConflict("version {} does not say what it did: its transaction is missing", version);
  return std::move(*out);
}

}  // namespace

Result<bool> RebaseOver(const Snapshot& from, const Snapshot& newest, store::Durability durability,
                        CommitRequest* request) {
  const uint64_t last = newest.manifest().version;
  bool changed = false;
  const auto* rewrite = std::get_if<operation::Rewrite>(&request->operation);
  // Rewritten again from what was read: a rebased one has deletion files already.
  const bool row_by_row = rewrite == nullptr
                              ? !request->affected_rows.empty()
                              : request->rewrite_as_read != nullptr || CanFollowDeletions(*rewrite);
  for (uint64_t version = from.manifest().version + 1; version <= last; ++version) {
    Result<Transaction> read = TransactionOf(newest, version);
    if (Is(read.status(), ErrorKind::kCommitConflict) &&
        SettledByState(from.manifest(), newest.manifest(), request->operation)) {
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(Transaction theirs, std::move(read));
    switch (CheckConflict(from.manifest(), row_by_row, theirs.change, &request->operation)) {
      case Verdict::kCompatible:
        break;
      case Verdict::kRetryable:
        return RetryableConflict(
            "This {} transaction was preempted by concurrent transaction {} at version {}. Please retry.",
            OperationName(request->operation), theirs.operation, version);
      case Verdict::kIncompatible:
        return CommitConflict(
            "This {} transaction is incompatible with concurrent transaction {} at version {}.",
            OperationName(request->operation), theirs.operation, version);
    }
  }
  ARROW_RETURN_NOT_OK(CheckReuseIndex(from, newest, request->operation));
  if (auto change = RowChangeOf(&request->operation)) {
    ARROW_RETURN_NOT_OK(RebaseRows(from, newest, durability, request, *change));
    changed = true;
  }
  if (rewrite != nullptr && row_by_row) {
    ARROW_RETURN_NOT_OK(RebaseRewrite(newest, durability, request));
    changed = true;
  }
  if (auto* index = std::get_if<operation::CreateIndex>(&request->operation)) {
    ARROW_ASSIGN_OR_RAISE(bool replaced, ReplaceSystemIndices(newest, index));
    changed |= replaced || !index->new_indices.empty();  // coverage may have been taken back
  }
  return changed;
}

}  // namespace lance::table
