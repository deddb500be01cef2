#include "lance/table/table.h"

#include <arrow/buffer.h>

#include "lance/base/event.h"
#include "lance/runtime/session.h"
#include "lance/store/object_store.h"
#include "lance/table/open_root.h"
#include "lance/table/table_snapshot.h"
#include "lance/table/versions.h"

namespace lance::table {
namespace {

constexpr char kMain[] = "main";

std::span<const uint8_t> BytesOf(const arrow::Buffer& buffer) {
  return {buffer.data(), static_cast<size_t>(buffer.size())};
}

const TableSnapshot& Impl(const Snapshot& snapshot) { return static_cast<const TableSnapshot&>(snapshot); }

// The URI of the root of the table whose branch is at `uri`.
std::string RootUri(const std::string& uri, const std::string& branch) {
  const size_t query = uri.find("://") == uri.npos ? uri.npos : uri.find('?');
  const std::string tail = query == uri.npos ? "" : uri.substr(query);
  const std::string suffix = "/tree/" + branch;
  const std::string path = uri.substr(0, query);
  // A branch that was moved or copied away from its table is its own root.
  if (!path.ends_with(suffix)) return uri;
  return path.substr(0, path.size() - suffix.size()) + tail;
}

// A line of versions: the main one or a branch.
struct Line {
  std::shared_ptr<Bases> bases;
  store::OpenedStore root;
};

Result<Line> MainLine(const store::OpenedStore& root, const store::Options& options) {
  return Line{std::make_shared<Bases>(root, options), root};
}

Result<Line> BranchLine(const store::OpenedStore& root, const store::Options& options,
                        const std::string& branch) {
  if (branch == kMain) return MainLine(root, options);
  ARROW_RETURN_NOT_OK(CheckBranchName(branch));
  ARROW_ASSIGN_OR_RAISE(auto opened, OpenRoot(JoinUri(root.uri, "tree/" + branch), options));
  return Line{std::make_shared<Bases>(std::move(opened), options), root};
}

store::ObjectStore& StoreOf(const Line& line) { return *line.bases->own().store; }

// Opens a version by number: the V2 name first, then the V1 name.
Result<std::pair<ManifestFile, ManifestLocation>> OpenNumber(const Line& line, uint64_t version) {
  ManifestLocation location{version, NamingScheme::kV2};
  auto file = ReadManifestFile(StoreOf(line), location.key());
  if (Is(file.status(), ErrorKind::kNotFound) && (version & kDetachedBit) == 0) {
    location.scheme = NamingScheme::kV1;
    file = ReadManifestFile(StoreOf(line), location.key());
  }
  if (Is(file.status(), ErrorKind::kNotFound)) {
    return NotFound("Dataset at path {} has no version {}", line.bases->own().uri, version);
  }
  ARROW_RETURN_NOT_OK(file.status());
  LANCE_CHECK_BYTES(file->manifest->version == version,
                    "{}: the manifest of version {} says it is version {}", file->object->path(), version,
                    file->manifest->version);
  return std::pair(std::move(*file), location);
}

Result<std::pair<ManifestFile, ManifestLocation>> OpenLatest(const Line& line, runtime::Session& session) {
  ARROW_ASSIGN_OR_RAISE(ManifestLocation location, LatestManifest(StoreOf(line)));
  ARROW_ASSIGN_OR_RAISE(ManifestFile file,
                        ReadNewestManifest(StoreOf(line), location.key(), &session.metadata_cache()));
  return std::pair(std::move(file), location);
}

// The newest version from before a time. Newest first, since that is what people ask for.
Result<std::pair<ManifestFile, ManifestLocation>> OpenAsOf(
    const Line& line, std::chrono::sys_time<std::chrono::nanoseconds> as_of) {
  ARROW_ASSIGN_OR_RAISE(std::vector<ManifestLocation> locations, ListManifests(StoreOf(line)));
  for (auto location = locations.rbegin(); location != locations.rend(); ++location) {
    ARROW_ASSIGN_OR_RAISE(ManifestFile file, ReadManifestFile(StoreOf(line), location->key()));
    const auto written = file.manifest->timestamp.value_or(std::chrono::sys_time<std::chrono::nanoseconds>{});
    if (written < as_of) return std::pair(std::move(file), *location);
  }
  return InvalidArgument("{} ns since 1970 is earlier than the first version of this dataset ({})",
                         as_of.time_since_epoch().count(), line.bases->own().uri);
}

Result<std::shared_ptr<const Snapshot>> OpenVersion(Line line, const VersionSelector& version,
                                                    std::shared_ptr<runtime::Session> session) {
  auto opened = version.number  ? OpenNumber(line, *version.number)
                : version.as_of ? OpenAsOf(line, *version.as_of)
                                : OpenLatest(line, *session);
  ARROW_RETURN_NOT_OK(opened.status());
  auto& [file, location] = *opened;
  // Opened by the path of a branch: tags and other branches are at the table's root.
  if (file.manifest->branch && line.root.uri == line.bases->own().uri) {
    const std::string root = RootUri(line.root.uri, *file.manifest->branch);
    if (root != line.root.uri) {
      ARROW_ASSIGN_OR_RAISE(line.root, OpenRoot(root, line.bases->options()));
    }
  }
  return TableSnapshot::Make(std::move(file), location, std::move(line.bases), std::move(line.root),
                             std::move(session));
}

Status CheckSelector(const VersionSelector& version) {
  LANCE_CHECK_ARG(!version.tag || (!version.number && !version.branch && !version.as_of),
                  "a tag names a version by itself: give no number, branch or time with it");
  LANCE_CHECK_ARG(!version.number || !version.as_of, "give a version number or a time, not both");
  return Status::OK();
}

Result<std::shared_ptr<const Snapshot>> OpenSelected(Line line, VersionSelector version,
                                                     std::shared_ptr<runtime::Session> session) {
  ARROW_RETURN_NOT_OK(CheckSelector(version));
  if (version.tag) {
    ARROW_ASSIGN_OR_RAISE(Tag tag, ReadTag(*line.root.store, *version.tag));
    version = {.number = tag.version, .tag = {}, .branch = tag.branch.value_or(kMain), .as_of = {}};
  }
  if (version.branch) {
    ARROW_ASSIGN_OR_RAISE(line, BranchLine(line.root, line.bases->options(), *version.branch));
  }
  return OpenVersion(std::move(line), version, std::move(session));
}

}  // namespace

Result<std::shared_ptr<const Snapshot>> OpenTable(const std::string& uri, const TableOptions& options) {
  LANCE_CHECK_ARG(options.session != nullptr, "a table needs a session");
  ARROW_ASSIGN_OR_RAISE(store::OpenedStore root, OpenRoot(uri, options.storage_options));
  const std::string opened_uri = root.uri;
  ARROW_ASSIGN_OR_RAISE(Line line, MainLine(std::move(root), options.storage_options));
  auto opened = OpenSelected(std::move(line), options.version, options.session);
  if (EventsWanted()) {
    Emit(kDatasetEvents, {{"event", "loading"},
                          {"uri", opened_uri},
                          {"version", opened.ok() ? std::to_string((*opened)->manifest().version) : "None"},
                          {"status", opened.ok() ? "success" : "error"}});
  }
  return opened;
}

Result<std::shared_ptr<const Snapshot>> Checkout(const Snapshot& from, const VersionSelector& version) {
  const TableSnapshot& snapshot = Impl(from);
  const store::Options& options = snapshot.bases().options();
  return OpenSelected({std::make_shared<Bases>(snapshot.bases().own(), options), snapshot.root()}, version,
                      from.session());
}

Result<uint64_t> LatestVersion(const Snapshot& from) {
  ARROW_ASSIGN_OR_RAISE(ManifestLocation location, LatestManifest(*from.object_store()));
  return location.version;
}

VersionSummary Summarize(const Manifest& manifest) {
  uint64_t files = 0, bytes = 0, rows = 0, deletion_files = 0, deleted = 0;
  for (const Fragment& fragment : manifest.fragments) {
    files += fragment.files.size();
    for (const DataFile& file : fragment.files) bytes += file.size_bytes;
    rows += fragment.num_rows().value_or(0);
    if (!fragment.deletion_file) continue;
    ++deletion_files;
    deleted += fragment.deletion_file->num_deleted_rows;
  }
  VersionSummary out;
  out.version = manifest.version;
  out.timestamp = manifest.timestamp.value_or(std::chrono::sys_time<std::chrono::nanoseconds>{});
  out.metadata = {{"total_fragments", std::to_string(manifest.fragments.size())},
                  {"total_data_files", std::to_string(files)},
                  {"total_files_size", std::to_string(bytes)},
                  {"total_deletion_files", std::to_string(deletion_files)},
                  {"total_data_file_rows", std::to_string(rows + deleted)},
                  {"total_deletion_file_rows", std::to_string(deleted)},
                  {"total_rows", std::to_string(rows)}};
  return out;
}

Result<std::vector<VersionSummary>> ListVersions(const Snapshot& from) {
  store::ObjectStore& store = *from.object_store();
  ARROW_ASSIGN_OR_RAISE(std::vector<ManifestLocation> locations, ListManifests(store));
  std::vector<VersionSummary> out;
  out.reserve(locations.size());
  for (const ManifestLocation& location : locations) {
    auto file = ReadManifestFile(store, location.key());
    if (Is(file.status(), ErrorKind::kNotFound)) continue;  // cleaned up since the listing
    ARROW_RETURN_NOT_OK(file.status());
    out.push_back(Summarize(*file->manifest));
  }
  return out;
}

Result<std::vector<uint64_t>> ListVersionNumbers(const Snapshot& from) {
  ARROW_ASSIGN_OR_RAISE(auto locations, ListManifests(*from.object_store()));
  std::vector<uint64_t> out;
  for (const ManifestLocation& location : locations) out.push_back(location.version);
  return out;
}

Result<std::vector<uint64_t>> ListDetachedVersions(const Snapshot& from) {
  ARROW_ASSIGN_OR_RAISE(auto locations, ListDetachedManifests(*from.object_store()));
  std::vector<uint64_t> out;
  for (const ManifestLocation& location : locations) out.push_back(location.version);
  return out;
}

Result<std::map<std::string, Tag>> ListTags(const Snapshot& from) {
  return ReadTags(*Impl(from).root().store);
}

Result<std::map<std::string, Branch>> ListBranches(const Snapshot& from) {
  return ReadBranches(*Impl(from).root().store);
}

Result<std::optional<Transaction>> ReadTransaction(const Snapshot& from) {
  const TableSnapshot& snapshot = Impl(from);
  const Manifest& manifest = from.manifest();
  if (manifest.transaction_section) {
    auto bytes = snapshot.manifest_file().ReadSection(*manifest.transaction_section, "transaction");
    if (bytes.ok()) {
      auto parsed = ParseTransaction(BytesOf(**bytes));
      if (parsed.ok()) return std::optional(std::move(*parsed));
    }
  }
  if (manifest.transaction_file.empty() || !CheckRelativePath(manifest.transaction_file).ok())
    return std::nullopt;
  auto bytes = from.object_store()->Get("_transactions/" + manifest.transaction_file);
  if (!bytes.ok()) return std::nullopt;
  auto parsed = ParseTransaction(BytesOf(**bytes));
  if (!parsed.ok()) return std::nullopt;
  return std::optional(std::move(*parsed));
}

}  // namespace lance::table
