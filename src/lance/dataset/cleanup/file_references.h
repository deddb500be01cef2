#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "lance/dataset/cleanup/version_files.h"
#include "lance/maintenance.h"
#include "lance/table/manifest.h"

namespace lance::dataset {

/// Files below a table's root that some versions name, by what names them.
class FileReferences {
 public:
  /// Everything that a version names, whatever base it lies in: names are unique.
  Status Add(const VersionFile& version);
  void Add(const table::Manifest& manifest, const std::vector<table::IndexMetadata>& indices);
  /// What a version of another line names through a base path that is `our_uri`; true when anything.
  Result<bool> AddShared(const VersionFile& version, std::string_view our_uri);

  bool HasData(std::string_view path) const { return Has(data_, path); }
  bool HasDeletion(std::string_view path) const { return Has(deletions_, path); }
  bool HasTransaction(std::string_view path) const { return Has(transactions_, path); }
  bool HasIndex(std::string_view uuid) const { return Has(indices_, uuid); }

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  using Set = std::unordered_set<std::string, Hash, std::equal_to<>>;
  void AddFragment(const table::Fragment& fragment);
  // A fragment that was not met before; none otherwise. Versions have most of them in common.
  Result<std::optional<table::Fragment>> FirstTime(std::string_view stored);
  static bool Has(const Set& set, std::string_view text) { return set.find(text) != set.end(); }

  Set fragments_;     // as they are stored
  Set data_;          // relative to data/
  Set deletions_;     // relative to _deletions/
  Set transactions_;  // relative to _transactions/
  Set indices_;       // uuids
};

/// What a listed file is, if cleanup deals with such files at all.
struct ClassifiedFile {
  CleanupFileKind kind = CleanupFileKind::kData;
  bool retained = false;    ///< a version that stays names it
  bool by_removed = false;  ///< a version that goes names it
};
/// `path` is relative to the root. Manifests are not classified.
std::optional<ClassifiedFile> Classify(std::string_view path, const FileReferences& retained,
                                       const FileReferences& removed);

/// "<fragment>-<read version>-<id>.arrow" or ".bin".
std::string DeletionFileName(const table::Fragment& fragment);

/// A path or URI without "file://" and trailing slashes, for comparing.
std::string_view ComparablePath(std::string_view uri);

}  // namespace lance::dataset
