#include "lance/dataset/schema_change/column_change.h"

#include <arrow/api.h>

#include "lance/dataset/write/commit_operation.h"
#include "lance/table/commit.h"
#include "lance/table/storage_version.h"

namespace lance::dataset {

Result<file::Version> WriteVersionOf(const table::Snapshot& snapshot) {
  std::string version = snapshot.manifest().data_storage_version;
  if (version.empty()) {
    ARROW_ASSIGN_OR_RAISE(version, table::InferStorageVersion(snapshot.manifest()));
  }
  return ParseStorageVersion(version);
}

Status RefuseMemWal(const table::Snapshot& snapshot, const std::string& why) {
  ARROW_ASSIGN_OR_RAISE(auto indices, snapshot.Indices());
  for (const table::IndexMetadata& index : *indices) {
    LANCE_CHECK_ARG(index.name != "__lance_mem_wal", "{}", why);
  }
  return Status::OK();
}

Result<std::shared_ptr<Dataset>> CommitNewColumns(const table::Snapshot& snapshot, schema::Schema schema,
                                                  NewColumnFiles files, const FragmentWriterOptions& options,
                                                  const CommitSettings& commit) {
  table::operation::Merge merge;
  merge.preserves_nullability = !RequiresMore(snapshot.manifest().schema, schema);
  merge.schema = std::move(schema);
  merge.fragments = files.fragments;
  table::CommitRequest request;
  request.operation = std::move(merge);
  request.read_version = snapshot.manifest().version;
  request.unsynced = files.unsynced;
  auto committed = CommitOperation(snapshot, std::move(request), commit);
  if (Is(committed.status(), ErrorKind::kCommitConflict)) RemoveColumnFiles(options, files);
  return committed;
}

Result<std::shared_ptr<Dataset>> AddColumnValues(const Dataset& dataset, arrow::RecordBatchReader& values,
                                                 const DataFileSettings& files,
                                                 const CommitSettings& commit) {
  const table::Snapshot& snapshot = *dataset.snapshot();
  const table::Manifest& manifest = snapshot.manifest();
  ARROW_ASSIGN_OR_RAISE(schema::Schema added, schema::FromArrow(*values.schema()));
  ARROW_ASSIGN_OR_RAISE(FragmentWriterOptions options,
                        MakeFragmentWriterOptions(snapshot, files, commit.durable));
  ARROW_ASSIGN_OR_RAISE(const file::Version table_version, WriteVersionOf(snapshot));
  ARROW_RETURN_NOT_OK(CheckNewFields(manifest.schema, added, table_version));
  schema::Schema merged = AddFields(manifest.schema, added, MaxFieldId(manifest));
  ARROW_ASSIGN_OR_RAISE(NewColumnFiles written,
                        WriteColumnFiles(snapshot, values, PickByName(merged, added), options));
  return CommitNewColumns(snapshot, std::move(merged), std::move(written), options, commit);
}

}  // namespace lance::dataset
