#include "lance/dataset/cleanup/file_references.h"

#include <fmt/format.h>

#include "lance/table/manifest_serde.h"

namespace lance::dataset {
namespace {

// The part of `path` below `folder`; none when it is elsewhere.
std::optional<std::string_view> Below(std::string_view path, std::string_view folder) {
  if (path.size() <= folder.size() || !path.starts_with(folder) || path[folder.size()] != '/') {
    return std::nullopt;
  }
  return path.substr(folder.size() + 1);
}

std::optional<ClassifiedFile> ClassifyData(std::string_view below, const FileReferences& retained,
                                           const FileReferences& removed) {
  const size_t slash = below.find('/');
  if (below.ends_with(".lance")) {
    return ClassifiedFile{CleanupFileKind::kData, retained.HasData(below), removed.HasData(below)};
  }
  if (below.ends_with(".blob")) {
    // Blobs of data/x.lance lie in data/x/.
    if (slash == below.npos || below.find('/', slash + 1) != below.npos) return std::nullopt;
    const std::string owner = std::string(below.substr(0, slash)) + ".lance";
    return ClassifiedFile{CleanupFileKind::kData, retained.HasData(owner), removed.HasData(owner)};
  }
  const size_t last = below.rfind('/');
  const std::string_view name = last == below.npos ? below : below.substr(last + 1);
  if (name.starts_with(".tmp")) return ClassifiedFile{CleanupFileKind::kData, false, false};
  return std::nullopt;
}

}  // namespace

Result<std::optional<table::Fragment>> FileReferences::FirstTime(std::string_view stored) {
  if (fragments_.find(stored) != fragments_.end()) return std::nullopt;
  fragments_.emplace(stored);
  return table::ParseFragment({reinterpret_cast<const uint8_t*>(stored.data()), stored.size()});
}

Status FileReferences::Add(const VersionFile& version) {
  for (const std::string_view stored : version.fragments) {
    ARROW_ASSIGN_OR_RAISE(const auto fragment, FirstTime(stored));
    if (fragment.has_value()) AddFragment(*fragment);
  }
  Add(*version.manifest, version.indices);
  return Status::OK();
}

void FileReferences::Add(const table::Manifest& manifest, const std::vector<table::IndexMetadata>& indices) {
  for (const table::Fragment& fragment : manifest.fragments) AddFragment(fragment);
  if (!manifest.transaction_file.empty()) transactions_.insert(manifest.transaction_file);
  for (const table::IndexMetadata& index : indices) indices_.insert(index.uuid);
}

void FileReferences::AddFragment(const table::Fragment& fragment) {
  for (const table::DataFile& file : fragment.files) data_.insert(file.path);
  if (fragment.deletion_file.has_value()) deletions_.insert(DeletionFileName(fragment));
}

Result<bool> FileReferences::AddShared(const VersionFile& version, std::string_view our_uri) {
  std::unordered_set<uint32_t> ours;
  for (const table::BasePath& base : version.manifest->base_paths) {
    if (ComparablePath(base.path) == ComparablePath(our_uri)) ours.insert(base.id);
  }
  bool any = false;
  const auto is_ours = [&](const std::optional<uint32_t>& id) {
    return id.has_value() && ours.contains(*id);
  };
  for (const std::string_view stored : version.fragments) {
    // Base ids are those of this version: a fragment that was met before may mean another base.
    ARROW_ASSIGN_OR_RAISE(
        const table::Fragment fragment,
        table::ParseFragment({reinterpret_cast<const uint8_t*>(stored.data()), stored.size()}));
    for (const table::DataFile& file : fragment.files) {
      if (!is_ours(file.base_id)) continue;
      data_.insert(file.path);
      any = true;
    }
    if (fragment.deletion_file.has_value() && is_ours(fragment.deletion_file->base_id)) {
      deletions_.insert(DeletionFileName(fragment));
      any = true;
    }
  }
  for (const table::IndexMetadata& index : version.indices) {
    if (!is_ours(index.base_id)) continue;
    indices_.insert(index.uuid);
    any = true;
  }
  return any;
}

std::optional<ClassifiedFile> Classify(std::string_view path, const FileReferences& retained,
                                       const FileReferences& removed) {
  if (path.starts_with("_versions/.tmp")) {
    return ClassifiedFile{CleanupFileKind::kTemporaryManifest, false, false};
  }
  if (auto below = Below(path, "data")) return ClassifyData(*below, retained, removed);
  if (auto below = Below(path, "_indices")) {
    const std::string_view uuid = below->substr(0, below->find('/'));
    if (uuid.size() == below->size()) return std::nullopt;
    return ClassifiedFile{CleanupFileKind::kIndex, retained.HasIndex(uuid), removed.HasIndex(uuid)};
  }
  if (auto below = Below(path, "_deletions");
      below && (below->ends_with(".arrow") || below->ends_with(".bin"))) {
    return ClassifiedFile{CleanupFileKind::kDeletion, retained.HasDeletion(*below),
                          removed.HasDeletion(*below)};
  }
  if (auto below = Below(path, "_transactions"); below && below->ends_with(".txn")) {
    return ClassifiedFile{CleanupFileKind::kTransaction, retained.HasTransaction(*below),
                          removed.HasTransaction(*below)};
  }
  return std::nullopt;
}

std::string DeletionFileName(const table::Fragment& fragment) {
  const table::DeletionFile& file = *fragment.deletion_file;
  return fmt::format("{}-{}-{}.{}", fragment.id, file.read_version, file.id,
                     file.type == table::DeletionFile::Type::kBitmap ? "bin" : "arrow");
}

std::string_view ComparablePath(std::string_view uri) {
  constexpr std::string_view kFile = "file://";
  if (uri.starts_with(kFile)) uri.remove_prefix(kFile.size());
  while (uri.size() > 1 && uri.ends_with('/')) uri.remove_suffix(1);
  return uri;
}

}  // namespace lance::dataset
