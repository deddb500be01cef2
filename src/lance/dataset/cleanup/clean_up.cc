// Removal of old versions. The versions of a line are read and split into those that stay and those that go;
// then the table's folders are listed, and each file that no staying version names goes when a removed
// version named it, or when it is so old that no writer can be about to commit it.
//
// Manifests go first: a version that is still listed has all its files, whenever this is interrupted.
#include <algorithm>
#include <mutex>
#include <set>
#include <thread>

#include <fmt/ranges.h>

#include "lance/dataset.h"
#include "lance/dataset/cleanup/cleanup_policy.h"
#include "lance/dataset/cleanup/file_references.h"
#include "lance/dataset/cleanup/version_files.h"
#include "lance/maintenance.h"
#include "lance/runtime/session.h"
#include "lance/scan/exec/parallel_for.h"
#include "lance/store/object_store.h"
#include "lance/table/table.h"
#include "lance/table/table_snapshot.h"

namespace lance {
namespace {

using dataset::CleanupPolicy;
using dataset::FileReferences;
using dataset::VersionFile;
using Time = std::chrono::sys_time<std::chrono::nanoseconds>;

// Files that no version names may belong to a write that is going on; none takes longer than this.
constexpr std::chrono::hours kUnverifiedAge{7 * 24};

struct Child {
  std::string name;
  uint64_t referenced_version = 0;
};

// Branches that left the line with `identifier`, those that left them first.
std::vector<Child> FindChildren(const std::map<std::string, table::Branch>& branches,
                                const std::vector<std::pair<uint64_t, std::string>>& identifier) {
  std::vector<std::pair<std::vector<std::pair<uint64_t, std::string>>, std::string>> all;
  for (const auto& [name, branch] : branches) all.emplace_back(branch.identifier, name);
  std::sort(all.rbegin(), all.rend());
  std::vector<Child> out;
  for (const auto& [id, name] : all) {
    if (id.size() <= identifier.size() || !std::equal(identifier.begin(), identifier.end(), id.begin()))
      continue;
    const uint64_t version = id[identifier.size()].first;
    if (version > 0) out.push_back({name, version});
  }
  return out;
}

// Every version of the line, split.
struct Split {
  FileReferences retained;
  FileReferences removed;
  std::map<std::string, uint64_t> old_manifests;  // key -> version
  std::vector<uint64_t> tagged_old;
  std::optional<Time> earliest_retained;
  std::optional<Time> latest_removed;

  // Files changed since then belong to versions that stay, or to none.
  std::optional<Time> ListingEnd() const {
    if (earliest_retained && latest_removed && *latest_removed > *earliest_retained) return std::nullopt;
    return earliest_retained;
  }
};

class Cleaner {
 public:
  Cleaner(const Dataset& dataset, const CleanupOptions& options, std::optional<uint64_t> explain_limit)
      : dataset_(dataset),
        snapshot_(static_cast<const table::TableSnapshot&>(*dataset.snapshot())),
        store_(*snapshot_.object_store()),
        pool_(snapshot_.session()->thread_pool()),
        options_(options),
        explain_limit_(explain_limit),
        now_(std::chrono::system_clock::now()) {
    out_.read_version = dataset.version();
    out_.candidate_file_limit = explain_limit.value_or(0);
  }

  Result<CleanupExplanation> Run() {
    ARROW_RETURN_NOT_OK(options_.Validate());
    ARROW_ASSIGN_OR_RAISE(auto locations, table::ListManifests(store_));
    std::vector<uint64_t> numbers;
    for (const table::ManifestLocation& location : locations) numbers.push_back(location.version);
    ARROW_ASSIGN_OR_RAISE(policy_, dataset::MakePolicy(options_, numbers, now_));
    ARROW_ASSIGN_OR_RAISE(std::vector<Child> children, FindReferencedBranches(locations));
    if (options_.clean_referenced_branches) ARROW_RETURN_NOT_OK(CleanBranches(children));
    ARROW_ASSIGN_OR_RAISE(auto detached, table::ListDetachedManifests(store_));
    locations.insert(locations.end(), detached.begin(), detached.end());
    ARROW_ASSIGN_OR_RAISE(Split split, SplitVersions(locations));
    for (const Child& child : children) ARROW_RETURN_NOT_OK(RetainFilesOf(child, &split));
    ARROW_RETURN_NOT_OK(RemoveFiles(split));
    if (out_.candidate_files_truncated) {
      out_.warnings.push_back(fmt::format("candidate_files truncated to {} entries", *explain_limit_));
    }
    return std::move(out_);
  }

 private:
  // Branches that left at a version which would go.
  Result<std::vector<Child>> FindReferencedBranches(const std::vector<table::ManifestLocation>& locations) {
    ARROW_ASSIGN_OR_RAISE(auto branches, table::ListBranches(snapshot_));
    std::vector<std::pair<uint64_t, std::string>> identifier;
    if (const auto& branch = snapshot_.manifest().branch) {
      auto found = branches.find(*branch);
      if (found == branches.end()) return NotFound("Ref not found: branch {} does not exist", *branch);
      identifier = found->second.identifier;
    }
    std::vector<Child> out;
    for (Child& child : FindChildren(branches, identifier)) {
      const auto found = std::find_if(locations.begin(), locations.end(), [&](const auto& location) {
        return location.version == child.referenced_version;
      });
      if (found != locations.end()) {
        ARROW_ASSIGN_OR_RAISE(VersionFile left, dataset::ReadVersionFile(store_, *found));
        if (left.manifest != nullptr && !policy_.Matches(*left.manifest)) continue;
      }
      if (explain_limit_.has_value()) {
        out_.referenced_branches.push_back(
            {child.name, child.referenced_version, options_.clean_referenced_branches});
      }
      out.push_back(std::move(child));
    }
    return out;
  }

  // Cleans branches by their own configs.
  Status CleanBranches(const std::vector<Child>& children) {
    for (const Child& child : children) {
      VersionRef ref;
      ref.branch = child.name;
      ARROW_ASSIGN_OR_RAISE(auto branch, dataset_.Checkout(ref));
      ARROW_ASSIGN_OR_RAISE(auto options,
                            dataset::AutoCleanupOptions(branch->config(), branch->version(), true));
      if (!options.has_value()) continue;
      options->clean_referenced_branches = false;
      options->delete_rate_limit = options_.delete_rate_limit;
      options->delete_concurrency = options_.delete_concurrency;
      ARROW_ASSIGN_OR_RAISE(CleanupExplanation cleaned, Cleaner(*branch, *options, explain_limit_).Run());
      Merge(std::move(cleaned));
    }
    return Status::OK();
  }

  void Merge(CleanupExplanation other) {
    CleanupStats& stats = out_.stats;
    stats.bytes_removed += other.stats.bytes_removed;
    stats.old_versions += other.stats.old_versions;
    stats.data_files_removed += other.stats.data_files_removed;
    stats.transaction_files_removed += other.stats.transaction_files_removed;
    stats.index_files_removed += other.stats.index_files_removed;
    stats.deletion_files_removed += other.stats.deletion_files_removed;
    stats.failed_deletes += other.stats.failed_deletes;
    out_.candidate_files_truncated |= other.candidate_files_truncated;
    for (CleanupCandidateFile& file : other.candidate_files) {
      if (out_.candidate_files.size() < explain_limit_.value_or(0)) {
        out_.candidate_files.push_back(std::move(file));
      } else {
        out_.candidate_files_truncated = true;
      }
    }
  }

  // Reads one version after the other and keeps what it names: all manifests of a long history do not fit.
  Result<Split> SplitVersions(const std::vector<table::ManifestLocation>& locations) {
    ARROW_ASSIGN_OR_RAISE(auto tags, table::ListTags(snapshot_));
    std::set<uint64_t> tagged;
    for (const auto& [name, tag] : tags) {
      if (tag.branch == snapshot_.manifest().branch) tagged.insert(tag.version);
    }
    Split out;
    std::mutex mutex;  // guards `out`
    ARROW_RETURN_NOT_OK(scan::ParallelFor(pool_, locations.size(), [&](size_t i) -> Status {
      ARROW_ASSIGN_OR_RAISE(VersionFile version, dataset::ReadVersionFile(store_, locations[i]));
      std::lock_guard lock(mutex);
      if (version.manifest == nullptr) return Status::OK();
      return AddVersion(version, tagged.contains(version.manifest->version), &out);
    }));
    if (options_.error_if_tagged_old_versions && !out.tagged_old.empty()) {
      std::vector<std::string> names;
      for (const auto& [name, tag] : tags) {
        if (std::find(out.tagged_old.begin(), out.tagged_old.end(), tag.version) != out.tagged_old.end()) {
          names.push_back(fmt::format("\"{}\": {}", name, tag.version));
        }
      }
      return InvalidArgument(
          "Cleanup error: {} tagged version(s) have been marked for cleanup. Either set "
          "`error_if_tagged_old_versions=false` or delete the following tag(s) to enable cleanup: {{{}}}",
          names.size(), fmt::join(names, ", "));
    }
    return out;
  }

  Status AddVersion(const VersionFile& version, bool is_tagged, Split* out) const {
    const table::Manifest& manifest = *version.manifest;
    const bool newest = manifest.version >= snapshot_.manifest().version;  // detached ones too
    const bool old = !newest && policy_.Matches(manifest);
    if (old && is_tagged) out->tagged_old.push_back(manifest.version);
    const Time time = manifest.timestamp.value_or(Time{});
    if (old && !is_tagged) {
      ARROW_RETURN_NOT_OK(out->removed.Add(version));
      out->old_manifests.emplace(version.location.key(), manifest.version);
      out->latest_removed = std::max(out->latest_removed.value_or(time), time);
    } else {
      ARROW_RETURN_NOT_OK(out->retained.Add(version));
      out->earliest_retained = std::min(out->earliest_retained.value_or(time), time);
    }
    return Status::OK();
  }

  // What versions of a branch share with this line stays, and so does the version it left.
  Status RetainFilesOf(const Child& child, Split* split) {
    VersionRef ref;
    ref.branch = child.name;
    auto branch = dataset_.Checkout(ref);
    if (Is(branch.status(), ErrorKind::kNotFound)) return Status::OK();
    ARROW_RETURN_NOT_OK(branch.status());
    store::ObjectStore& store = *(*branch)->snapshot()->object_store();
    ARROW_ASSIGN_OR_RAISE(const auto locations, dataset::ListVersionFiles(store));
    bool any = false;
    for (const table::ManifestLocation& location : locations) {
      ARROW_ASSIGN_OR_RAISE(const VersionFile version, dataset::ReadVersionFile(store, location));
      if (version.manifest == nullptr) continue;
      ARROW_ASSIGN_OR_RAISE(const bool shared, split->retained.AddShared(version, snapshot_.uri()));
      any |= shared;
    }
    if (!any) return Status::OK();
    std::erase_if(split->old_manifests,
                  [&](const auto& entry) { return entry.second == child.referenced_version; });
    return Status::OK();
  }

  Status RemoveFiles(const Split& split) {
    ARROW_ASSIGN_OR_RAISE(auto listed, store_.List("_versions", false));
    std::vector<CleanupCandidateFile> manifests;
    for (const store::ObjectInfo& object : listed) {
      if (split.old_manifests.contains(object.path)) {
        manifests.push_back({object.path, CleanupFileKind::kManifest, false, object.size});
      }
    }
    std::vector<CleanupCandidateFile> files;
    const std::optional<Time> end = split.ListingEnd();
    std::optional<Time> data_end = end;
    if (options_.delete_unverified) {
      data_end.reset();
    } else if (data_end.has_value()) {
      data_end = std::max(*data_end, now_ - kUnverifiedAge);
    }
    SelectFiles(listed, end, split, &files);
    const std::pair<const char*, std::optional<Time>> folders[] = {
        {"_transactions", end}, {"data", data_end}, {"_indices", std::nullopt}, {"_deletions", end}};
    for (const auto& [folder, until] : folders) {
      ARROW_ASSIGN_OR_RAISE(auto objects, store_.List(folder, true));
      SelectFiles(objects, until, split, &files);
    }
    if (explain_limit_.has_value()) {
      for (const auto& file : files) Count(file);
      for (const auto& file : manifests) Count(file);
      return Status::OK();
    }
    ARROW_RETURN_NOT_OK(Delete(manifests));
    // The files of a version that could not be removed are still needed.
    if (out_.stats.failed_deletes > 0) return Status::OK();
    return Delete(files);
  }

  void SelectFiles(const std::vector<store::ObjectInfo>& objects, std::optional<Time> until,
                   const Split& split, std::vector<CleanupCandidateFile>* out) const {
    for (const store::ObjectInfo& object : objects) {
      const Time modified = object.modified;
      if (until.has_value() && modified > *until) continue;
      const auto file = dataset::Classify(object.path, split.retained, split.removed);
      if (!file.has_value() || file->retained) continue;
      const bool in_progress = !options_.delete_unverified && modified >= now_ - kUnverifiedAge;
      if (in_progress && !file->by_removed) continue;
      const bool unverified = file->kind == CleanupFileKind::kTransaction ? !file->by_removed : !in_progress;
      out->push_back({object.path, file->kind, unverified, object.size});
    }
  }

  Status Delete(const std::vector<CleanupCandidateFile>& files) {
    std::vector<uint8_t> failed(files.size(), 0);
    const auto remove = [&](size_t i) -> Status {
      const Status status = store_.Delete(files[i].path);
      failed[i] = !status.ok() && !Is(status, ErrorKind::kNotFound);
      return Status::OK();
    };
    if (options_.delete_rate_limit.has_value()) {
      const auto pause = std::chrono::nanoseconds(1'000'000'000 / *options_.delete_rate_limit);
      auto next = std::chrono::steady_clock::now();
      for (size_t i = 0; i < files.size(); ++i) {
        std::this_thread::sleep_until(next);
        next += pause;
        ARROW_RETURN_NOT_OK(remove(i));
      }
    } else {
      const bool parallel = options_.delete_concurrency.value_or(2) > 1;
      ARROW_RETURN_NOT_OK(scan::ParallelFor(parallel ? pool_ : nullptr, files.size(), remove));
    }
    for (size_t i = 0; i < files.size(); ++i) {
      if (failed[i] != 0) {
        ++out_.stats.failed_deletes;
      } else {
        Count(files[i]);
      }
    }
    return Status::OK();
  }

  void Count(const CleanupCandidateFile& file) {
    CleanupStats& stats = out_.stats;
    stats.bytes_removed += file.size_bytes;
    switch (file.kind) {
      case CleanupFileKind::kManifest:
        ++stats.old_versions;
        break;
      case CleanupFileKind::kData:
        ++stats.data_files_removed;
        break;
      case CleanupFileKind::kTransaction:
        ++stats.transaction_files_removed;
        break;
      case CleanupFileKind::kIndex:
        ++stats.index_files_removed;
        break;
      case CleanupFileKind::kDeletion:
        ++stats.deletion_files_removed;
        break;
      case CleanupFileKind::kTemporaryManifest:
        break;
    }
    if (!explain_limit_.has_value()) return;
    if (out_.candidate_files.size() < *explain_limit_) {
      out_.candidate_files.push_back(file);
    } else {
      out_.candidate_files_truncated = true;
    }
  }

  const Dataset& dataset_;
  const table::TableSnapshot& snapshot_;
  store::ObjectStore& store_;
  runtime::ThreadPool* pool_;
  const CleanupOptions& options_;
  std::optional<uint64_t> explain_limit_;
  const Time now_;
  CleanupPolicy policy_;
  CleanupExplanation out_;
};

}  // namespace

arrow::Result<CleanupStats> CleanUpOldVersions(const Dataset& dataset, const CleanupOptions& options) {
  ARROW_ASSIGN_OR_RAISE(CleanupExplanation done, Cleaner(dataset, options, std::nullopt).Run());
  return done.stats;
}

arrow::Result<CleanupExplanation> ExplainCleanUp(const Dataset& dataset, const CleanupOptions& options,
                                                 uint64_t max_candidate_files) {
  return Cleaner(dataset, options, max_candidate_files).Run();
}

arrow::Result<std::optional<CleanupStats>> AutoCleanUp(const Dataset& dataset) {
  ARROW_ASSIGN_OR_RAISE(auto options,
                        dataset::AutoCleanupOptions(dataset.config(), dataset.version(), false));
  if (!options.has_value()) return std::nullopt;
  ARROW_ASSIGN_OR_RAISE(CleanupStats stats, CleanUpOldVersions(dataset, *options));
  return stats;
}

}  // namespace lance
