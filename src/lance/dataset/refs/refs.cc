#include "lance/refs.h"

#include "lance/dataset/make_dataset.h"
#include "lance/dataset/write/commit_operation.h"
#include "lance/table/refs.h"
#include "lance/table/table_snapshot.h"
#include "lance/table/write_refs.h"

namespace lance {
namespace {

// Nothing set: the version of the dataset.
table::VersionSelector Selector(const Dataset& dataset, const VersionRef& ref) {
  table::VersionSelector out{ref.number, ref.tag, ref.branch, ref.as_of};
  if (!ref.number && !ref.tag && !ref.branch && !ref.as_of) out.number = dataset.version();
  return out;
}

// Says what was looked for in the words of the reference.
Status DescribeTarget(const Dataset& dataset, const VersionRef& ref, const Status& status) {
  if (Is(status, ErrorKind::kNotFound) && ref.number.has_value()) {
    const std::string branch = ref.branch.value_or(dataset.snapshot()->manifest().branch.value_or("main"));
    return NotFound("Version not found error: version {}:{} does not exist", branch, *ref.number);
  }
  return status;
}

Status CheckTagName(const std::string& name) {
  return WithContext(table::CheckTagName(name), "Ref is invalid");
}

}  // namespace

arrow::Status CreateTag(const Dataset& dataset, const std::string& name, const VersionRef& version) {
  ARROW_RETURN_NOT_OK(CheckTagName(name));
  return DescribeTarget(dataset, version,
                        table::CreateTag(*dataset.snapshot(), name, Selector(dataset, version)));
}

arrow::Status UpdateTag(const Dataset& dataset, const std::string& name, const VersionRef& version) {
  ARROW_RETURN_NOT_OK(CheckTagName(name));
  ARROW_RETURN_NOT_OK(GetTag(dataset, name).status());
  return DescribeTarget(dataset, version,
                        table::UpdateTag(*dataset.snapshot(), name, Selector(dataset, version)));
}

arrow::Status DeleteTag(const Dataset& dataset, const std::string& name) {
  return table::DeleteTag(*dataset.snapshot(), name);
}

arrow::Result<TagInfo> GetTag(const Dataset& dataset, const std::string& name) {
  const auto& snapshot = static_cast<const table::TableSnapshot&>(*dataset.snapshot());
  ARROW_ASSIGN_OR_RAISE(table::Tag tag, table::ReadTag(*snapshot.root().store, name));
  return TagInfo{tag.branch,     tag.version,       tag.created_at,
                 tag.updated_at, tag.manifest_size, std::move(tag.metadata)};
}

arrow::Status ReplaceTagMetadata(const Dataset& dataset, const std::string& name,
                                 const std::map<std::string, std::string>& metadata) {
  return table::ReplaceTagMetadata(*dataset.snapshot(), name, metadata);
}

arrow::Result<std::shared_ptr<Dataset>> CreateBranch(const Dataset& dataset, const std::string& name,
                                                     const VersionRef& version) {
  ARROW_ASSIGN_OR_RAISE(auto made,
                        table::CreateBranch(*dataset.snapshot(), name, Selector(dataset, version)));
  return MakeDataset(std::move(made));
}

arrow::Status DeleteBranch(const Dataset& dataset, const std::string& name, bool force) {
  return table::DeleteBranch(*dataset.snapshot(), name, force);
}

arrow::Status ReplaceBranchMetadata(const Dataset& dataset, const std::string& name,
                                    const std::map<std::string, std::string>& metadata) {
  return table::ReplaceBranchMetadata(*dataset.snapshot(), name, metadata);
}

}  // namespace lance
