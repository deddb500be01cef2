#include "lance/dataset/write/commit_operation.h"
#include "lance/refs.h"
#include "lance/table/commit.h"
#include "lance/table/table.h"

namespace lance {

arrow::Result<std::shared_ptr<Dataset>> Restore(const Dataset& dataset, const CommitSettings& commit) {
  table::CommitRequest request;
  table::operation::Restore restore;
  restore.version = dataset.version();
  request.operation = restore;
  // Restoring takes the place of whatever was committed: it is computed from the newest version.
  ARROW_ASSIGN_OR_RAISE(request.read_version, dataset.LatestVersion());
  return dataset::CommitOperation(*dataset.snapshot(), std::move(request), commit);
}

std::vector<DatasetBase> ListBases(const Dataset& dataset) {
  std::vector<DatasetBase> out;
  for (const table::BasePath& base : dataset.snapshot()->manifest().base_paths) {
    out.push_back({base.path, base.name, base.is_dataset_root, base.id});
  }
  return out;
}

arrow::Result<std::shared_ptr<Dataset>> AddBases(const Dataset& dataset,
                                                 const std::vector<DatasetBase>& bases,
                                                 const CommitSettings& commit) {
  table::operation::UpdateBases update;
  for (const DatasetBase& base : bases) {
    table::BasePath path;
    path.id = base.id;
    path.name = base.name;
    path.is_dataset_root = base.is_dataset_root;
    path.path = base.path;
    update.new_bases.push_back(std::move(path));
  }
  table::CommitRequest request;
  request.operation = std::move(update);
  request.read_version = dataset.version();
  return dataset::CommitOperation(*dataset.snapshot(), std::move(request), commit);
}

}  // namespace lance
