#pragma once

#include <map>
#include <string>

#include "lance/base/status.h"
#include "lance/table/refs.h"

namespace lance::store {
class ObjectStore;
}

// Writing of tags and branches: small JSON files below the table's root.
namespace lance::dataset {

/// The JSON of a ref file, as the reference prints it.
std::string PrintTag(const table::Tag& tag);
std::string PrintBranch(const table::Branch& branch);

/// Keys of ref files, relative to the table's root. Names were checked.
std::string TagKey(const std::string& name);
std::string BranchKey(const std::string& name);

/// Errors: AlreadyExists "Ref conflict error: tag x already exists".
Status PutNewTag(store::ObjectStore& root, const std::string& name, const table::Tag& tag);
Status PutNewBranch(store::ObjectStore& root, const std::string& name, const table::Branch& branch);
/// Replaces one that exists.
Status PutTag(store::ObjectStore& root, const std::string& name, const table::Tag& tag);
Status PutBranch(store::ObjectStore& root, const std::string& name, const table::Branch& branch);

}  // namespace lance::dataset
