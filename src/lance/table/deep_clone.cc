#include "lance/table/deep_clone.h"

#include "lance/base/uuid.h"
#include "lance/table/commit_attempt.h"
#include "lance/table/index_maintenance.h"
#include "lance/table/table_snapshot.h"

namespace lance::table {
namespace {

// The source's version with all files below one root.
Result<NewVersion> DeepVersion(const Snapshot& source) {
  NewVersion out;
  out.manifest = std::make_shared<Manifest>(source.manifest());
  out.manifest->branch.reset();
  out.manifest->tag.clear();
  out.manifest->base_paths.clear();
  for (Fragment& fragment : out.manifest->fragments) {
    for (DataFile& file : fragment.files) file.base_id.reset();
    if (fragment.deletion_file.has_value()) fragment.deletion_file->base_id.reset();
  }
  ARROW_ASSIGN_OR_RAISE(auto indices, source.Indices());
  out.indices = *indices;
  for (IndexMetadata& index : out.indices) {
    if (index.name == kFragmentReuseIndex && index.index_version.value_or(0) != 0) {
      return NotSupported("copying a table with a tagged fragment reuse index");
    }
    index.base_id.reset();
  }
  out.scheme = static_cast<const TableSnapshot&>(source).location().scheme;
  return out;
}

}  // namespace

Result<std::shared_ptr<const Snapshot>> CommitDeepClone(
    const Snapshot& source, const std::string& uri, const std::map<std::string, std::string>& storage_options,
    const CommitOptions& options) {
  ARROW_RETURN_NOT_OK(CheckWritable(source.manifest()));
  ARROW_ASSIGN_OR_RAISE(store::OpenedStore root, store::OpenStore(uri, storage_options));
  ARROW_ASSIGN_OR_RAISE(NewVersion version, DeepVersion(source));
  operation::Clone clone;
  clone.is_shallow = false;
  clone.ref_name = source.manifest().branch;
  clone.ref_version = source.manifest().version;
  clone.ref_path = source.uri();
  Transaction transaction;
  transaction.read_version = source.manifest().version;
  transaction.uuid = MakeUuid();
  transaction.change = std::move(clone);
  TransactionWriter writer({std::make_shared<Bases>(root, storage_options), root, source.session()}, options);
  ARROW_RETURN_NOT_OK(writer.Begin(transaction));
  auto written = writer.Write(std::move(version));
  if (written.ok() && *written != nullptr) return written;
  if (!Is(written.status(), ErrorKind::kCommitStateUnknown)) writer.Abandon();
  ARROW_RETURN_NOT_OK(written.status());
  return AlreadyExists("Dataset already exists: {}", uri);
}

}  // namespace lance::table
