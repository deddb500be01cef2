#pragma once

#include <map>
#include <memory>
#include <string>

#include "lance/base/status.h"
#include "lance/table/commit.h"
#include "lance/table/refs.h"
#include "lance/table/table.h"

namespace lance::table {

/// The JSON of ref files, as the reference writes it.
std::string SerializeTag(const Tag& tag);
std::string SerializeBranch(const Branch& branch);

// Refs are kept at the table's root, whichever branch `from` is on. `target` selects a version as in
// Checkout. Errors: InvalidArgument (a name that is not allowed), AlreadyExists (a new name), NotFound (an
// existing one, or the target).

Status CreateTag(const Snapshot& from, const std::string& name, const VersionSelector& target);
/// Points the tag elsewhere; its metadata stays.
Status UpdateTag(const Snapshot& from, const std::string& name, const VersionSelector& target);
Status DeleteTag(const Snapshot& from, const std::string& name);
Status ReplaceTagMetadata(const Snapshot& from, const std::string& name,
                          const std::map<std::string, std::string>& metadata);

/// Makes a branch that starts at `target` and returns its first version.
Result<std::shared_ptr<const Snapshot>> CreateBranch(const Snapshot& from, const std::string& name,
                                                     const VersionSelector& target,
                                                     const CommitOptions& options = {});
/// Deletes a branch with its files. Errors: InvalidArgument when a tag or another branch needs it. With
/// `force`, files of a branch whose ref is missing are deleted too.
Status DeleteBranch(const Snapshot& from, const std::string& name, bool force = false);
Status ReplaceBranchMetadata(const Snapshot& from, const std::string& name,
                             const std::map<std::string, std::string>& metadata);

/// Renames the manifests of a line of versions from the V1 to the V2 scheme. Nobody may commit meanwhile.
/// Goes on where an earlier call was interrupted.
Status MigrateManifestNames(const Snapshot& from);

}  // namespace lance::table
