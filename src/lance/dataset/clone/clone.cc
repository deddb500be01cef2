#include <algorithm>
#include <set>

#include <arrow/buffer.h>

#include "lance/dataset/cleanup/file_references.h"
#include "lance/dataset/make_dataset.h"
#include "lance/dataset/refs/resolve_ref.h"
#include "lance/refs.h"
#include "lance/runtime/session.h"
#include "lance/scan/exec/parallel_for.h"
#include "lance/store/object_store.h"
#include "lance/table/clone.h"
#include "lance/table/open_root.h"
#include "lance/table/table_snapshot.h"

namespace lance {
namespace {

// Large files are copied in pieces.
constexpr uint64_t kCopyBytes = 8 << 20;

struct CopyJob {
  table::ObjectPlace from;
  std::string to;
};

// Copies between stores; nothing of it may be lost in a power cut, for the source may go afterwards.
Status CopyObject(const CopyJob& job, store::ObjectStore& target) {
  ARROW_ASSIGN_OR_RAISE(auto source, job.from.store->Open(job.from.key));
  ARROW_ASSIGN_OR_RAISE(auto out, target.Create(job.to));
  for (uint64_t at = 0; at < source->size();) {
    const uint64_t length = std::min(kCopyBytes, source->size() - at);
    ARROW_ASSIGN_OR_RAISE(auto bytes, source->Read({at, length}));
    ARROW_RETURN_NOT_OK(out->Write({bytes->data(), static_cast<size_t>(bytes->size())}));
    at += length;
  }
  return out->Close();
}

bool HasBlobV2(const schema::Field& field) {
  return field.is_blob_v2() || std::any_of(field.children.begin(), field.children.end(), HasBlobV2);
}

// Every file that the version names, with blob files beside data files.
Result<std::vector<CopyJob>> ListFiles(const table::TableSnapshot& snapshot) {
  const table::Manifest& manifest = snapshot.manifest();
  auto& bases = const_cast<table::Bases&>(snapshot.bases());
  const bool blobs = std::any_of(manifest.schema.fields.begin(), manifest.schema.fields.end(), HasBlobV2);
  std::vector<CopyJob> jobs;
  std::set<std::string> seen;
  const auto add = [&](std::optional<uint32_t> base, const std::string& folder,
                       const std::string& name) -> Status {
    std::string to = folder + "/" + name;
    if (!seen.insert(to).second) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(auto place, bases.Locate(manifest, base, folder, name));
    jobs.push_back({std::move(place), std::move(to)});
    return Status::OK();
  };
  const auto add_folder = [&](std::optional<uint32_t> base, const std::string& folder,
                              const std::string& name) -> Status {
    ARROW_ASSIGN_OR_RAISE(auto place, bases.Locate(manifest, base, folder, name));
    ARROW_ASSIGN_OR_RAISE(auto objects, place.store->List(place.key, true));
    for (const store::ObjectInfo& object : objects) {
      const std::string below = object.path.substr(place.key.size() + 1);
      ARROW_RETURN_NOT_OK(add(base, folder, name + "/" + below));
    }
    return Status::OK();
  };
  for (const table::Fragment& fragment : manifest.fragments) {
    for (const table::DataFile& file : fragment.files) {
      ARROW_RETURN_NOT_OK(add(file.base_id, "data", file.path));
      if (blobs && file.path.ends_with(".lance")) {
        ARROW_RETURN_NOT_OK(add_folder(file.base_id, "data", file.path.substr(0, file.path.size() - 6)));
      }
    }
    if (fragment.deletion_file.has_value()) {
      ARROW_RETURN_NOT_OK(
          add(fragment.deletion_file->base_id, "_deletions", dataset::DeletionFileName(fragment)));
    }
  }
  ARROW_ASSIGN_OR_RAISE(auto indices, snapshot.Indices());
  for (const table::IndexMetadata& index : *indices) {
    ARROW_RETURN_NOT_OK(add_folder(index.base_id, "_indices", index.uuid));
  }
  return jobs;
}

std::map<std::string, std::string> OptionsOf(const CloneOptions& options,
                                             const table::TableSnapshot& source) {
  return options.storage_options.empty() ? source.bases().options() : options.storage_options;
}

}  // namespace

arrow::Result<std::shared_ptr<Dataset>> ShallowClone(const Dataset& dataset, const std::string& target_uri,
                                                     const CloneOptions& options) {
  ARROW_ASSIGN_OR_RAISE(auto source, dataset::ResolveRef(dataset, options.version));
  const auto& snapshot = static_cast<const table::TableSnapshot&>(*source->snapshot());
  const table::CloneTarget target{target_uri, std::nullopt, OptionsOf(options, snapshot)};
  ARROW_ASSIGN_OR_RAISE(auto committed, table::CommitClone(snapshot, target, /*is_shallow=*/true));
  return MakeDataset(std::move(committed));
}

arrow::Result<std::shared_ptr<Dataset>> DeepClone(const Dataset& dataset, const std::string& target_uri,
                                                  const CloneOptions& options) {
  ARROW_ASSIGN_OR_RAISE(auto source, dataset::ResolveRef(dataset, options.version));
  const auto& snapshot = static_cast<const table::TableSnapshot&>(*source->snapshot());
  if ((snapshot.manifest().reader_feature_flags & table::kFlagManagedBlobs) != 0) {
    return NotSupported("deep clones of tables with managed blobs");
  }
  const table::CloneTarget target{target_uri, std::nullopt, OptionsOf(options, snapshot)};
  ARROW_ASSIGN_OR_RAISE(store::OpenedStore opened, table::OpenRoot(target_uri, target.storage_options));
  const auto existing = table::LatestManifest(*opened.store);
  if (existing.ok()) return AlreadyExists("Dataset already exists: {}", target_uri);
  if (!Is(existing.status(), ErrorKind::kNotFound)) return existing.status();
  ARROW_ASSIGN_OR_RAISE(std::vector<CopyJob> jobs, ListFiles(snapshot));
  ARROW_RETURN_NOT_OK(scan::ParallelFor(snapshot.session()->thread_pool(), jobs.size(),
                                        [&](size_t i) { return CopyObject(jobs[i], *opened.store); }));
  ARROW_ASSIGN_OR_RAISE(auto committed, table::CommitClone(snapshot, target, /*is_shallow=*/false));
  return MakeDataset(std::move(committed));
}

}  // namespace lance
