#include "lance/table/write_refs.h"

#include <algorithm>

#include "lance/base/json.h"
#include "lance/base/uuid.h"
#include "lance/store/object_store.h"
#include "lance/table/clone.h"
#include "lance/table/table_snapshot.h"

namespace lance::table {
namespace {

constexpr char kTags[] = "_refs/tags";
constexpr char kBranches[] = "_refs/branches";

std::span<const uint8_t> BytesOf(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

const TableSnapshot& Impl(const Snapshot& snapshot) { return static_cast<const TableSnapshot&>(snapshot); }

store::ObjectStore& RootOf(const Snapshot& from) { return *Impl(from).root().store; }

std::string TagKey(const std::string& name) { return fmt::format("{}/{}.json", kTags, name); }
std::string BranchKey(const std::string& name) {
  return fmt::format("{}/{}.json", kBranches, EncodeRefName(name));
}

std::string QuotedOrNull(const std::optional<std::string>& text) { return text ? QuoteJson(*text) : "null"; }

std::string Metadata(const std::map<std::string, std::string>& metadata) {
  if (metadata.empty()) return "{}";
  std::string out = "{";
  for (const auto& [key, value] : metadata) {
    fmt::format_to(std::back_inserter(out), "{}\n    {}: {}", out.size() > 1 ? "," : "", QuoteJson(key),
                   QuoteJson(value));
  }
  return out + "\n  }";
}

std::string FormatTime(std::chrono::sys_time<std::chrono::nanoseconds> time) {
  using namespace std::chrono;
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(time - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:09}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     clock.subseconds().count());
}

std::chrono::sys_time<std::chrono::nanoseconds> Now() {
  return std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
}

// What a tag or a branch says of the version it points to.
struct Target {
  std::optional<std::string> branch;
  uint64_t version = 0;
  uint64_t manifest_size = 0;
  std::shared_ptr<const Snapshot> snapshot;
};

Result<Target> Resolve(const Snapshot& from, const VersionSelector& selector) {
  Target out;
  ARROW_ASSIGN_OR_RAISE(out.snapshot, Checkout(from, selector));
  out.branch = out.snapshot->manifest().branch;
  out.version = out.snapshot->manifest().version;
  out.manifest_size = Impl(*out.snapshot).manifest_file().object->size();
  return out;
}

Status PutNew(store::ObjectStore& root, const std::string& key, const std::string& json, const char* what,
              const std::string& name) {
  const Status status = root.PutIfAbsent(key, BytesOf(json));
  if (Is(status, ErrorKind::kAlreadyExists)) return AlreadyExists("{} {} already exists", what, name);
  return status;
}

// Whether `branch` leaves `parent`, and at which version of it.
std::optional<uint64_t> LeavesAt(const Branch& branch, const Branch& parent) {
  const auto& own = branch.identifier;
  const auto& other = parent.identifier;
  if (own.size() <= other.size() || !std::equal(other.begin(), other.end(), own.begin())) return std::nullopt;
  const uint64_t version = own[other.size()].first;
  return version > 0 ? std::optional(version) : std::nullopt;
}

// Below tree/, branches "a" and "a/b" share a folder: what other branches keep is not deleted.
Status DeleteFiles(store::ObjectStore& root, const std::string& name,
                   const std::map<std::string, Branch>& others) {
  const std::string folder = "tree/" + name;
  ARROW_ASSIGN_OR_RAISE(auto objects, root.List(folder, /*recursive=*/true));
  for (const store::ObjectInfo& object : objects) {
    const bool kept = std::any_of(others.begin(), others.end(), [&](const auto& other) {
      return other.first.starts_with(name + "/") && object.path.starts_with("tree/" + other.first + "/");
    });
    if (kept) continue;
    const Status status = root.Delete(object.path);
    if (!status.ok() && !Is(status, ErrorKind::kNotFound)) return status;
  }
  return Status::OK();
}

}  // namespace

std::string SerializeTag(const Tag& tag) {
  std::string out =
      fmt::format("{{\n  \"branch\": {},\n  \"version\": {},\n", QuotedOrNull(tag.branch), tag.version);
  if (tag.created_at) out += fmt::format("  \"createdAt\": \"{}\",\n", FormatTime(*tag.created_at));
  if (tag.updated_at) out += fmt::format("  \"updatedAt\": \"{}\",\n", FormatTime(*tag.updated_at));
  return out + fmt::format("  \"manifestSize\": {},\n  \"metadata\": {}\n}}", tag.manifest_size,
                           Metadata(tag.metadata));
}

std::string SerializeBranch(const Branch& branch) {
  std::string mapping;
  for (const auto& [version, id] : branch.identifier) {
    fmt::format_to(std::back_inserter(mapping), "{}\n      [\n        {},\n        {}\n      ]",
                   mapping.empty() ? "" : ",", version, QuoteJson(id));
  }
  return fmt::format(
      "{{\n  \"parentBranch\": {},\n  \"identifier\": {{\n    \"version_mapping\": [{}{}]\n  }},\n"
      "  \"parentVersion\": {},\n  \"createAt\": {},\n  \"manifestSize\": {},\n  \"metadata\": {}\n}}",
      QuotedOrNull(branch.parent_branch), mapping, mapping.empty() ? "" : "\n    ", branch.parent_version,
      branch.created_at.time_since_epoch().count(), branch.manifest_size, Metadata(branch.metadata));
}

Status CreateTag(const Snapshot& from, const std::string& name, const VersionSelector& target) {
  ARROW_RETURN_NOT_OK(CheckTagName(name));
  ARROW_ASSIGN_OR_RAISE(Target resolved, Resolve(from, target));
  Tag tag;
  tag.branch = resolved.branch;
  tag.version = resolved.version;
  tag.manifest_size = resolved.manifest_size;
  tag.created_at = tag.updated_at = Now();
  return PutNew(RootOf(from), TagKey(name), SerializeTag(tag), "tag", name);
}

Status UpdateTag(const Snapshot& from, const std::string& name, const VersionSelector& target) {
  ARROW_ASSIGN_OR_RAISE(Tag tag, ReadTag(RootOf(from), name));
  ARROW_ASSIGN_OR_RAISE(Target resolved, Resolve(from, target));
  tag.branch = resolved.branch;
  tag.version = resolved.version;
  tag.manifest_size = resolved.manifest_size;
  tag.updated_at = Now();
  return RootOf(from).Put(TagKey(name), BytesOf(SerializeTag(tag)));
}

Status DeleteTag(const Snapshot& from, const std::string& name) {
  ARROW_RETURN_NOT_OK(CheckTagName(name));
  const Status status = RootOf(from).Head(TagKey(name)).status();
  if (Is(status, ErrorKind::kNotFound)) return NotFound("tag {} does not exist", name);
  ARROW_RETURN_NOT_OK(status);
  return RootOf(from).Delete(TagKey(name));
}

Status ReplaceTagMetadata(const Snapshot& from, const std::string& name,
                          const std::map<std::string, std::string>& metadata) {
  ARROW_ASSIGN_OR_RAISE(Tag tag, ReadTag(RootOf(from), name));
  tag.metadata = metadata;
  return RootOf(from).Put(TagKey(name), BytesOf(SerializeTag(tag)));
}

Result<std::shared_ptr<const Snapshot>> CreateBranch(const Snapshot& from, const std::string& name,
                                                     const VersionSelector& target,
                                                     const CommitOptions& options) {
  ARROW_RETURN_NOT_OK(CheckBranchName(name));
  store::ObjectStore& root = RootOf(from);
  ARROW_ASSIGN_OR_RAISE(bool exists, root.Exists(BranchKey(name)));
  if (exists) return AlreadyExists("branch {} already exists", name);
  ARROW_ASSIGN_OR_RAISE(Target resolved, Resolve(from, target));
  Branch branch;
  branch.parent_branch = resolved.branch;
  branch.parent_version = resolved.version;
  branch.manifest_size = resolved.manifest_size;
  branch.created_at = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  if (resolved.branch) {
    ARROW_ASSIGN_OR_RAISE(Branch parent, ReadBranch(root, *resolved.branch));
    branch.identifier = std::move(parent.identifier);
  }
  std::string id = MakeUuid();
  std::erase(id, '-');
  branch.identifier.emplace_back(resolved.version, std::move(id));
  CloneTarget place;
  place.uri = JoinUri(Impl(from).root().uri, "tree/" + name);
  place.branch_name = name;
  place.storage_options = Impl(from).bases().options();
  ARROW_ASSIGN_OR_RAISE(auto first, CommitClone(*resolved.snapshot, place, /*is_shallow=*/true, options));
  ARROW_RETURN_NOT_OK(PutNew(root, BranchKey(name), SerializeBranch(branch), "branch", name));
  return first;
}

Status DeleteBranch(const Snapshot& from, const std::string& name, bool force) {
  ARROW_RETURN_NOT_OK(CheckBranchName(name));
  store::ObjectStore& root = RootOf(from);
  ARROW_ASSIGN_OR_RAISE(auto branches, ReadBranches(root));
  auto found = branches.find(name);
  if (found == branches.end() && !force) return NotFound("Branch {} does not exist", name);
  if (found != branches.end()) {
    for (const auto& [other, branch] : branches) {
      if (auto version = LeavesAt(branch, found->second)) {
        return InvalidArgument("Branch {} cannot be deleted: branch {} leaves it at version {}", name, other,
                               *version);
      }
    }
  }
  ARROW_ASSIGN_OR_RAISE(auto tags, ReadTags(root));
  for (const auto& [tag, contents] : tags) {
    LANCE_CHECK_ARG(contents.branch != name, "Branch {} cannot be deleted: tag {} names its version {}", name,
                    tag, contents.version);
  }
  if (found != branches.end()) {
    ARROW_RETURN_NOT_OK(root.Delete(BranchKey(name)));
    branches.erase(found);
  }
  return DeleteFiles(root, name, branches);
}

Status ReplaceBranchMetadata(const Snapshot& from, const std::string& name,
                             const std::map<std::string, std::string>& metadata) {
  ARROW_ASSIGN_OR_RAISE(Branch branch, ReadBranch(RootOf(from), name));
  branch.metadata = metadata;
  return RootOf(from).Put(BranchKey(name), BytesOf(SerializeBranch(branch)));
}

Status MigrateManifestNames(const Snapshot& from) {
  store::ObjectStore& store = *from.object_store();
  ARROW_ASSIGN_OR_RAISE(auto names, store.ListNames("_versions"));
  for (const std::string& name : names) {
    const auto parsed = ParseManifestName(name);
    if (!parsed || parsed->detached || parsed->scheme != NamingScheme::kV1) continue;
    const std::string old_key = ManifestKey(parsed->version, NamingScheme::kV1);
    const std::string new_key = ManifestKey(parsed->version, NamingScheme::kV2);
    ARROW_RETURN_NOT_OK(store.Copy(old_key, new_key));
    ARROW_RETURN_NOT_OK(store.Delete(old_key));
  }
  return Status::OK();
}

}  // namespace lance::table
