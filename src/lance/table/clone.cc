#include "lance/table/clone.h"

#include "lance/base/uuid.h"
#include "lance/table/apply.h"
#include "lance/table/commit_attempt.h"
#include "lance/table/index_maintenance.h"
#include "lance/table/write_refs.h"

namespace lance::table {
namespace {

const TableSnapshot& Impl(const Snapshot& snapshot) { return static_cast<const TableSnapshot&>(snapshot); }

// The source's version with all files that were its own marked as lying at its base.
Result<NewVersion> CloneVersion(const Snapshot& source, const operation::Clone& clone) {
  ARROW_RETURN_NOT_OK(CheckWritable(source.manifest()));
  NewVersion out;
  out.manifest = std::make_shared<Manifest>(source.manifest());
  Manifest& next = *out.manifest;
  const uint32_t base = UnusedBaseId(next.base_paths, /*from=*/0);
  for (Fragment& fragment : next.fragments) {
    for (DataFile& file : fragment.files) {
      if (!file.base_id) file.base_id = base;
    }
    if (fragment.deletion_file && !fragment.deletion_file->base_id) fragment.deletion_file->base_id = base;
  }
  next.base_paths.push_back({base, clone.ref_name, true, clone.ref_path});
  next.branch = clone.branch_name;
  next.tag.clear();
  ARROW_ASSIGN_OR_RAISE(auto indices, source.Indices());
  out.indices = *indices;
  for (IndexMetadata& index : out.indices) {
    if (index.name == kFragmentReuseIndex && index.index_version.value_or(0) != 0) {
      return NotSupported("clones of tables with a tagged fragment reuse index");
    }
    if (!index.base_id) index.base_id = base;
  }
  return out;
}

Result<std::shared_ptr<const Snapshot>> WriteClone(const Snapshot& source, operation::Clone clone,
                                                   CommitLine line, const CommitOptions& options) {
  const auto existing = LatestManifest(line.store());
  if (existing.ok()) return AlreadyExists("Dataset already exists: {}", line.bases->own().uri);
  if (!Is(existing.status(), ErrorKind::kNotFound)) return existing.status();
  ARROW_ASSIGN_OR_RAISE(NewVersion version, CloneVersion(source, clone));
  Transaction transaction;
  transaction.read_version = clone.ref_version;
  transaction.uuid = MakeUuid();
  transaction.change = std::move(clone);
  TransactionWriter writer(line, options);
  ARROW_RETURN_NOT_OK(writer.Begin(transaction));
  ARROW_ASSIGN_OR_RAISE(auto written, writer.Write(std::move(version)));
  if (written != nullptr) return written;
  writer.Abandon();
  return AlreadyExists("Dataset already exists: {}", line.bases->own().uri);
}

}  // namespace

Result<std::shared_ptr<const Snapshot>> CloneToBranch(const Snapshot& source, const std::string& name,
                                                      const CommitOptions& options) {
  const TableSnapshot& snapshot = Impl(source);
  operation::Clone clone;
  clone.ref_name = source.manifest().branch;
  clone.ref_version = source.manifest().version;
  clone.ref_path = source.uri();
  clone.branch_name = name;
  const store::Options& storage = snapshot.bases().options();
  ARROW_ASSIGN_OR_RAISE(auto opened, store::OpenStore(JoinUri(snapshot.root().uri, "tree/" + name), storage));
  CommitLine line{std::make_shared<Bases>(std::move(opened), storage), snapshot.root(), source.session()};
  return WriteClone(source, std::move(clone), std::move(line), options);
}

Result<std::shared_ptr<const Snapshot>> ShallowClone(const Snapshot& source, const std::string& uri,
                                                     const CloneOptions& clone,
                                                     const CommitOptions& options) {
  LANCE_CHECK_ARG(clone.session != nullptr, "a table needs a session");
  ARROW_ASSIGN_OR_RAISE(auto root, store::OpenStore(uri, clone.storage_options));
  operation::Clone operation;
  operation.ref_name = clone.ref_name;
  operation.ref_version = source.manifest().version;
  operation.ref_path = source.uri();
  CommitLine line{std::make_shared<Bases>(root, clone.storage_options), root, clone.session};
  return WriteClone(source, std::move(operation), std::move(line), options);
}

}  // namespace lance::table
