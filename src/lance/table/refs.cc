#include "lance/table/refs.h"

#include <arrow/buffer.h>

#include <charconv>

#include "lance/base/json.h"
#include "lance/store/object_store.h"

namespace lance::table {
namespace {

constexpr char kTagFolder[] = "_refs/tags";
constexpr char kBranchFolder[] = "_refs/branches";

bool IsAsciiAlnum(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Letters beyond ASCII are allowed in names; which of those code points are letters is left to whoever
// creates a ref, since here a wrong name is simply not found.
bool IsNameCharacter(char c) {
  return IsAsciiAlnum(c) || c == '.' || c == '-' || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}

bool Contains(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

std::optional<std::string> DecodeName(std::string_view name) {
  std::string out;
  for (size_t i = 0; i < name.size(); ++i) {
    if (name[i] != '%') {
      out.push_back(name[i]);
      continue;
    }
    unsigned code = 0;
    if (i + 3 > name.size()) return std::nullopt;
    const char* end = name.data() + i + 3;
    auto [stop, error] = std::from_chars(name.data() + i + 1, end, code, 16);
    if (error != std::errc() || stop != end) return std::nullopt;
    out.push_back(static_cast<char>(code));
    i += 2;
  }
  return out;
}

// Days since 1970-01-01 and the rest of an RFC 3339 time such as 2025-11-20T11:03:34.123456789Z.
std::optional<std::chrono::sys_time<std::chrono::nanoseconds>> ParseTime(std::string_view text) {
  using namespace std::chrono;
  const auto number = [&](size_t at, size_t length) -> int {
    int value = 0;
    if (at + length > text.size()) return -1;
    auto [stop, error] = std::from_chars(text.data() + at, text.data() + at + length, value);
    return error == std::errc() && stop == text.data() + at + length ? value : -1;
  };
  if (text.size() < 20 || text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != ' ') ||
      text[13] != ':' || text[16] != ':') {
    return std::nullopt;
  }
  const int y = number(0, 4), mo = number(5, 2), d = number(8, 2);
  const int h = number(11, 2), mi = number(14, 2), s = number(17, 2);
  const year_month_day date{year{y}, month{static_cast<unsigned>(mo)}, day{static_cast<unsigned>(d)}};
  if (y < 1678 || y > 2261 || mo < 0 || d < 0 || !date.ok() || h < 0 || h > 23 || mi < 0 || mi > 59 ||
      s < 0 || s > 60) {
    return std::nullopt;
  }
  sys_time<nanoseconds> out = sys_days(date) + hours(h) + minutes(mi) + seconds(s);
  size_t at = 19;
  if (text[at] == '.') {
    int64_t unit = 100'000'000;
    for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, unit /= 10) {
      out += nanoseconds((text[at] - '0') * unit);
    }
  }
  const std::string_view zone = text.substr(at);
  if (zone == "Z" || zone == "z") return out;
  if (zone.size() != 6 || (zone[0] != '+' && zone[0] != '-') || zone[3] != ':') return std::nullopt;
  const int zone_hours = number(at + 1, 2), zone_minutes = number(at + 4, 2);
  if (zone_hours < 0 || zone_minutes < 0) return std::nullopt;
  const auto shift = hours(zone_hours) + minutes(zone_minutes);
  return zone[0] == '+' ? out - shift : out + shift;
}

// Typed access to the members of one ref file; a wrong type is named.
class RefObject {
 public:
  explicit RefObject(const JsonValue& json) : json_(json) {}

  Result<uint64_t> Uint64(const char* name) const {
    const JsonValue* value = json_.Find(name);
    auto number = value == nullptr ? std::nullopt : value->AsUint64();
    if (!number) return Corruption("\"{}\" must be a whole number", name);
    return *number;
  }
  Result<std::optional<std::string>> OptionalString(const char* name) const {
    const JsonValue* value = json_.Find(name);
    if (value == nullptr || value->is_null()) return std::nullopt;
    if (value->kind() != JsonValue::Kind::kString) return Corruption("\"{}\" must be a string or null", name);
    return value->text();
  }
  Result<std::optional<std::chrono::sys_time<std::chrono::nanoseconds>>> OptionalTime(
      const char* name) const {
    ARROW_ASSIGN_OR_RAISE(auto text, OptionalString(name));
    if (!text) return std::nullopt;
    auto time = ParseTime(*text);
    if (!time) return Corruption("\"{}\" is not a time: {}", name, *text);
    return time;
  }
  Result<std::map<std::string, std::string>> Strings(const char* name) const {
    std::map<std::string, std::string> out;
    const JsonValue* value = json_.Find(name);
    if (value == nullptr) return out;
    if (value->kind() != JsonValue::Kind::kObject) return Corruption("\"{}\" must be an object", name);
    for (const auto& [key, text] : value->members()) {
      if (text.kind() != JsonValue::Kind::kString) return Corruption("\"{}.{}\" must be a string", name, key);
      out[key] = text.text();
    }
    return out;
  }

 private:
  const JsonValue& json_;
};

// The id of a branch file written before there were ids: two FNV-1a hashes of what identifies it, as other
// readers compute it too.
std::string DerivedIdentifier(std::string_view name, const Branch& branch) {
  const std::string input = fmt::format("branch_name={}\nparent_branch={}\nparent_version={}\ncreate_at={}",
                                        name, branch.parent_branch.value_or(""), branch.parent_version,
                                        branch.created_at.time_since_epoch().count());
  const auto fnv = [&](uint64_t hash) {
    for (const char c : input) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3;
    return hash;
  };
  constexpr uint64_t kOffset = 0xcbf29ce484222325;
  return fmt::format("{:016x}{:016x}", fnv(kOffset), fnv(kOffset ^ 0x9e3779b97f4a7c15));
}

Status ParseIdentifier(const JsonValue& json, Branch* out) {
  const JsonValue* mapping = json.Find("version_mapping");
  LANCE_CHECK_BYTES(mapping != nullptr && mapping->kind() == JsonValue::Kind::kArray,
                    "\"identifier.version_mapping\" must be an array");
  for (const JsonValue& pair : mapping->items()) {
    const auto& items = pair.items();
    LANCE_CHECK_BYTES(items.size() == 2 && items[0].AsUint64() && items[1].kind() == JsonValue::Kind::kString,
                      "\"identifier.version_mapping\" must hold [version, id] pairs");
    out->identifier.emplace_back(*items[0].AsUint64(), items[1].text());
  }
  return Status::OK();
}

template <typename Ref, typename Parse>
Result<Ref> ReadRef(store::ObjectStore& root, const std::string& key, const char* what,
                    const std::string& name, const Parse& parse) {
  auto bytes = root.Get(key);
  if (Is(bytes.status(), ErrorKind::kNotFound)) return NotFound("{} {} does not exist", what, name);
  ARROW_RETURN_NOT_OK(bytes.status());
  return WithContext(parse(std::string_view(**bytes)), root.FullPath(key));
}

// Names of the .json files in a folder, extension removed.
Result<std::vector<std::string>> RefNames(store::ObjectStore& root, const char* folder) {
  ARROW_ASSIGN_OR_RAISE(std::vector<store::ObjectInfo> files, root.List(folder, /*recursive=*/false));
  std::vector<std::string> names;
  for (const store::ObjectInfo& file : files) {
    std::string_view name = file.path;
    if (const size_t slash = name.rfind('/'); slash != name.npos) name.remove_prefix(slash + 1);
    if (name.size() > 5 && name.ends_with(".json")) names.emplace_back(name.substr(0, name.size() - 5));
  }
  return names;
}

}  // namespace

std::string EncodeRefName(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (IsAsciiAlnum(c) || c == '.' || c == '-' || c == '_') {
      out.push_back(c);
    } else {
      fmt::format_to(std::back_inserter(out), "%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

Status CheckTagName(std::string_view name) {
  LANCE_CHECK_ARG(!name.empty(), "Ref cannot be empty");
  for (const char c : name) {
    LANCE_CHECK_ARG(IsNameCharacter(c), "Ref characters must be either alphanumeric, '.', '-' or '_': {}",
                    name);
  }
  LANCE_CHECK_ARG(!name.starts_with('.'), "Ref cannot begin with a dot: {}", name);
  LANCE_CHECK_ARG(!name.ends_with('.'), "Ref cannot end with a dot: {}", name);
  LANCE_CHECK_ARG(!name.ends_with(".lock"), "Ref cannot end with .lock: {}", name);
  LANCE_CHECK_ARG(!Contains(name, ".."), "Ref cannot have two consecutive dots: {}", name);
  return Status::OK();
}

Status CheckBranchName(std::string_view name) {
  LANCE_CHECK_ARG(!name.empty(), "Branch name cannot be empty");
  LANCE_CHECK_ARG(!name.starts_with('/') && !name.ends_with('/') && !Contains(name, "//"),
                  "Branch name cannot start or end with '/' or hold two in a row: {}", name);
  LANCE_CHECK_ARG(!Contains(name, "..") && !Contains(name, "\\"),
                  "Branch name cannot contain '..' or '\\': {}", name);
  for (const char c : name) {
    LANCE_CHECK_ARG(
        c == '/' || IsNameCharacter(c),
        "Branch name contains invalid characters; only alphanumeric, '.', '-', '_' are allowed: {}", name);
  }
  LANCE_CHECK_ARG(!name.ends_with(".lock"), "Branch name cannot end with '.lock': {}", name);
  LANCE_CHECK_ARG(name != "main", "\"main\" is reserved for the default branch; use a different branch name");
  return Status::OK();
}

Result<Tag> ParseTag(std::string_view text) {
  ARROW_ASSIGN_OR_RAISE(JsonValue json, ParseJson(text));
  const RefObject members(json);
  Tag out;
  ARROW_ASSIGN_OR_RAISE(out.branch, members.OptionalString("branch"));
  ARROW_ASSIGN_OR_RAISE(out.version, members.Uint64("version"));
  ARROW_ASSIGN_OR_RAISE(out.created_at, members.OptionalTime("createdAt"));
  ARROW_ASSIGN_OR_RAISE(out.updated_at, members.OptionalTime("updatedAt"));
  ARROW_ASSIGN_OR_RAISE(out.manifest_size, members.Uint64("manifestSize"));
  ARROW_ASSIGN_OR_RAISE(out.metadata, members.Strings("metadata"));
  return out;
}

Result<Branch> ParseBranch(std::string_view text, std::string_view branch_name) {
  ARROW_ASSIGN_OR_RAISE(JsonValue json, ParseJson(text));
  const RefObject members(json);
  Branch out;
  ARROW_ASSIGN_OR_RAISE(out.parent_branch, members.OptionalString("parentBranch"));
  ARROW_ASSIGN_OR_RAISE(out.parent_version, members.Uint64("parentVersion"));
  ARROW_ASSIGN_OR_RAISE(uint64_t created, members.Uint64("createAt"));
  LANCE_CHECK_BYTES(created <= INT64_MAX / 2, "\"createAt\" is not a time: {}", created);
  out.created_at = std::chrono::sys_seconds(std::chrono::seconds(created));
  ARROW_ASSIGN_OR_RAISE(out.manifest_size, members.Uint64("manifestSize"));
  ARROW_ASSIGN_OR_RAISE(out.metadata, members.Strings("metadata"));
  if (const JsonValue* identifier = json.Find("identifier")) {
    ARROW_RETURN_NOT_OK(ParseIdentifier(*identifier, &out));
  } else {
    out.identifier.emplace_back(0, DerivedIdentifier(branch_name, out));
  }
  return out;
}

Result<Tag> ReadTag(store::ObjectStore& root, const std::string& name) {
  ARROW_RETURN_NOT_OK(CheckTagName(name));
  return ReadRef<Tag>(root, fmt::format("{}/{}.json", kTagFolder, name), "tag", name, ParseTag);
}

Result<Branch> ReadBranch(store::ObjectStore& root, const std::string& name) {
  ARROW_RETURN_NOT_OK(CheckBranchName(name));
  return ReadRef<Branch>(root, fmt::format("{}/{}.json", kBranchFolder, EncodeRefName(name)), "branch", name,
                         [&](std::string_view json) { return ParseBranch(json, name); });
}

Result<std::map<std::string, Tag>> ReadTags(store::ObjectStore& root) {
  ARROW_ASSIGN_OR_RAISE(auto names, RefNames(root, kTagFolder));
  std::map<std::string, Tag> out;
  for (const std::string& name : names) {
    ARROW_ASSIGN_OR_RAISE(
        out[name], ReadRef<Tag>(root, fmt::format("{}/{}.json", kTagFolder, name), "tag", name, ParseTag));
  }
  return out;
}

Result<std::map<std::string, Branch>> ReadBranches(store::ObjectStore& root) {
  ARROW_ASSIGN_OR_RAISE(auto names, RefNames(root, kBranchFolder));
  std::map<std::string, Branch> out;
  for (const std::string& file : names) {
    const std::string key = fmt::format("{}/{}.json", kBranchFolder, file);
    const auto name = DecodeName(file);
    if (!name) return Corruption("{}: the name of a branch file is not percent-encoded", root.FullPath(key));
    ARROW_ASSIGN_OR_RAISE(out[*name], ReadRef<Branch>(root, key, "branch", *name, [&](std::string_view json) {
                            return ParseBranch(json, *name);
                          }));
  }
  return out;
}

}  // namespace lance::table
