#include "lance/table/clone.h"

#include <algorithm>

#include "lance/base/uuid.h"
#include "lance/table/commit_attempt.h"
#include "lance/table/index_maintenance.h"
#include "lance/table/open_root.h"
#include "lance/table/table_snapshot.h"

namespace lance::table {
namespace {

// What a copy keeps of the flags: those that nothing else in the manifest says.
constexpr uint64_t kKeptFlags = kFlagCoveredIndexMetadata | kFlagStableRowIds | kFlagMixedFileVersions |
                                kFlagTaggedFragmentReuse | kFlagManagedBlobs | kFlagNonReusableFieldIds;

Manifest MakeCopy(const Manifest& source) {
  Manifest out = source;
  out.index_section.reset();
  out.transaction_section.reset();
  out.transaction_file.clear();
  out.tag.clear();
  out.reader_feature_flags &= kKeptFlags;
  out.writer_feature_flags &= kKeptFlags;
  return out;
}

Result<std::vector<IndexMetadata>> CopyIndices(const Snapshot& source, bool is_shallow) {
  ARROW_ASSIGN_OR_RAISE(auto indices, source.Indices());
  const uint32_t base_id = NextBaseId(source.manifest());
  std::vector<IndexMetadata> out = *indices;
  for (IndexMetadata& index : out) {
    if (index.name == kFragmentReuseIndex && index.index_version.value_or(0) != 0) {
      return NotSupported("copying a table with a tagged fragment reuse index");
    }
    if (!is_shallow) {
      index.base_id.reset();
    } else if (!index.base_id.has_value()) {
      index.base_id = base_id;
    }
  }
  return out;
}

}  // namespace

uint32_t NextBaseId(const Manifest& manifest) {
  uint32_t id = 0;
  const auto used = [&] {
    return std::any_of(manifest.base_paths.begin(), manifest.base_paths.end(),
                       [&](const BasePath& base) { return base.id == id; });
  };
  while (used()) ++id;
  return id;
}

Manifest MakeShallowClone(const Manifest& source, const std::string& source_uri,
                          const std::optional<std::string>& ref_name,
                          const std::optional<std::string>& branch_name) {
  const uint32_t base_id = NextBaseId(source);
  Manifest out = MakeCopy(source);
  out.branch = branch_name;
  for (Fragment& fragment : out.fragments) {
    for (DataFile& file : fragment.files) {
      if (!file.base_id.has_value()) file.base_id = base_id;
    }
    if (fragment.deletion_file.has_value() && !fragment.deletion_file->base_id.has_value()) {
      fragment.deletion_file->base_id = base_id;
    }
  }
  BasePath base;
  base.id = base_id;
  base.name = ref_name;
  base.is_dataset_root = true;
  base.path = source_uri;
  out.base_paths.push_back(std::move(base));
  return out;
}

Manifest MakeDeepClone(const Manifest& source) {
  Manifest out = MakeCopy(source);
  out.branch.reset();
  out.base_paths.clear();
  for (Fragment& fragment : out.fragments) {
    for (DataFile& file : fragment.files) file.base_id.reset();
    if (fragment.deletion_file.has_value()) fragment.deletion_file->base_id.reset();
  }
  return out;
}

Result<std::shared_ptr<const Snapshot>> CommitClone(const Snapshot& source, const CloneTarget& target,
                                                    bool is_shallow, const CommitOptions& options) {
  const auto& from = static_cast<const TableSnapshot&>(source);
  const Manifest& manifest = source.manifest();
  ARROW_RETURN_NOT_OK(CheckWritable(manifest));
  ARROW_ASSIGN_OR_RAISE(store::OpenedStore own, OpenRoot(target.uri, target.storage_options));
  const auto existing = LatestManifest(*own.store);
  if (existing.ok()) return AlreadyExists("Dataset already exists: {}", target.uri);
  if (!Is(existing.status(), ErrorKind::kNotFound)) return existing.status();

  NewVersion version;
  ARROW_ASSIGN_OR_RAISE(version.indices, CopyIndices(source, is_shallow));
  version.scheme = from.location().scheme;
  version.manifest = std::make_shared<Manifest>(
      is_shallow ? MakeShallowClone(manifest, source.uri(), manifest.branch, target.branch_name)
                 : MakeDeepClone(manifest));
  operation::Clone clone;
  clone.is_shallow = is_shallow;
  clone.ref_name = manifest.branch;
  clone.ref_version = manifest.version;
  clone.ref_path = source.uri();
  clone.branch_name = target.branch_name;
  Transaction transaction;
  transaction.read_version = manifest.version;
  transaction.uuid = MakeUuid();
  transaction.change = std::move(clone);

  const store::OpenedStore root = target.branch_name.has_value() ? from.root() : own;
  TransactionWriter writer({std::make_shared<Bases>(own, target.storage_options), root, source.session()},
                           options);
  ARROW_RETURN_NOT_OK(writer.Begin(transaction));
  auto written = writer.Write(std::move(version));
  if (written.ok() && *written != nullptr) return written;
  if (!Is(written.status(), ErrorKind::kCommitStateUnknown)) writer.Abandon();
  ARROW_RETURN_NOT_OK(written.status());
  return AlreadyExists("Dataset already exists: {}", target.uri);
}

}  // namespace lance::table
