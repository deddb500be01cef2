#include <arrow/api.h>

#include "lance/dataset/schema_change/column_change.h"
#include "lance/dataset/write/commit_operation.h"
#include "lance/schema_change.h"
#include "lance/table/commit.h"

namespace lance {
namespace {

Result<table::DataFile> WriteReplacement(const table::Snapshot& snapshot, const table::Fragment& fragment,
                                         arrow::RecordBatchReader& values,
                                         const dataset::FragmentWriterOptions& options) {
  ARROW_ASSIGN_OR_RAISE(schema::Schema names, schema::FromArrow(*values.schema()));
  const schema::Schema stored = dataset::PickByName(snapshot.manifest().schema, names);
  for (const schema::Field& name : names.fields) {
    LANCE_CHECK_ARG(stored.FindTopLevel(name.name) != nullptr, "Column {} does not exist in the dataset",
                    name.name);
  }
  ARROW_ASSIGN_OR_RAISE(auto writer, dataset::ColumnFileWriter::Make(snapshot, fragment, stored, options));
  while (true) {
    ARROW_ASSIGN_OR_RAISE(auto batch, values.Next());
    if (batch == nullptr) break;
    LANCE_CHECK_ARG(static_cast<uint64_t>(batch->num_rows()) <= writer->rows_left(),
                    "more values than fragment {} has rows", fragment.id);
    ARROW_RETURN_NOT_OK(writer->Write(batch));
  }
  return writer->Finish();
}

}  // namespace

arrow::Result<std::shared_ptr<Dataset>> ReplaceColumns(const Dataset& dataset,
                                                       const std::vector<ColumnReplacement>& replacements,
                                                       const CommitSettings& commit) {
  const table::Snapshot& snapshot = *dataset.snapshot();
  LANCE_CHECK_ARG(!replacements.empty(), "no columns to replace");
  ARROW_ASSIGN_OR_RAISE(auto options, dataset::MakeFragmentWriterOptions(snapshot, {}, commit.durable));
  dataset::NewColumnFiles written;
  options.unsynced = written.unsynced = std::make_shared<store::Unsynced>();
  table::operation::DataReplacement operation;
  auto write = [&]() -> Status {
    for (const ColumnReplacement& replacement : replacements) {
      const table::Fragment* fragment = snapshot.FindFragment(replacement.fragment_id);
      LANCE_CHECK_ARG(fragment != nullptr, "fragment {} does not exist", replacement.fragment_id);
      LANCE_CHECK_ARG(replacement.values != nullptr, "fragment {}: no values", replacement.fragment_id);
      ARROW_ASSIGN_OR_RAISE(table::DataFile file,
                            WriteReplacement(snapshot, *fragment, *replacement.values, options));
      written.fragments.push_back(*fragment);
      written.fragments.back().files.push_back(file);
      operation.replacements.push_back({replacement.fragment_id, std::move(file)});
    }
    return Status::OK();
  };
  if (Status status = write(); !status.ok()) {
    dataset::RemoveColumnFiles(options, written);
    return status;
  }
  table::CommitRequest request;
  request.operation = std::move(operation);
  request.read_version = dataset.version();
  request.unsynced = written.unsynced;
  auto committed = dataset::CommitOperation(snapshot, std::move(request), commit);
  if (Is(committed.status(), ErrorKind::kCommitConflict)) dataset::RemoveColumnFiles(options, written);
  return committed;
}

}  // namespace lance
