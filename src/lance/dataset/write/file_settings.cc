#include "lance/dataset/write/fragment_writer.h"
#include "lance/runtime/session.h"
#include "lance/table/storage_version.h"

namespace lance::dataset {

Result<file::Version> ParseStorageVersion(const std::string& text) {
  struct Name {
    const char* text;
    file::Version version;
  };
  static constexpr Name kNames[] = {{"stable", {2, 2}}, {"2.0", {2, 0}}, {"0.3", {2, 0}},
                                    {"2.1", {2, 1}},    {"2.2", {2, 2}}, {"legacy", {0, 1}},
                                    {"0.1", {0, 1}},    {"2.3", {2, 3}}, {"next", {2, 3}}};
  for (const Name& name : kNames) {
    if (text != name.text) continue;
    if (name.version.is_legacy() || name.version == file::Version{2, 3}) {
      return NotSupported("writing data files of version {}", text);
    }
    return name.version;
  }
  return InvalidArgument("Unknown Lance storage version: {}", text);
}

Result<FragmentWriterOptions> MakeFragmentWriterOptions(const table::Snapshot& snapshot,
                                                        const DataFileSettings& settings, bool durable) {
  FragmentWriterOptions out;
  std::string version = snapshot.manifest().data_storage_version;
  if (version.empty()) {
    ARROW_ASSIGN_OR_RAISE(version, table::InferStorageVersion(snapshot.manifest()));
  }
  ARROW_ASSIGN_OR_RAISE(out.file.version,
                        ParseStorageVersion(settings.data_storage_version.value_or(version)));
  ApplySettings(settings, durable, &out);
  out.file.pool = snapshot.session()->thread_pool();
  out.folders.push_back({snapshot.object_store(), "data", std::nullopt});
  return out;
}

void ApplySettings(const DataFileSettings& settings, bool durable, FragmentWriterOptions* out) {
  if (settings.data_cache_bytes) out->file.data_cache_bytes = *settings.data_cache_bytes;
  if (settings.max_page_bytes) out->file.max_page_bytes = *settings.max_page_bytes;
  out->max_rows_per_file = settings.max_rows_per_file;
  out->max_bytes_per_file = settings.max_bytes_per_file;
  out->durability = durable ? store::Durability::kSync : store::Durability::kBuffered;
  out->progress = settings.progress;
  out->on_begin = settings.on_begin;
  out->on_complete = settings.on_complete;
}

}  // namespace lance::dataset
