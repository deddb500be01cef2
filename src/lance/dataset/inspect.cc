#include "lance/inspect.h"

#include <functional>
#include <numeric>

#include <arrow/type.h>

#include "lance/base/status.h"
#include "lance/dataset.h"
#include "lance/file/file_reader.h"
#include "lance/schema/schema.h"
#include "lance/store/object_store.h"
#include "lance/table/manifest.h"
#include "lance/table/snapshot.h"

namespace lance {

namespace {

struct FieldPath {
  std::string path;
  std::string type;
};

using FieldPaths = std::map<int32_t, FieldPath>;  // by field id

void CollectPaths(const std::vector<schema::Field>& fields, const std::string& prefix, FieldPaths* out) {
  for (const auto& field : fields) {
    const std::string path = prefix.empty() ? field.name : prefix + "." + field.name;
    const auto type = field.ArrowType();
    (*out)[field.id] = {path, type.ok() ? (*type)->ToString() : field.logical_type};
    CollectPaths(field.children, path, out);
  }
}

// Which field a column belongs to when no manifest says it: files number their columns depth first, 2.0 over
// all fields, later versions over the leaves (a packed struct and a blob are one column), 0.1 by field id.
void AssignColumns(const std::vector<schema::Field>& fields, const file::Version& version, int* next,
                   std::vector<int32_t>* field_of_column) {
  for (const auto& field : fields) {
    const bool whole = field.is_packed_struct() || field.is_blob() || field.children.empty();
    if (version.minor == 0 || whole) {
      if (static_cast<size_t>(*next) < field_of_column->size()) (*field_of_column)[*next] = field.id;
      (*next)++;
    }
    if (version.minor == 0 || !whole) AssignColumns(field.children, version, next, field_of_column);
  }
}

std::vector<int32_t> FieldOfColumn(const file::FileReader& reader, const table::DataFile* data_file) {
  std::vector<int32_t> field_of_column(reader.num_columns(), -1);
  if (data_file != nullptr && !data_file->column_indices.empty()) {
    const size_t count = std::min(data_file->fields.size(), data_file->column_indices.size());
    for (size_t i = 0; i < count; i++) {
      const int32_t column = data_file->column_indices[i];
      if (column >= 0 && static_cast<size_t>(column) < field_of_column.size()) {
        field_of_column[column] = data_file->fields[i];
      }
    }
  } else if (reader.version().is_legacy()) {
    std::iota(field_of_column.begin(), field_of_column.end(), 0);
  } else {
    int next = 0;
    AssignColumns(reader.schema().fields, reader.version(), &next, &field_of_column);
  }
  return field_of_column;
}

uint64_t TotalLength(const std::vector<ByteRange>& ranges) {
  uint64_t total = 0;
  for (const auto& range : ranges) total += range.length;
  return total;
}

Result<FileSummary> Describe(const file::FileReader& reader, const schema::Schema& schema,
                             const table::DataFile* data_file) {
  FileSummary summary;
  summary.path = reader.path();
  summary.version = reader.version().ToString();
  summary.num_rows = reader.num_rows();
  FieldPaths paths;
  CollectPaths(schema.fields, "", &paths);
  const std::vector<int32_t> field_of_column = FieldOfColumn(reader, data_file);
  for (int i = 0; i < reader.num_columns(); i++) {
    ARROW_ASSIGN_OR_RAISE(const file::ColumnDescription description, reader.Describe(i));
    ColumnSummary column;
    column.index = i;
    const auto found = paths.find(field_of_column[i]);
    column.path = found == paths.end() ? fmt::format("column {}", i) : found->second.path;
    if (found != paths.end()) column.type = found->second.type;
    column.bytes = TotalLength(description.buffers);
    for (const auto& page : description.pages) {
      const uint64_t bytes = TotalLength(page.buffers);
      column.bytes += bytes;
      column.pages.push_back({page.first_row, page.num_rows, bytes, page.encoding});
    }
    summary.columns.push_back(std::move(column));
  }
  for (const auto& range : reader.global_buffers()) summary.global_buffer_bytes.push_back(range.length);
  return summary;
}

// "/lance.table.BTreeIndexDetails" -> "BTree".
std::string IndexType(const std::string& type_url) {
  std::string name = type_url.substr(type_url.find_last_of("./") + 1);
  constexpr std::string_view kSuffix = "IndexDetails";
  if (name.ends_with(kSuffix)) name.resize(name.size() - kSuffix.size());
  return name.empty() ? "unknown" : name;
}

std::vector<IndexSummary> SummarizeIndices(const std::vector<table::IndexMetadata>& segments,
                                           const schema::Schema& schema) {
  FieldPaths paths;
  CollectPaths(schema.fields, "", &paths);
  std::map<std::string, IndexSummary> by_name;
  for (const auto& segment : segments) {
    IndexSummary& index = by_name[segment.name];
    if (index.num_segments++ > 0) continue;
    index.name = segment.name;
    index.type = IndexType(segment.details_type_url);
    for (const int32_t field : segment.fields) {
      const auto found = paths.find(field);
      index.columns.push_back(found == paths.end() ? fmt::format("field {}", field) : found->second.path);
    }
  }
  std::vector<IndexSummary> indices;
  for (auto& [name, index] : by_name) indices.push_back(std::move(index));
  return indices;
}

}  // namespace

arrow::Result<DatasetSummary> Summarize(const Dataset& dataset) {
  const table::Snapshot& snapshot = *dataset.snapshot();
  const table::Manifest& manifest = snapshot.manifest();
  DatasetSummary summary;
  if (manifest.timestamp) summary.timestamp = *manifest.timestamp;
  summary.branch = manifest.branch.value_or("");
  if (manifest.writer_version) {
    summary.writer = manifest.writer_version->library + " " + manifest.writer_version->version;
  }
  ARROW_ASSIGN_OR_RAISE(summary.num_rows, snapshot.CountRows());
  uint64_t physical_rows = 0;
  for (const auto& fragment : manifest.fragments) {
    summary.num_fragments++;
    physical_rows += fragment.physical_rows;
    summary.num_deletion_files += fragment.deletion_file ? 1 : 0;
    for (const auto& file : fragment.files) {
      summary.num_data_files++;
      summary.data_bytes += file.size_bytes;
      summary.num_files_of_unknown_size += file.size_bytes == 0 ? 1 : 0;
    }
  }
  // Old manifests do not say how many rows a fragment has.
  if (physical_rows > summary.num_rows) summary.num_deleted_rows = physical_rows - summary.num_rows;
  summary.stable_row_ids = manifest.has_stable_row_ids();
  ARROW_ASSIGN_OR_RAISE(const auto segments, snapshot.Indices());
  if (segments != nullptr) summary.indices = SummarizeIndices(*segments, manifest.schema);
  return summary;
}

arrow::Result<FileSummary> DescribeFile(const std::string& uri,
                                        const std::map<std::string, std::string>& storage_options) {
  const size_t slash = uri.find_last_of('/');
  const std::string folder = slash == std::string::npos ? "." : slash == 0 ? "/" : uri.substr(0, slash);
  const std::string name = slash == std::string::npos ? uri : uri.substr(slash + 1);
  ARROW_ASSIGN_OR_RAISE(const auto opened, store::OpenStore(folder, storage_options));
  ARROW_ASSIGN_OR_RAISE(const auto object, opened.store->Open(name));
  ARROW_ASSIGN_OR_RAISE(const auto reader, file::FileReader::Open(object));
  ARROW_ASSIGN_OR_RAISE(FileSummary summary, Describe(*reader, reader->schema(), nullptr));
  summary.path = uri;
  summary.size_bytes = object->size();
  return summary;
}

arrow::Status DescribeDataFiles(const Dataset& dataset,
                                const std::function<arrow::Status(const FileSummary&)>& visit) {
  const table::Snapshot& snapshot = *dataset.snapshot();
  for (const auto& fragment : snapshot.manifest().fragments) {
    for (const auto& file : fragment.files) {
      ARROW_ASSIGN_OR_RAISE(const auto reader, snapshot.OpenDataFile(file));
      ARROW_ASSIGN_OR_RAISE(FileSummary summary, Describe(*reader, snapshot.manifest().schema, &file));
      summary.path = "data/" + file.path;
      summary.fragment = fragment.id;
      summary.size_bytes = file.size_bytes;
      ARROW_RETURN_NOT_OK(visit(summary));
    }
  }
  return Status::OK();
}

}  // namespace lance
