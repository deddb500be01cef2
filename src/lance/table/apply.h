#pragma once

#include <cstdint>
#include <unordered_set>
#include <vector>

#include "lance/base/status.h"
#include "lance/table/manifest.h"
#include "lance/table/operation.h"

namespace lance::table {

/// What an operation is applied to. `next` starts as `current` with a higher version and no fragments.
struct ApplyState {
  const Manifest& current;
  Manifest* next;
  std::vector<IndexMetadata>* indices;
  uint64_t next_fragment_id;
  uint64_t read_version;

  bool stable_row_ids() const { return current.has_stable_row_ids(); }
  /// Gives the next id to a fragment that has none (0).
  void GiveId(Fragment* fragment) {
    if (fragment->id == 0) fragment->id = next_fragment_id++;
  }
};

// One per operation that changes fragments; each fills state->next->fragments, in any order, and keeps
// *state->indices in step. Errors: InvalidArgument, NotSupported.
Status ApplyAppend(const operation::Append& operation, ApplyState* state);
Status ApplyOverwrite(const operation::Overwrite& operation, ApplyState* state);
Status ApplyDelete(const operation::Delete& operation, ApplyState* state);
Status ApplyUpdate(const operation::Update& operation, ApplyState* state);
Status ApplyMerge(const operation::Merge& operation, ApplyState* state);
Status ApplyProject(const operation::Project& operation, ApplyState* state);
Status ApplyDataReplacement(const operation::DataReplacement& operation, ApplyState* state);
Status ApplyRewrite(const operation::Rewrite& operation, ApplyState* state);
// These leave the fragments alone.
Status ApplyCreateIndex(const operation::CreateIndex& operation, ApplyState* state);
Status ApplyUpdateConfig(const operation::UpdateConfig& operation, ApplyState* state);
Status ApplyUpdateBases(const operation::UpdateBases& operation, ApplyState* state);

/// Ids of all fields of a schema.
std::unordered_set<int32_t> FieldIdSet(const schema::Schema& schema);

/// Drops data files of a fragment that hold neither a field of `live` nor a lineage column in use.
void DropDeadFiles(const std::unordered_set<int32_t>& live, Fragment* fragment);

/// The lowest id, from `from` on, that no base path has.
uint32_t UnusedBaseId(const std::vector<BasePath>& bases, uint32_t from);

/// Sets a key, or removes it where there is no value.
void ApplyUpdateMap(const operation::UpdateMap& update, std::map<std::string, std::string>* target);

}  // namespace lance::table
