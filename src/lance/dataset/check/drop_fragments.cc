#include <set>

#include <fmt/ranges.h>

#include "lance/dataset/write/commit_operation.h"
#include "lance/maintenance.h"

namespace lance {

arrow::Result<std::shared_ptr<Dataset>> DropFragments(const Dataset& dataset,
                                                      const std::vector<uint64_t>& fragment_ids,
                                                      const CommitSettings& commit) {
  LANCE_CHECK_ARG(!fragment_ids.empty(), "no fragments to drop");
  const table::Snapshot& snapshot = *dataset.snapshot();
  const std::set<uint64_t> ids(fragment_ids.begin(), fragment_ids.end());
  for (const uint64_t id : ids) {
    LANCE_CHECK_ARG(snapshot.FindFragment(id) != nullptr, "version {} has no fragment {}", dataset.version(),
                    id);
  }
  table::operation::Delete removal;
  removal.deleted_fragment_ids.assign(ids.begin(), ids.end());
  removal.predicate = fmt::format("fragment IN ({})", fmt::join(ids, ", "));
  table::CommitRequest request;
  request.read_version = dataset.version();
  request.operation = std::move(removal);
  return dataset::CommitOperation(snapshot, std::move(request), commit);
}

}  // namespace lance
