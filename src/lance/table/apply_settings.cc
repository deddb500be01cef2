#include <algorithm>
#include <charconv>

#include "lance/table/apply.h"

namespace lance::table {
namespace {

constexpr char kPrimaryKey[] = "lance-schema:unenforced-primary-key";
constexpr char kPrimaryKeyPosition[] = "lance-schema:unenforced-primary-key:position";
constexpr char kClusteringKeyPosition[] = "lance-schema:unenforced-clustering-key:position";

bool IsTruthy(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text == "1" || text == "true" || text == "yes" || text == "on" || text == "y";
}

std::optional<uint32_t> Position(const schema::Field& field, const char* key) {
  auto found = field.metadata.find(key);
  if (found == field.metadata.end()) return std::nullopt;
  uint32_t out = 0;
  const char* end = found->second.data() + found->second.size();
  auto [stop, error] = std::from_chars(found->second.data(), end, out);
  return error == std::errc() && stop == end ? std::optional(out) : std::nullopt;
}

schema::Field* FindField(std::vector<schema::Field>* fields, int32_t id) {
  for (schema::Field& field : *fields) {
    if (field.id == id) return &field;
    if (schema::Field* found = FindField(&field.children, id)) return found;
  }
  return nullptr;
}

// The keys that field metadata names, as the fields' own members.
void UpdateKeys(schema::Field* field) {
  const auto primary = Position(*field, kPrimaryKeyPosition);
  auto flag = field->metadata.find(kPrimaryKey);
  field->unenforced_primary_key_position = primary.value_or(0);
  field->unenforced_primary_key =
      primary.has_value() || (flag != field->metadata.end() && IsTruthy(flag->second));
  const auto clustering = Position(*field, kClusteringKeyPosition);
  field->unenforced_clustering_key = clustering.has_value();
  field->unenforced_clustering_key_position = clustering.value_or(0);
}

struct Keys {
  std::vector<std::pair<uint32_t, int32_t>> primary;  // position, field id
  std::vector<std::pair<uint32_t, int32_t>> clustering;
  bool operator==(const Keys&) const = default;
};

void Collect(const std::vector<schema::Field>& fields, Keys* out) {
  for (const schema::Field& field : fields) {
    if (field.unenforced_primary_key) {
      out->primary.emplace_back(field.unenforced_primary_key_position, field.id);
    }
    if (field.unenforced_clustering_key) {
      out->clustering.emplace_back(field.unenforced_clustering_key_position, field.id);
    }
    Collect(field.children, out);
  }
}

bool Writes(const operation::UpdateMap& update, std::string_view key) {
  return std::any_of(update.entries.begin(), update.entries.end(),
                     [&](const auto& entry) { return entry.first == key; });
}

// A key, once set, is relied on by whoever wrote under it.
Status CheckKey(const char* what, bool writes, bool unchanged, bool had, bool has) {
  LANCE_CHECK_ARG(!had || (!writes && unchanged),
                  "the unenforced {} key is a reserved key and cannot be changed once set", what);
  LANCE_CHECK_ARG(had || !writes || has,
                  "the unenforced {} key is a reserved key and cannot be set to an invalid value", what);
  return Status::OK();
}

Status UpdateFields(const std::map<int32_t, operation::UpdateMap>& updates, schema::Schema* schema) {
  Keys before, after;
  Collect(schema->fields, &before);
  bool writes_primary = false, writes_clustering = false;
  for (const auto& [id, update] : updates) {
    schema::Field* field = FindField(&schema->fields, id);
    LANCE_CHECK_ARG(field != nullptr, "Field with id {} does not exist", id);
    ApplyUpdateMap(update, &field->metadata);
    UpdateKeys(field);
    writes_primary |= Writes(update, kPrimaryKey) || Writes(update, kPrimaryKeyPosition);
    writes_clustering |= Writes(update, kClusteringKeyPosition);
  }
  Collect(schema->fields, &after);
  ARROW_RETURN_NOT_OK(CheckKey("primary", writes_primary, before.primary == after.primary,
                               !before.primary.empty(), !after.primary.empty()));
  return CheckKey("clustering", writes_clustering, before.clustering == after.clustering,
                  !before.clustering.empty(), !after.clustering.empty());
}

}  // namespace

void ApplyUpdateMap(const operation::UpdateMap& update, std::map<std::string, std::string>* target) {
  if (update.replace) target->clear();
  for (const auto& [key, value] : update.entries) {
    if (value) {
      (*target)[key] = *value;
    } else {
      target->erase(key);
    }
  }
}

Status ApplyUpdateConfig(const operation::UpdateConfig& operation, ApplyState* state) {
  Manifest& next = *state->next;
  if (operation.config) ApplyUpdateMap(*operation.config, &next.config);
  if (operation.table_metadata) ApplyUpdateMap(*operation.table_metadata, &next.table_metadata);
  if (operation.schema_metadata) ApplyUpdateMap(*operation.schema_metadata, &next.schema.metadata);
  return UpdateFields(operation.field_metadata, &next.schema);
}

uint32_t UnusedBaseId(const std::vector<BasePath>& bases, uint32_t from) {
  for (uint32_t id = from;; ++id) {
    if (std::none_of(bases.begin(), bases.end(), [&](const BasePath& base) { return base.id == id; }))
      return id;
  }
}

Status ApplyUpdateBases(const operation::UpdateBases& operation, ApplyState* state) {
  std::vector<BasePath>& bases = state->next->base_paths;
  for (const BasePath& added : operation.new_bases) {
    for (const BasePath& base : bases) {
      LANCE_CHECK_ARG(base.name != added.name && base.path != added.path,
                      "a base path with name {} or path {} exists already", added.name.value_or("(none)"),
                      added.path);
    }
    const uint32_t id = added.id != 0 ? added.id : UnusedBaseId(bases, /*from=*/1);
    std::erase_if(bases, [&](const BasePath& base) { return base.id == id; });
    bases.push_back(added);
    bases.back().id = id;
  }
  return Status::OK();
}

}  // namespace lance::table
