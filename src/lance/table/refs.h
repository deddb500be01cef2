#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lance/base/status.h"

namespace lance::store {
class ObjectStore;
}

namespace lance::table {

/// A named version: `_refs/tags/<name>.json`.
struct Tag {
  std::optional<std::string> branch;  ///< none: the main line
  uint64_t version = 0;
  std::optional<std::chrono::sys_time<std::chrono::nanoseconds>> created_at;
  std::optional<std::chrono::sys_time<std::chrono::nanoseconds>> updated_at;
  uint64_t manifest_size = 0;
  std::map<std::string, std::string> metadata;
};

/// A line of versions that left another one: `_refs/branches/<name>.json`; its files are below `tree/<name>`.
struct Branch {
  std::optional<std::string> parent_branch;  ///< none: the main line
  uint64_t parent_version = 0;
  std::chrono::sys_seconds created_at{};
  uint64_t manifest_size = 0;
  /// (version of the parent, unique id) for each ancestor and this branch. Files that lack it get one derived
  /// from the rest, the same at every read.
  std::vector<std::pair<uint64_t, std::string>> identifier;
  std::map<std::string, std::string> metadata;
};

/// Errors: InvalidArgument says which rule the name breaks.
Status CheckTagName(std::string_view name);
Status CheckBranchName(std::string_view name);

/// The file name of a branch, extension left out: '/' and what a URL path segment cannot hold are
/// percent-encoded.
std::string EncodeRefName(std::string_view name);

/// Parse the JSON of a ref file. Errors: Corruption names the member.
Result<Tag> ParseTag(std::string_view json);
Result<Branch> ParseBranch(std::string_view json, std::string_view branch_name);

/// `root` is the store of the table's root. Errors: NotFound "tag x does not exist".
Result<Tag> ReadTag(store::ObjectStore& root, const std::string& name);
Result<Branch> ReadBranch(store::ObjectStore& root, const std::string& name);
Result<std::map<std::string, Tag>> ReadTags(store::ObjectStore& root);
Result<std::map<std::string, Branch>> ReadBranches(store::ObjectStore& root);

}  // namespace lance::table
