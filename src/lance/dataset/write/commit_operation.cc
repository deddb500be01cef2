#include "lance/dataset/write/commit_operation.h"

#include "lance/dataset/cleanup/cleanup_policy.h"
#include "lance/dataset/make_dataset.h"
#include "lance/maintenance.h"
#include "lance/table/table.h"

namespace lance::dataset {

table::CommitOptions ToCommitOptions(const CommitSettings& settings) {
  table::CommitOptions out;
  out.max_retries = settings.max_retries;
  out.timeout = settings.retry_timeout;
  out.durability = settings.durable ? store::Durability::kSync : store::Durability::kBuffered;
  out.detached = settings.detached;
  out.lock = settings.lock;
  return out;
}

void AddProperties(const CommitSettings& settings, table::CommitRequest* request) {
  for (const auto& [key, value] : settings.properties) request->properties[key] = value;
  if (settings.message.has_value()) request->properties["__lance_commit_message"] = *settings.message;
}

Result<std::shared_ptr<Dataset>> CommitOperation(const table::Snapshot& read, table::CommitRequest request,
                                                 const CommitSettings& settings) {
  AddProperties(settings, &request);
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<const table::Snapshot> committed,
                        table::Commit(read, std::move(request), ToCommitOptions(settings)));
  return FinishCommit(read, std::move(committed), settings);
}

Result<std::shared_ptr<Dataset>> FinishCommit(const table::Snapshot& read,
                                              std::shared_ptr<const table::Snapshot> committed,
                                              const CommitSettings& settings) {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<Dataset> out, MakeDataset(std::move(committed)));
  if (settings.skip_auto_cleanup || settings.detached) return out;
  // The commit stands, whatever becomes of the cleanup that the table's config asks for after it.
  auto options = AutoCleanupOptions(out->config(), out->version(), false);
  if (!options.ok() || !options->has_value()) return out;
  // Seen from the version before, as by the reference: that one stays too. `read` outlives this call.
  auto before = MakeDataset(std::shared_ptr<const table::Snapshot>(std::shared_ptr<void>(), &read));
  if (before.ok()) (void)CleanUpOldVersions(**before, **options);
  return out;
}

Result<std::shared_ptr<const table::Snapshot>> NewestSnapshot(
    const std::shared_ptr<const table::Snapshot>& snapshot) {
  ARROW_ASSIGN_OR_RAISE(const uint64_t newest, table::LatestVersion(*snapshot));
  if (newest == snapshot->manifest().version) return snapshot;
  table::VersionSelector selector;
  selector.number = newest;
  return table::Checkout(*snapshot, selector);
}

}  // namespace lance::dataset
