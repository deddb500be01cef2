// Checks a whole table: every version, every file that some version names, and what lies about unnamed.
#include <algorithm>
#include <charconv>
#include <set>
#include <unordered_map>

#include "lance/base/status.h"
#include "lance/dataset.h"
#include "lance/dataset/cleanup/file_references.h"
#include "lance/dataset/cleanup/version_files.h"
#include "lance/file/file_reader.h"
#include "lance/inspect.h"
#include "lance/maintenance.h"
#include "lance/runtime/session.h"
#include "lance/store/object_store.h"
#include "lance/table/deletion.h"
#include "lance/table/manifest_file.h"
#include "lance/table/row_ids.h"
#include "lance/table/snapshot.h"
#include "lance/table/table.h"

namespace lance {
namespace {

using table::Fragment;

// The fragment of "fragment 3, data/x.lance".
std::optional<uint64_t> FragmentIn(const std::string& where) {
  constexpr std::string_view kName = "fragment ";
  if (!where.starts_with(kName)) return std::nullopt;
  uint64_t id = 0;
  const char* begin = where.data() + kName.size();
  const auto [end, error] = std::from_chars(begin, where.data() + where.size(), id);
  return error == std::errc() && end != begin ? std::optional(id) : std::nullopt;
}

class Checker {
 public:
  Checker(const Dataset& dataset, const FsckOptions& options)
      : dataset_(dataset),
        snapshot_(*dataset.snapshot()),
        store_(*snapshot_.object_store()),
        options_(options) {}

  Result<FsckReport> Run() {
    ARROW_RETURN_NOT_OK(ListObjects());
    ARROW_ASSIGN_OR_RAISE(std::vector<uint64_t> versions, Versions());
    uint64_t done = 0;
    bool all_read = true;
    for (uint64_t version : versions) {
      VersionRef ref;
      ref.number = version;
      auto opened = dataset_.Checkout(ref);
      if (opened.ok()) {
        CheckVersion(**opened);
      } else {
        Report(version, "manifest", opened.status());
        all_read = false;
      }
      ++report_.num_versions;
      if (options_.progress) options_.progress(++done, versions.size());
    }
    report_.num_files = checked_.size();
    if (options_.read_data) ARROW_RETURN_NOT_OK(ReadData());
    // With a version unread, nobody knows what it names.
    if (all_read && options_.all_versions) ListUnreferenced();
    return std::move(report_);
  }

 private:
  Status ListObjects() {
    for (const char* folder : {"data", "_deletions", "_indices", "_transactions"}) {
      ARROW_ASSIGN_OR_RAISE(auto objects, store_.List(folder, true));
      for (store::ObjectInfo& object : objects) objects_.emplace(object.path, object.size);
    }
    return Status::OK();
  }

  Result<std::vector<uint64_t>> Versions() {
    if (!options_.all_versions) return std::vector<uint64_t>{dataset_.version()};
    ARROW_ASSIGN_OR_RAISE(auto versions, table::ListVersionNumbers(snapshot_));
    ARROW_ASSIGN_OR_RAISE(auto detached, table::ListDetachedVersions(snapshot_));
    versions.insert(versions.end(), detached.begin(), detached.end());
    return versions;
  }

  void Report(uint64_t version, std::string where, const Status& status) {
    if (status.ok()) return;
    Report(KindOf(status).value_or(ErrorKind::kInternal), version, std::move(where), status.message());
  }

  void Report(ErrorKind kind, uint64_t version, std::string where, std::string message) {
    const auto fragment_id = FragmentIn(where);
    report_.problems.push_back({kind, version, std::move(where), std::move(message), fragment_id});
  }

  void CheckVersion(const Dataset& version) {
    const table::Snapshot& snapshot = *version.snapshot();
    const table::Manifest& manifest = snapshot.manifest();
    auto indices = snapshot.Indices();
    Report(manifest.version, "index section", indices.status());
    named_.Add(manifest, indices.ok() ? **indices : std::vector<table::IndexMetadata>{});
    std::set<uint64_t> ids;
    for (const Fragment& fragment : manifest.fragments) {
      ++report_.num_fragments;
      const std::string where = fmt::format("fragment {}", fragment.id);
      if (!ids.insert(fragment.id).second) {
        Report(manifest.version, where, Corruption("the id occurs twice in the manifest"));
      }
      // A fragment that another version has too, as it is here, was checked there.
      if (auto known = fragments_.find(fragment.id); known != fragments_.end() && known->second == fragment)
        continue;
      fragments_[fragment.id] = fragment;
      CheckFragment(snapshot, fragment, where);
    }
    if (indices.ok()) CheckIndices(manifest, **indices);
  }

  void CheckFragment(const table::Snapshot& snapshot, const Fragment& fragment, const std::string& where) {
    const uint64_t version = snapshot.manifest().version;
    for (const table::DataFile& file : fragment.files) {
      if (!checked_.insert(file.path).second) continue;
      Report(version, where + ", data/" + file.path, CheckDataFile(snapshot, fragment, file));
    }
    const auto deletions = snapshot.Deletions(fragment);
    Report(version, where + ", deletion file", deletions.status());
    if (deletions.ok() && *deletions != nullptr) {
      checked_.insert(dataset::DeletionFileName(fragment));
      const uint64_t stated = fragment.deletion_file->num_deleted_rows;
      if ((*deletions)->end() > fragment.physical_rows || (stated != 0 && stated != (*deletions)->count())) {
        Report(version, where + ", deletion file",
               Corruption("it deletes {} rows up to {}; the manifest says {} of {}", (*deletions)->count(),
                          (*deletions)->end(), stated, fragment.physical_rows));
      }
    }
    CheckSequence(version, where + ", row ids", snapshot.RowIds(fragment), fragment);
    CheckSequence(version, where + ", created-at versions", snapshot.CreatedAt(fragment), fragment);
    CheckSequence(version, where + ", last-updated-at versions", snapshot.LastUpdatedAt(fragment), fragment);
  }

  Status CheckDataFile(const table::Snapshot& snapshot, const Fragment& fragment,
                       const table::DataFile& file) {
    if (!file.base_id.has_value()) {
      auto found = objects_.find("data/" + file.path);
      if (found == objects_.end()) return NotFound("the file does not exist");
      LANCE_CHECK_BYTES(file.size_bytes == 0 || file.size_bytes == found->second,
                        "the file has {} bytes, the manifest says {}", found->second, file.size_bytes);
    }
    ARROW_ASSIGN_OR_RAISE(auto reader, snapshot.OpenDataFile(file));
    LANCE_CHECK_BYTES(reader->num_rows() == fragment.physical_rows,
                      "the file has {} rows, the manifest says that the fragment has {}", reader->num_rows(),
                      fragment.physical_rows);
    return Status::OK();
  }

  template <typename Sequence>
  void CheckSequence(uint64_t version, std::string where,
                     const Result<std::shared_ptr<const Sequence>>& sequence, const Fragment& fragment) {
    Report(version, where, sequence.status());
    if (!sequence.ok() || *sequence == nullptr || (*sequence)->size() == fragment.physical_rows) return;
    Report(version, std::move(where),
           Corruption("{} entries for {} rows", (*sequence)->size(), fragment.physical_rows));
  }

  void CheckIndices(const table::Manifest& manifest, const std::vector<table::IndexMetadata>& indices) {
    for (const table::IndexMetadata& index : indices) {
      if (index.base_id.has_value() || !checked_.insert("_indices/" + index.uuid).second) continue;
      for (const table::IndexFile& file : index.files) {
        const std::string key = fmt::format("_indices/{}/{}", index.uuid, file.path);
        auto found = objects_.find(key);
        const std::string where = fmt::format("index {}, {}", index.name, key);
        if (found == objects_.end()) {
          Report(manifest.version, where, NotFound("the file does not exist"));
        } else if (file.size_bytes != 0 && file.size_bytes != found->second) {
          Report(manifest.version, where,
                 Corruption("the file has {} bytes, the manifest says {}", found->second, file.size_bytes));
        }
      }
    }
  }

  Status ReadData() {
    ARROW_ASSIGN_OR_RAISE(VerifyReport verified, Verify(dataset_));
    for (VerifyProblem& problem : verified.problems) {
      Report(problem.kind, dataset_.version(), std::move(problem.where), std::move(problem.message));
    }
    return Status::OK();
  }

  void ListUnreferenced() {
    const dataset::FileReferences none;
    for (const auto& [path, size] : objects_) {
      const auto file = dataset::Classify(path, named_, none);
      if (!file.has_value() || file->retained) continue;
      report_.unreferenced_files.push_back(path);
      report_.unreferenced_bytes += size;
    }
    std::sort(report_.unreferenced_files.begin(), report_.unreferenced_files.end());
  }

  const Dataset& dataset_;
  const table::Snapshot& snapshot_;
  store::ObjectStore& store_;
  const FsckOptions& options_;
  FsckReport report_;
  std::unordered_map<std::string, uint64_t> objects_;
  std::unordered_map<uint64_t, Fragment> fragments_;  // as last seen, by id
  std::set<std::string> checked_;
  dataset::FileReferences named_;
};

}  // namespace

arrow::Result<FsckReport> Fsck(const Dataset& dataset, const FsckOptions& options) {
  return Checker(dataset, options).Run();
}

}  // namespace lance
