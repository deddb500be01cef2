#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lance/base/status.h"

namespace lance::store {
class ObjectStore;
}

namespace lance::table {

/// How manifests are named: "<version>.manifest", or since 0.20 "<2^64 - 1 - version, 20 digits>.manifest",
/// which lists newest first.
enum class NamingScheme { kV1, kV2 };

/// Versions with this bit set are detached: named "d<version>.manifest", never the newest of a table.
inline constexpr uint64_t kDetachedBit = uint64_t{1} << 63;

struct ManifestName {
  uint64_t version = 0;
  NamingScheme scheme = NamingScheme::kV2;
  bool detached = false;
};

/// None when the file is no manifest.
std::optional<ManifestName> ParseManifestName(std::string_view file_name);

/// The key below the table's root.
std::string ManifestKey(uint64_t version, NamingScheme scheme);

/// Where the manifest of a version is.
struct ManifestLocation {
  uint64_t version = 0;
  NamingScheme scheme = NamingScheme::kV2;
  std::string key() const { return ManifestKey(version, scheme); }
};

/// Attached versions of the table at the store's root, ascending; empty when there is no table. One listing,
/// no request per version. Errors: Corruption when both naming schemes are found.
Result<std::vector<ManifestLocation>> ListManifests(store::ObjectStore& store);
/// Detached versions, ascending.
Result<std::vector<ManifestLocation>> ListDetachedManifests(store::ObjectStore& store);

/// The newest attached version. Errors: NotFound when there is none.
Result<ManifestLocation> LatestManifest(store::ObjectStore& store);

/// Writes the version hint where readers look for one, as far as that is possible, and remembers the version
/// as the newest of the table.
void NoteLatest(store::ObjectStore& store, const ManifestLocation& latest);

/// The newest version, when this process knows it and nothing was added to or removed from the table's
/// versions since. Costs one stat; local tables only.
std::optional<ManifestLocation> KnownLatest(store::ObjectStore& store);

}  // namespace lance::table
