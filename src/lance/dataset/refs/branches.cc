#include <algorithm>

#include <fmt/ranges.h>

#include "lance/base/uuid.h"
#include "lance/dataset/make_dataset.h"
#include "lance/dataset/refs/ref_files.h"
#include "lance/dataset/refs/resolve_ref.h"
#include "lance/refs.h"
#include "lance/store/object_store.h"
#include "lance/table/clone.h"
#include "lance/table/table_snapshot.h"

namespace lance {
namespace {

const table::TableSnapshot& Impl(const Dataset& dataset) {
  return static_cast<const table::TableSnapshot&>(*dataset.snapshot());
}

store::ObjectStore& RootOf(const Dataset& dataset) { return *Impl(dataset).root().store; }

Status CheckName(const std::string& name) {
  return WithContext(table::CheckBranchName(name), "Ref is invalid");
}

// The URI of a branch: a query of the root's stays at the end.
std::string BranchUri(const std::string& root, const std::string& name) {
  const size_t query = root.find("://") == root.npos ? root.npos : root.find('?');
  const std::string tail = query == root.npos ? "" : root.substr(query);
  std::string path = root.substr(0, query);
  if (!path.ends_with('/')) path += '/';
  return path + "tree/" + name + tail;
}

std::string UuidDigits() {
  std::string out = MakeUuid();
  std::erase(out, '-');
  return out;
}

// Branches that grew from the one with this identifier, with the version they left it at.
std::vector<std::string> Children(const std::map<std::string, table::Branch>& branches,
                                  const std::vector<std::pair<uint64_t, std::string>>& identifier) {
  std::vector<std::string> out;
  for (const auto& [name, branch] : branches) {
    const auto& id = branch.identifier;
    if (id.size() > identifier.size() && std::equal(identifier.begin(), identifier.end(), id.begin()) &&
        id[identifier.size()].first > 0) {
      out.push_back(fmt::format("(\"{}\", {})", name, id[identifier.size()].first));
    }
  }
  return out;
}

// Removes what lies below tree/<name>, but not branches whose names begin with it.
Status RemoveFiles(store::ObjectStore& root, const std::map<std::string, table::Branch>& branches,
                   const std::string& name) {
  ARROW_ASSIGN_OR_RAISE(auto objects, root.List("tree/" + name, true));
  for (const store::ObjectInfo& object : objects) {
    const bool other = std::any_of(branches.begin(), branches.end(), [&](const auto& entry) {
      return entry.first != name && entry.first.starts_with(name + "/") &&
             object.path.starts_with("tree/" + entry.first + "/");
    });
    if (other) continue;
    const Status status = root.Delete(object.path);
    if (!status.ok() && !Is(status, ErrorKind::kNotFound)) return status;
  }
  return Status::OK();
}

}  // namespace

arrow::Result<std::shared_ptr<Dataset>> CreateBranch(const Dataset& dataset, const std::string& name,
                                                     const VersionRef& version) {
  ARROW_RETURN_NOT_OK(CheckName(name));
  ARROW_ASSIGN_OR_RAISE(dataset::ResolvedRef source, dataset::ResolveRef(dataset, version));
  store::ObjectStore& root = RootOf(dataset);
  table::Branch branch;
  branch.parent_branch = source.branch;
  branch.parent_version = source.version;
  branch.created_at = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  branch.manifest_size = source.manifest_size;
  if (source.branch.has_value()) {
    ARROW_ASSIGN_OR_RAISE(table::Branch parent, table::ReadBranch(root, *source.branch));
    branch.identifier = std::move(parent.identifier);
  }
  branch.identifier.emplace_back(source.version, UuidDigits());
  ARROW_ASSIGN_OR_RAISE(const bool exists, root.Exists(dataset::BranchKey(name)));
  if (exists) return AlreadyExists("Ref conflict error: branch {} already exists", name);
  const auto& snapshot = Impl(*source.dataset);
  table::CloneTarget target;
  target.uri = BranchUri(snapshot.root().uri, name);
  target.branch_name = name;
  target.storage_options = snapshot.bases().options();
  ARROW_ASSIGN_OR_RAISE(auto committed, table::CommitClone(snapshot, target, true));
  ARROW_RETURN_NOT_OK(dataset::PutNewBranch(root, name, branch));
  return MakeDataset(std::move(committed));
}

arrow::Status DeleteBranch(const Dataset& dataset, const std::string& name, bool force) {
  ARROW_RETURN_NOT_OK(CheckName(name));
  store::ObjectStore& root = RootOf(dataset);
  ARROW_ASSIGN_OR_RAISE(auto branches, table::ReadBranches(root));
  auto found = branches.find(name);
  if (found == branches.end() && !force) {
    return NotFound("Ref not found error: Branch {} does not exist", name);
  }
  if (found != branches.end()) {
    const std::vector<std::string> children = Children(branches, found->second.identifier);
    LANCE_CHECK_ARG(children.empty(),
                    "Ref conflict error: Branch {} is referenced by [{}] versions, can not delete", name,
                    fmt::join(children, ", "));
  }
  ARROW_ASSIGN_OR_RAISE(auto tags, table::ReadTags(root));
  std::vector<std::string> holding;
  for (const auto& [tag_name, tag] : tags) {
    if (tag.branch == name) holding.push_back(fmt::format("(\"{}\", {})", tag_name, tag.version));
  }
  LANCE_CHECK_ARG(holding.empty(), "Ref conflict error: Branch {} is referenced by tags [{}], can not delete",
                  name, fmt::join(holding, ", "));
  if (found != branches.end()) ARROW_RETURN_NOT_OK(root.Delete(dataset::BranchKey(name)));
  return RemoveFiles(root, branches, name);
}

arrow::Status ReplaceBranchMetadata(const Dataset& dataset, const std::string& name,
                                    const std::map<std::string, std::string>& metadata) {
  ARROW_RETURN_NOT_OK(CheckName(name));
  ARROW_ASSIGN_OR_RAISE(table::Branch branch, table::ReadBranch(RootOf(dataset), name));
  branch.metadata = metadata;
  return dataset::PutBranch(RootOf(dataset), name, branch);
}

}  // namespace lance
