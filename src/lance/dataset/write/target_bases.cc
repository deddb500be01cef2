#include "lance/dataset/write/target_bases.h"

#include <algorithm>

#include "lance/table/open_root.h"

namespace lance::dataset {

Result<std::vector<table::BasePath>> NumberBases(const std::vector<DatasetBase>& bases,
                                                 const std::vector<table::BasePath>& existing) {
  uint32_t next = 1;
  for (const table::BasePath& base : existing) next = std::max(next, base.id + 1);
  for (const DatasetBase& base : bases) next = std::max(next, base.id + 1);
  std::vector<table::BasePath> out;
  for (const DatasetBase& base : bases) {
    table::BasePath added{base.id != 0 ? base.id : next++, base.name, base.is_dataset_root, base.path};
    auto clashes = [&](const table::BasePath& other) {
      return other.id == added.id || other.path == added.path ||
             (added.name.has_value() && other.name == added.name);
    };
    if (std::any_of(existing.begin(), existing.end(), clashes) ||
        std::any_of(out.begin(), out.end(), clashes)) {
      return InvalidArgument("base path {} (id {}) is registered already, or its name or id is", added.path,
                             added.id);
    }
    out.push_back(std::move(added));
  }
  return out;
}

Result<std::vector<DataFolder>> ResolveTargets(const std::vector<std::string>& targets,
                                               const std::vector<table::BasePath>& bases,
                                               const DataFolder& own, const std::string& own_uri,
                                               const store::Options& storage_options) {
  std::vector<DataFolder> out;
  for (const std::string& target : targets) {
    if (target == own_uri || target == "0") {
      out.push_back(own);
      continue;
    }
    auto found = std::find_if(bases.begin(), bases.end(), [&](const table::BasePath& base) {
      return base.name == target || base.path == target || std::to_string(base.id) == target;
    });
    if (found == bases.end()) {
      return InvalidArgument("Target base '{}' not found among the registered bases of {}", target, own_uri);
    }
    ARROW_ASSIGN_OR_RAISE(store::OpenedStore opened, table::OpenRoot(found->path, storage_options));
    out.push_back({std::move(opened.store), found->is_dataset_root ? "data" : "", found->id});
  }
  return out;
}

}  // namespace lance::dataset
