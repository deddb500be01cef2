#include "lance/schema/schema.h"

#include <algorithm>

#include "lance/schema/logical_type.h"

namespace lance::schema {
namespace {

bool IsTruthy(std::string value) {
  for (char& c : value) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return value == "1" || value == "true" || value == "on" || value == "yes" || value == "y";
}

bool HasTruthy(const Metadata& metadata, const std::string& key) {
  auto found = metadata.find(key);
  return found != metadata.end() && IsTruthy(found->second);
}

// A value whose parts lie in one column that cannot be read in pieces below this level.
bool IsAtomic(const Field& field) { return field.is_map() || field.is_blob(); }

std::string Names(const std::vector<Field>& fields) {
  std::string out;
  for (size_t i = 0; i < fields.size(); ++i) {
    if (i == 20) return out + fmt::format(", ... and {} more", fields.size() - i);
    out += (i > 0 ? ", " : "") + fields[i].name;
  }
  return out;
}

Status NoSuchField(std::string_view path, const std::vector<Field>& fields) {
  return InvalidArgument("No field named {}. Valid fields are {}.", path, Names(fields));
}

void CollectIds(const std::vector<Field>& fields, std::vector<int32_t>* ids) {
  for (const Field& field : fields) {
    ids->push_back(field.id);
    CollectIds(field.children, ids);
  }
}

const Field* FindByIdIn(const std::vector<Field>& fields, int32_t id) {
  for (const Field& field : fields) {
    if (const Field* found = field.FindById(id)) return found;
  }
  return nullptr;
}

// What of a field is kept: all of it, or some of its children.
struct Selection {
  bool all = false;
  std::map<std::string, Selection, std::less<>> children;
};

Status Select(const Field& field, std::span<const std::string> path, Selection* selection) {
  if (path.empty() || IsAtomic(field)) {
    selection->all = true;
    return Status::OK();
  }
  const Field* child = field.FindChild(path[0]);
  if (child == nullptr) return NoSuchField(fmt::format("{} in {}", path[0], field.name), field.children);
  return Select(*child, path.subspan(1), &selection->children[path[0]]);
}

Field Keep(const Field& field, const Selection& selection) {
  if (selection.all) return field;
  Field out = field;
  out.children.clear();
  for (const Field& child : field.children) {
    auto found = selection.children.find(child.name);
    if (found != selection.children.end()) out.children.push_back(Keep(child, found->second));
  }
  return out;
}

}  // namespace

bool Field::is_list() const {
  return logical_type == "list" || logical_type == "list.struct" || logical_type == "large_list" ||
         logical_type == "large_list.struct";
}

bool Field::is_packed_struct() const {
  return is_struct() && (HasTruthy(metadata, "lance-encoding:packed") || HasTruthy(metadata, "packed"));
}

bool Field::is_blob() const { return metadata.contains(kBlobKey) || logical_type == "blob" || is_blob_v2(); }

bool Field::is_blob_v2() const {
  auto extension = metadata.find(kExtensionName);
  if (extension != metadata.end() && extension->second == kBlobV2Extension) return true;
  return is_struct() && metadata.contains(kBlobKey) && children.size() == 5 && children[0].name == "kind" &&
         children[1].name == "position" && children[2].name == "size" && children[3].name == "blob_id" &&
         children[4].name == "blob_uri";
}

const Field* Field::FindById(int32_t wanted) const {
  return id == wanted ? this : FindByIdIn(children, wanted);
}

const Field* Field::FindChild(std::string_view child_name) const {
  for (const Field& child : children) {
    if (child.name == child_name) return &child;
  }
  return nullptr;
}

Field Field::BlobDescriptor() const {
  if (!is_blob()) return *this;
  Field out = *this;
  out.children.clear();
  out.logical_type = "struct";
  out.encoding = LegacyEncoding::kNone;
  auto add = [&](const char* child_name, const char* type, bool child_nullable) {
    Field& child = out.children.emplace_back();
    child.name = child_name;
    child.logical_type = type;
    child.nullable = child_nullable;
    child.parent_id = id;
  };
  if (!is_blob_v2()) {
    out.metadata = {{kBlobKey, "true"}};
    add("position", "uint64", true);
    add("size", "uint64", true);
    return out;
  }
  out.metadata = {{kBlobKey, "true"}, {"lance-encoding:packed", "true"}};
  add("kind", "uint8", false);
  add("position", "uint64", false);
  add("size", "uint64", false);
  add("blob_id", "uint32", false);
  add("blob_uri", "string", false);
  return out;
}

Field Field::BlobBytes() const {
  if (!is_blob()) return *this;
  Field out = *this;
  out.logical_type = "large_binary";
  out.encoding = LegacyEncoding::kVarBinary;
  out.children.clear();
  if (is_blob_v2()) {
    for (const char* key : {kBlobKey, kExtensionName, "lance-encoding:packed", "packed"})
      out.metadata.erase(key);
  }
  return out;
}

const Field* Schema::FindById(int32_t id) const { return FindByIdIn(fields, id); }

const Field* Schema::FindTopLevel(std::string_view name) const {
  for (const Field& field : fields) {
    if (field.name == name) return &field;
  }
  return nullptr;
}

Result<const Field*> Schema::Resolve(std::string_view path) const {
  if (const Field* field = FindTopLevel(path)) return field;
  ARROW_ASSIGN_OR_RAISE(std::vector<std::string> parts, SplitPath(path));
  const Field* field = FindTopLevel(parts[0]);
  if (field == nullptr) return NoSuchField(path, fields);
  for (size_t i = 1; i < parts.size(); ++i) {
    const Field* child = field->FindChild(parts[i]);
    if (child == nullptr) return NoSuchField(path, field->children);
    field = child;
  }
  return field;
}

std::vector<int32_t> Schema::FieldIds() const {
  std::vector<int32_t> ids;
  CollectIds(fields, &ids);
  return ids;
}

int32_t Schema::MaxFieldId() const {
  int32_t max = -1;
  for (int32_t id : FieldIds()) max = std::max(max, id);
  return max;
}

Result<Schema> Schema::Project(const std::vector<std::string>& paths) const {
  std::vector<std::pair<const Field*, Selection>> selected;
  std::map<std::string_view, const Field*> by_name;  // many columns of a wide schema: no scan per path
  for (const Field& field : fields) by_name.emplace(field.name, &field);
  std::map<const Field*, size_t> position;
  for (const std::string& path : paths) {
    std::vector<std::string> parts = {path};
    auto found = by_name.find(path);
    if (found == by_name.end()) {
      ARROW_ASSIGN_OR_RAISE(parts, SplitPath(path));
      found = by_name.find(parts[0]);
    }
    if (found == by_name.end()) return NoSuchField(path, fields);
    const Field* field = found->second;
    auto [at, is_new] = position.emplace(field, selected.size());
    if (is_new) selected.emplace_back(field, Selection{});
    ARROW_RETURN_NOT_OK(Select(*field, std::span(parts).subspan(1), &selected[at->second].second));
  }
  Schema out;
  out.metadata = metadata;
  for (const auto& [field, selection] : selected) out.fields.push_back(Keep(*field, selection));
  return out;
}

}  // namespace lance::schema
