#include <fmt/ranges.h>

#include "lance/dataset/schema_change/schema_edit.h"
#include "lance/dataset/write/commit_operation.h"
#include "lance/schema_change.h"
#include "lance/table/commit.h"

namespace lance {
namespace {

table::operation::UpdateMap ToMap(const MetadataUpdate& update) {
  table::operation::UpdateMap out;
  out.entries = update.entries;
  out.replace = update.replace;
  return out;
}

std::optional<table::operation::UpdateMap> ToMap(const std::optional<MetadataUpdate>& update) {
  if (!update.has_value()) return std::nullopt;
  return ToMap(*update);
}

Status FieldNotFound(const schema::Schema& schema, const std::string& path) {
  constexpr size_t kShown = 10;
  std::vector<std::string> names;
  for (int32_t id : schema.FieldIds()) names.push_back("'" + dataset::PathOf(schema, id) + "'");
  std::string more;
  if (names.size() > kShown) {
    more = fmt::format(", ... and {} more", names.size() - kShown);
    names.resize(kShown);
  }
  return InvalidArgument("Field '{}' not found.\nAvailable fields: [{}{}]", path, fmt::join(names, ", "),
                         more);
}

}  // namespace

arrow::Result<std::shared_ptr<Dataset>> UpdateMetadata(const Dataset& dataset, const MetadataUpdates& updates,
                                                       const CommitSettings& commit) {
  const table::Manifest& manifest = dataset.snapshot()->manifest();
  table::operation::UpdateConfig update;
  update.config = ToMap(updates.config);
  update.table_metadata = ToMap(updates.table_metadata);
  update.schema_metadata = ToMap(updates.schema_metadata);
  for (const auto& [path, entries] : updates.field_metadata) {
    auto field = manifest.schema.Resolve(path);
    if (!field.ok()) return FieldNotFound(manifest.schema, path);
    update.field_metadata[(*field)->id] = ToMap(entries);
  }
  table::CommitRequest request;
  request.operation = std::move(update);
  request.read_version = manifest.version;
  return dataset::CommitOperation(*dataset.snapshot(), std::move(request), commit);
}

}  // namespace lance
