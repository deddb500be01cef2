#include "lance/table/versions.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <mutex>
#include <unordered_map>

#include <arrow/buffer.h>

#include "lance/base/json.h"
#include "lance/store/object_store.h"
#include "lance/store/ordered_names.h"

namespace lance::table {
namespace {

constexpr char kFolder[] = "_versions";
constexpr std::string_view kExtension = ".manifest";
constexpr char kHintKey[] = "_versions/latest_version_hint.json";
// On ext4, 200 to 300 manifests.
constexpr uint64_t kLargeFolderBytes = 16 << 10;
// More versions than this above the hint: one listing is cheaper than asking for each.
constexpr int kMaxProbes = 1000;

std::optional<uint64_t> ParseNumber(std::string_view text) {
  uint64_t value = 0;
  auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || stop != text.data() + text.size()) return std::nullopt;
  return value;
}

const char* SchemeName(NamingScheme scheme) { return scheme == NamingScheme::kV1 ? "V1" : "V2"; }

std::vector<ManifestName> ParseNames(const std::vector<std::string>& names) {
  std::vector<ManifestName> out;
  out.reserve(names.size());
  for (const std::string& name : names) {
    if (auto parsed = ParseManifestName(name)) out.push_back(*parsed);
  }
  return out;
}

Result<std::vector<ManifestName>> ListNames(store::ObjectStore& store) {
  ARROW_ASSIGN_OR_RAISE(std::vector<std::string> names, store.ListNames(kFolder));
  return ParseNames(names);
}

Status CheckOneScheme(store::ObjectStore& store, const ManifestName& a, const ManifestName& b) {
  LANCE_CHECK_BYTES(
      a.scheme == b.scheme,
      "{}: found multiple manifest naming schemes in the same directory: {} and {}; migrate the manifest "
      "paths to V2",
      store.FullPath(kFolder), SchemeName(a.scheme), SchemeName(b.scheme));
  return Status::OK();
}

// Whether the hint of a local table was the last thing that was written in its folder: then nothing was
// committed or cleaned up since, but by writers that raced with the hint's, whose versions follow it without
// a gap. Not asked for small folders, which list as fast (0.2 us an entry).
bool HintIsCurrent(store::ObjectStore& store) {
  const auto folder = store.StatFolder(kFolder);
  if (!folder || folder->bytes < kLargeFolderBytes) return false;
  const auto hint = store.Head(kHintKey);
  return hint.ok() && hint->modified >= folder->modified;
}

// The newest version by the hint file, which may lag behind: versions above it are probed one by one. None
// when there is no usable hint.
Result<std::optional<ManifestLocation>> LatestByHint(store::ObjectStore& store) {
  auto bytes = store.Get(kHintKey);
  if (!bytes.ok()) return std::nullopt;
  auto json = ParseJson(std::string_view(**bytes));
  if (!json.ok()) return std::nullopt;
  const JsonValue* member = json->Find("version");
  const auto version = member == nullptr ? std::nullopt : member->AsUint64();
  if (!version || *version >= kDetachedBit) return std::nullopt;
  ManifestLocation found{*version, NamingScheme::kV2};
  ARROW_ASSIGN_OR_RAISE(bool exists, store.Exists(found.key()));
  if (!exists) {
    found.scheme = NamingScheme::kV1;
    ARROW_ASSIGN_OR_RAISE(exists, store.Exists(found.key()));
  }
  if (!exists) return std::nullopt;
  for (int probe = 0; probe < kMaxProbes; ++probe) {
    const ManifestLocation next{found.version + 1, found.scheme};
    ARROW_ASSIGN_OR_RAISE(exists, store.Exists(next.key()));
    if (!exists) return found;
    found = next;
  }
  return std::nullopt;
}

// Names among which the newest version is: all, or the first ones where they come sorted and V2 names show
// that the newest come first.
Result<std::vector<ManifestName>> NewestNames(store::ObjectStore& store) {
  if (auto* ordered = dynamic_cast<store::OrderedNames*>(&store)) {
    bool all = false;
    ARROW_ASSIGN_OR_RAISE(std::vector<std::string> first, ordered->FirstNames(kFolder, &all));
    std::vector<ManifestName> names = ParseNames(first);
    const bool has_v1 = std::any_of(names.begin(), names.end(), [](const ManifestName& name) {
      return name.scheme == NamingScheme::kV1 && !name.detached;
    });
    if (all || (!names.empty() && !names.front().detached && !has_v1)) return names;
  }
  return ListNames(store);
}

bool HintsEnabled() {
  const char* value = std::getenv("LANCE_USE_VERSION_HINT");
  return value == nullptr || (std::string_view(value) != "0" && std::string_view(value) != "false");
}

// Overwrites a local file from its start, without ever making it shorter or empty: readers, who take no lock,
// find the old text or the new one. False where there is none to overwrite.
bool OverwriteFile(const std::string& path, std::string_view text) {
  const int fd = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  struct stat info;
  const bool fits = fstat(fd, &info) == 0 && static_cast<size_t>(info.st_size) <= text.size();
  const bool done = fits && pwrite(fd, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size());
  close(fd);
  return done;
}

// Local hints are overwritten in place: a rename would free an inode with every commit, and ext4 searches
// long for one that was not freed a moment ago. Not truncated first: a reader that meets an empty hint lists
// the folder, and a listing beside commits may miss one; the reference then takes no notice of what it did.
Status WriteHint(store::ObjectStore& store, uint64_t version) {
  const std::string hint = fmt::format("{{\"version\":{}}}", version);
  const std::span bytes(reinterpret_cast<const uint8_t*>(hint.data()), hint.size());
  if (!store.capabilities().is_local) return store.Put(kHintKey, bytes, store::Durability::kBuffered);
  if (OverwriteFile(store.FullPath(kHintKey), hint)) return Status::OK();
  return store.Put(kHintKey, bytes, store::Durability::kBuffered);
}

// The newest versions that this process committed, and how the folders looked then. A commit of another
// process in the same tick of the file system's clock goes unnoticed here; its manifest is then in the way of
// the next one, which is how commits find out about each other anyway.
class KnownVersions {
 public:
  struct Known {
    ManifestLocation latest;
    store::FolderState folder;
  };
  static KnownVersions& Get() {
    static KnownVersions* instance = new KnownVersions;  // never destroyed: threads may outlive main
    return *instance;
  }
  void Set(const std::string& folder, const Known& known) {
    std::lock_guard lock(mutex_);
    if (known_.size() >= kMaxTables) known_.clear();
    known_[folder] = known;
  }
  std::optional<Known> Find(const std::string& folder) {
    std::lock_guard lock(mutex_);
    auto found = known_.find(folder);
    return found == known_.end() ? std::nullopt : std::optional(found->second);
  }

 private:
  static constexpr size_t kMaxTables = 1000;
  std::mutex mutex_;
  std::unordered_map<std::string, Known> known_;
};

}  // namespace

std::optional<ManifestName> ParseManifestName(std::string_view file_name) {
  if (!file_name.ends_with(kExtension)) return std::nullopt;
  std::string_view number = file_name.substr(0, file_name.size() - kExtension.size());
  if (number.starts_with('d')) {
    auto version = ParseNumber(number.substr(1));
    if (!version) return std::nullopt;
    return ManifestName{*version, NamingScheme::kV2, true};
  }
  auto value = ParseNumber(number);
  if (!value) return std::nullopt;
  if (number.size() == 20) return ManifestName{UINT64_MAX - *value, NamingScheme::kV2, false};
  return ManifestName{*value, NamingScheme::kV1, false};
}

std::string ManifestKey(uint64_t version, NamingScheme scheme) {
  if ((version & kDetachedBit) != 0) return fmt::format("{}/d{}{}", kFolder, version, kExtension);
  if (scheme == NamingScheme::kV1) return fmt::format("{}/{}{}", kFolder, version, kExtension);
  return fmt::format("{}/{:020}{}", kFolder, UINT64_MAX - version, kExtension);
}

Result<std::vector<ManifestLocation>> ListManifests(store::ObjectStore& store) {
  ARROW_ASSIGN_OR_RAISE(std::vector<ManifestName> names, ListNames(store));
  std::erase_if(names, [](const ManifestName& name) { return name.detached; });
  std::vector<ManifestLocation> out;
  out.reserve(names.size());
  for (const ManifestName& name : names) {
    ARROW_RETURN_NOT_OK(CheckOneScheme(store, names.front(), name));
    out.push_back({name.version, name.scheme});
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.version < b.version; });
  return out;
}

Result<std::vector<ManifestLocation>> ListDetachedManifests(store::ObjectStore& store) {
  ARROW_ASSIGN_OR_RAISE(std::vector<ManifestName> names, ListNames(store));
  std::vector<ManifestLocation> out;
  for (const ManifestName& name : names) {
    if (name.detached) out.push_back({name.version, NamingScheme::kV2});
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.version < b.version; });
  return out;
}

Result<ManifestLocation> LatestManifest(store::ObjectStore& store) {
  // A store that lists in order has the newest in its first page.
  const store::Capabilities& capabilities = store.capabilities();
  const bool asks_hint = capabilities.is_local ? HintIsCurrent(store) : !capabilities.lists_in_order;
  if (asks_hint) {
    ARROW_ASSIGN_OR_RAISE(auto hinted, LatestByHint(store));
    if (hinted) return *hinted;
  }
  ARROW_ASSIGN_OR_RAISE(std::vector<ManifestName> names, NewestNames(store));
  const ManifestName* newest = nullptr;
  for (const ManifestName& name : names) {
    if (name.detached) continue;
    if (newest != nullptr) ARROW_RETURN_NOT_OK(CheckOneScheme(store, *newest, name));
    if (newest == nullptr || name.version > newest->version) newest = &name;
  }
  if (newest == nullptr)
    return NotFound("Dataset at path {} was not found: there is no manifest in {}", store.FullPath(""),
                    store.FullPath(kFolder));
  return ManifestLocation{newest->version, newest->scheme};
}

void NoteLatest(store::ObjectStore& store, const ManifestLocation& latest) {
  static const bool enabled = HintsEnabled();
  if (enabled && !store.capabilities().lists_in_order) {
    (void)WriteHint(store, latest.version);  // readers do without it
  }
  if (const auto folder = store.StatFolder(kFolder)) {
    KnownVersions::Get().Set(store.FullPath(kFolder), {latest, *folder});
  }
}

std::optional<ManifestLocation> KnownLatest(store::ObjectStore& store) {
  const auto folder = store.StatFolder(kFolder);
  if (!folder) return std::nullopt;
  const auto known = KnownVersions::Get().Find(store.FullPath(kFolder));
  if (!known || known->folder.modified != folder->modified || known->folder.bytes != folder->bytes) {
    return std::nullopt;
  }
  return known->latest;
}

}  // namespace lance::table
