#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lance/base/status.h"
#include "lance/table/manifest.h"

namespace lance::table {

/// The storage version of a manifest that does not name one: that of its data files, which must agree;
/// without files "2.2" or, when nothing says otherwise, "0.1".
Result<std::string> InferStorageVersion(const Manifest& manifest);

/// Checks that the manifest's storage version is an exact one ("0.1", "2.0", "2.1", "2.2"; never an alias
/// such as "stable"), that data files have it (or, with the mixed-versions flag, any 2.x), and that their
/// columns are listed plausibly. Errors: NotSupported names an unknown version, Corruption the data file.
Status CheckStorageVersions(const Manifest& manifest);

/// Errors: InvalidArgument when 0.1 and 2.x files are mixed, NotSupported names an unknown version.
Status CheckNotMixed(const Manifest& manifest);

/// Brings the storage version in line with the data files before a commit: a 0.1 table whose files all have
/// one 2.x version takes that one; files of other 2.x versions than the table's set the mixed-versions flag.
/// For manifests that passed CheckNotMixed. Errors: NotSupported names an unknown version.
Status SettleStorageVersion(Manifest* manifest);
/// The one storage version of the data files; none when there are no files or several versions.
Result<std::optional<std::string>> CommonStorageVersion(const std::vector<Fragment>& fragments);

}  // namespace lance::table
