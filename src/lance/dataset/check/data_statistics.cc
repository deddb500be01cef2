#include <map>

#include "lance/base/status.h"
#include "lance/dataset.h"
#include "lance/dataset/schema_change/schema_edit.h"
#include "lance/file/file_reader.h"
#include "lance/maintenance.h"
#include "lance/runtime/session.h"
#include "lance/scan/exec/parallel_for.h"
#include "lance/table/snapshot.h"

namespace lance {
namespace {

using Bytes = std::map<int32_t, uint64_t>;

// Adds the bytes of a file's pages to their fields. A column without a field of its own goes on with the one
// before it.
Status AddFile(const table::Snapshot& snapshot, const table::DataFile& file, Bytes* bytes) {
  ARROW_ASSIGN_OR_RAISE(auto reader, snapshot.OpenDataFile(file));
  if (reader->version().is_legacy()) return Status::OK();
  std::map<int32_t, int32_t> field_of_column;
  for (size_t i = 0; i < file.fields.size() && i < file.column_indices.size(); ++i) {
    if (file.column_indices[i] >= 0) field_of_column[file.column_indices[i]] = file.fields[i];
  }
  int32_t field = 0;
  for (int column = 0; column < reader->num_columns(); ++column) {
    if (auto found = field_of_column.find(column); found != field_of_column.end()) field = found->second;
    ARROW_ASSIGN_OR_RAISE(const file::ColumnDescription description, reader->Describe(column));
    for (const file::PageDescription& page : description.pages) {
      for (const ByteRange& buffer : page.buffers) (*bytes)[field] += buffer.length;
    }
  }
  return Status::OK();
}

}  // namespace

arrow::Result<std::vector<FieldStatistics>> DataStatistics(const Dataset& dataset) {
  const table::Snapshot& snapshot = *dataset.snapshot();
  const auto& fragments = snapshot.manifest().fragments;
  std::vector<Bytes> partial(fragments.size());
  ARROW_RETURN_NOT_OK(
      scan::ParallelFor(snapshot.session()->thread_pool(), fragments.size(), [&](size_t i) -> Status {
        for (const table::DataFile& file : fragments[i].files) {
          ARROW_RETURN_NOT_OK(AddFile(snapshot, file, &partial[i]));
        }
        return Status::OK();
      }));
  Bytes total;
  for (const Bytes& part : partial) {
    for (const auto& [field, bytes] : part) total[field] += bytes;
  }
  const schema::Schema& schema = snapshot.manifest().schema;
  std::vector<FieldStatistics> out;
  for (int32_t id : schema.FieldIds()) {
    auto found = total.find(id);
    out.push_back({id, dataset::PathOf(schema, id), found == total.end() ? 0 : found->second});
  }
  return out;
}

}  // namespace lance
