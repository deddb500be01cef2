#pragma once

#include <span>
#include <string>
#include <string_view>

#include "lance/base/status.h"
#include "lance/table/manifest_file.h"

namespace lance::table {

/// What EncodeManifestFile does, faster where `base`, the version before, was written by this library: the
/// bytes of fragments that did not change are copied. The fragments come last in the message, in order.
Result<std::string> EncodeNextManifestFile(const ManifestFile& base, std::span<const IndexMetadata> indices,
                                           std::string_view transaction, Manifest* manifest);

}  // namespace lance::table
