#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lance/base/status.h"
#include "lance/table/manifest.h"
#include "lance/table/refs.h"
#include "lance/table/snapshot.h"
#include "lance/table/transaction.h"

namespace lance::table {

/// Which version: a number, a tag, or the newest before a time; of the main line or of a branch. Nothing set:
/// the newest of the line at hand.
struct VersionSelector {
  std::optional<uint64_t> number;
  std::optional<std::string> tag;
  std::optional<std::string> branch;  ///< "main" is the main line
  std::optional<std::chrono::sys_time<std::chrono::nanoseconds>> as_of;
};

struct TableOptions {
  VersionSelector version;
  std::map<std::string, std::string> storage_options;
  std::shared_ptr<runtime::Session> session;  ///< required
};

/// Opens a version of the table at `uri`. Local tables: one directory listing (the newest) or none (a
/// number), one read of the manifest. Errors: NotFound (no such table, version, tag or branch), NotSupported
/// (an unknown reader feature flag, named), Corruption.
Result<std::shared_ptr<const Snapshot>> OpenTable(const std::string& uri, const TableOptions& options);

/// Another version of the same table, with the same session and storage options. A number alone means the
/// branch that `from` is on.
Result<std::shared_ptr<const Snapshot>> Checkout(const Snapshot& from, const VersionSelector& version);

/// The newest version of the branch that `from` is on, as of now. One listing.
Result<uint64_t> LatestVersion(const Snapshot& from);

/// What a version holds, as the reference prints it.
struct VersionSummary {
  uint64_t version = 0;
  std::chrono::sys_time<std::chrono::nanoseconds> timestamp{};  ///< the epoch when the manifest has none
  std::map<std::string, std::string> metadata;  ///< total_rows, total_fragments, ... in decimal
};
VersionSummary Summarize(const Manifest& manifest);

/// All versions of the branch that `from` is on, ascending. Reads every manifest.
Result<std::vector<VersionSummary>> ListVersions(const Snapshot& from);
/// Version numbers only, ascending: one listing.
Result<std::vector<uint64_t>> ListVersionNumbers(const Snapshot& from);
/// Detached versions (bit 63 set), ascending.
Result<std::vector<uint64_t>> ListDetachedVersions(const Snapshot& from);

/// Tags and branches are kept at the table's root, whichever branch `from` is on.
Result<std::map<std::string, Tag>> ListTags(const Snapshot& from);
Result<std::map<std::string, Branch>> ListBranches(const Snapshot& from);

/// The transaction that made `from`: inline in the manifest, else from its file; none when neither can be
/// read.
Result<std::optional<Transaction>> ReadTransaction(const Snapshot& from);

}  // namespace lance::table
