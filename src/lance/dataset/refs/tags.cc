#include "lance/dataset/refs/ref_files.h"
#include "lance/dataset/refs/resolve_ref.h"
#include "lance/refs.h"
#include "lance/store/object_store.h"
#include "lance/table/table_snapshot.h"

namespace lance {
namespace {

using Time = std::chrono::sys_time<std::chrono::nanoseconds>;

store::ObjectStore& RootOf(const Dataset& dataset) {
  return *static_cast<const table::TableSnapshot&>(*dataset.snapshot()).root().store;
}

Status CheckName(const std::string& name) { return WithContext(table::CheckTagName(name), "Ref is invalid"); }

Result<table::Tag> MakeTag(const Dataset& dataset, const VersionRef& version,
                           std::optional<Time> created_at) {
  ARROW_ASSIGN_OR_RAISE(dataset::ResolvedRef resolved, dataset::ResolveRef(dataset, version));
  table::Tag tag;
  tag.branch = resolved.branch;
  tag.version = resolved.version;
  tag.manifest_size = resolved.manifest_size;
  tag.updated_at = std::chrono::system_clock::now();
  tag.created_at = created_at.has_value() ? created_at : tag.updated_at;
  return tag;
}

}  // namespace

arrow::Status CreateTag(const Dataset& dataset, const std::string& name, const VersionRef& version) {
  ARROW_RETURN_NOT_OK(CheckName(name));
  ARROW_ASSIGN_OR_RAISE(table::Tag tag, MakeTag(dataset, version, std::nullopt));
  return dataset::PutNewTag(RootOf(dataset), name, tag);
}

arrow::Status UpdateTag(const Dataset& dataset, const std::string& name, const VersionRef& version) {
  ARROW_RETURN_NOT_OK(CheckName(name));
  ARROW_ASSIGN_OR_RAISE(table::Tag old, table::ReadTag(RootOf(dataset), name));
  ARROW_ASSIGN_OR_RAISE(table::Tag tag, MakeTag(dataset, version, old.created_at));
  tag.metadata = std::move(old.metadata);
  return dataset::PutTag(RootOf(dataset), name, tag);
}

arrow::Status DeleteTag(const Dataset& dataset, const std::string& name) {
  ARROW_RETURN_NOT_OK(CheckName(name));
  ARROW_RETURN_NOT_OK(table::ReadTag(RootOf(dataset), name).status());
  return RootOf(dataset).Delete(dataset::TagKey(name));
}

arrow::Result<TagInfo> GetTag(const Dataset& dataset, const std::string& name) {
  ARROW_ASSIGN_OR_RAISE(table::Tag tag, table::ReadTag(RootOf(dataset), name));
  return TagInfo{tag.branch,     tag.version,       tag.created_at,
                 tag.updated_at, tag.manifest_size, std::move(tag.metadata)};
}

arrow::Status ReplaceTagMetadata(const Dataset& dataset, const std::string& name,
                                 const std::map<std::string, std::string>& metadata) {
  ARROW_RETURN_NOT_OK(CheckName(name));
  ARROW_ASSIGN_OR_RAISE(table::Tag tag, table::ReadTag(RootOf(dataset), name));
  tag.metadata = metadata;
  return dataset::PutTag(RootOf(dataset), name, tag);
}

}  // namespace lance
