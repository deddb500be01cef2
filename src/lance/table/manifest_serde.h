#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "lance/base/status.h"
#include "lance/table/manifest.h"

namespace lance::table {

/// Parses the protobuf message Manifest. What old releases left out is filled in: the data storage version is
/// taken from the data files. Errors: Corruption, NotSupported (an unknown file version, named).
Result<std::shared_ptr<Manifest>> ParseManifest(std::span<const uint8_t> bytes);

/// Parses the protobuf message DataFragment.
Result<Fragment> ParseFragment(std::span<const uint8_t> bytes);

/// Parses the protobuf message IndexSection.
Result<std::vector<IndexMetadata>> ParseIndexSection(std::span<const uint8_t> bytes);

/// The protobuf message Manifest, as the reference writes it.
Result<std::string> SerializeManifest(const Manifest& manifest);

/// The protobuf message IndexSection. Errors: InvalidArgument on a wrong UUID.
Result<std::string> SerializeIndexSection(std::span<const IndexMetadata> indices);

}  // namespace lance::table
