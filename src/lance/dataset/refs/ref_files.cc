#include "lance/dataset/refs/ref_files.h"

#include <iterator>

#include "lance/dataset/compact/json_text.h"
#include "lance/store/object_store.h"

namespace lance::dataset {
namespace {

using Time = std::chrono::sys_time<std::chrono::nanoseconds>;

std::string OrNull(const std::optional<std::string>& text) {
  return text.has_value() ? QuoteJson(*text) : "null";
}

// RFC 3339 with as many digits of the second as there are, in threes.
std::string PrintTime(const std::optional<Time>& time) {
  if (!time.has_value()) return "null";
  const auto second = std::chrono::floor<std::chrono::seconds>(*time);
  const auto day = std::chrono::floor<std::chrono::days>(second);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(second - day);
  const int64_t nanoseconds = (*time - second).count();
  std::string fraction;
  if (nanoseconds != 0) {
    fraction = fmt::format(".{:09}", nanoseconds);
    while (fraction.ends_with("000")) fraction.resize(fraction.size() - 3);
  }
  return fmt::format("\"{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}Z\"", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(), fraction);
}

std::string PrintMap(const std::map<std::string, std::string>& map) {
  if (map.empty()) return "{}";
  std::string out = "{";
  for (const auto& [key, value] : map) {
    out += fmt::format("{}\n    {}: {}", out.size() > 1 ? "," : "", QuoteJson(key), QuoteJson(value));
  }
  return out + "\n  }";
}

// The file name of a branch: what a URL path segment cannot hold is percent-encoded.
std::string EncodeName(const std::string& name) {
  std::string out;
  for (const char c : name) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       c == '.' || c == '-' || c == '_';
    if (plain) {
      out += c;
    } else {
      fmt::format_to(std::back_inserter(out), "%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::span<const uint8_t> Bytes(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

Status PutNew(store::ObjectStore& root, const std::string& key, const std::string& json, const char* kind,
              const std::string& name) {
  Status status = root.PutIfAbsent(key, Bytes(json));
  if (Is(status, ErrorKind::kAlreadyExists)) {
    return AlreadyExists("Ref conflict error: {} {} already exists", kind, name);
  }
  return status;
}

}  // namespace

std::string PrintTag(const table::Tag& tag) {
  return fmt::format(
      "{{\n  \"branch\": {},\n  \"version\": {},\n  \"createdAt\": {},\n  \"updatedAt\": {},\n"
      "  \"manifestSize\": {},\n  \"metadata\": {}\n}}",
      OrNull(tag.branch), tag.version, PrintTime(tag.created_at), PrintTime(tag.updated_at),
      tag.manifest_size, PrintMap(tag.metadata));
}

std::string PrintBranch(const table::Branch& branch) {
  std::string mapping = "[";
  for (const auto& [version, id] : branch.identifier) {
    mapping += fmt::format("{}\n      [\n        {},\n        {}\n      ]", mapping.size() > 1 ? "," : "",
                           version, QuoteJson(id));
  }
  mapping += branch.identifier.empty() ? "]" : "\n    ]";
  return fmt::format(
      "{{\n  \"parentBranch\": {},\n  \"identifier\": {{\n    \"version_mapping\": {}\n  }},\n"
      "  \"parentVersion\": {},\n  \"createAt\": {},\n  \"manifestSize\": {},\n  \"metadata\": {}\n}}",
      OrNull(branch.parent_branch), mapping, branch.parent_version,
      branch.created_at.time_since_epoch().count(), branch.manifest_size, PrintMap(branch.metadata));
}

std::string TagKey(const std::string& name) { return "_refs/tags/" + name + ".json"; }
std::string BranchKey(const std::string& name) { return "_refs/branches/" + EncodeName(name) + ".json"; }

Status PutNewTag(store::ObjectStore& root, const std::string& name, const table::Tag& tag) {
  return PutNew(root, TagKey(name), PrintTag(tag), "tag", name);
}

Status PutNewBranch(store::ObjectStore& root, const std::string& name, const table::Branch& branch) {
  return PutNew(root, BranchKey(name), PrintBranch(branch), "branch", name);
}

Status PutTag(store::ObjectStore& root, const std::string& name, const table::Tag& tag) {
  return root.Put(TagKey(name), Bytes(PrintTag(tag)));
}

Status PutBranch(store::ObjectStore& root, const std::string& name, const table::Branch& branch) {
  return root.Put(BranchKey(name), Bytes(PrintBranch(branch)));
}

}  // namespace lance::dataset
