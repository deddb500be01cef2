#include "lance/dataset/fragment/fragment_change.h"

#include <algorithm>

#include <arrow/record_batch.h>

#include "lance/dataset/mutate/remove_rows.h"
#include "lance/dataset/schema_change/column_change.h"
#include "lance/dataset/schema_change/column_files.h"
#include "lance/dataset/schema_change/schema_edit.h"
#include "lance/dataset/write/fragment_writer.h"
#include "lance/file/file_reader.h"
#include "lance/table/deletion.h"

namespace lance::dataset {
namespace {

// Stands for the id of a field whose values are in a newer file.
constexpr int32_t kTombstone = -2;

Result<const table::Fragment*> Find(const table::Snapshot& snapshot, uint64_t fragment_id) {
  const table::Fragment* fragment = snapshot.FindFragment(fragment_id);
  LANCE_CHECK_ARG(fragment != nullptr, "fragment {} does not exist in version {}", fragment_id,
                  snapshot.manifest().version);
  return fragment;
}

Result<table::DataFile> WriteColumns(const table::Snapshot& snapshot, const table::Fragment& fragment,
                                     const schema::Schema& columns, arrow::RecordBatchReader& values) {
  ARROW_ASSIGN_OR_RAISE(FragmentWriterOptions options, MakeFragmentWriterOptions(snapshot, {}, true));
  ARROW_ASSIGN_OR_RAISE(auto writer, ColumnFileWriter::Make(snapshot, fragment, columns, options));
  while (true) {
    ARROW_ASSIGN_OR_RAISE(auto batch, values.Next());
    if (batch == nullptr) break;
    LANCE_CHECK_ARG(static_cast<uint64_t>(batch->num_rows()) <= writer->rows_left(),
                    "there are more values than fragment {} has rows", fragment.id);
    ARROW_RETURN_NOT_OK(writer->Write(batch));
  }
  return writer->Finish();
}

// The table's field at "a.item.b"; nullptr when it has none.
Result<const schema::Field*> FieldAt(const schema::Schema& schema, const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(auto parts, schema::SplitPath(path));
  const schema::Field* field = nullptr;
  for (const std::string& part : parts) {
    field = field == nullptr ? schema.FindTopLevel(part) : field->FindChild(part);
    if (field == nullptr) break;
  }
  return field;
}

}  // namespace

Result<WidenedFragment> AddFragmentColumns(const table::Snapshot& snapshot, uint64_t fragment_id,
                                           arrow::RecordBatchReader& values) {
  ARROW_ASSIGN_OR_RAISE(const table::Fragment* fragment, Find(snapshot, fragment_id));
  const table::Manifest& manifest = snapshot.manifest();
  ARROW_ASSIGN_OR_RAISE(schema::Schema added, schema::FromArrow(*values.schema()));
  ARROW_ASSIGN_OR_RAISE(const file::Version version, WriteVersionOf(snapshot));
  ARROW_RETURN_NOT_OK(CheckNewFields(manifest.schema, added, version));
  WidenedFragment out{*fragment, AddFields(manifest.schema, added, MaxFieldId(manifest))};
  ARROW_ASSIGN_OR_RAISE(table::DataFile file,
                        WriteColumns(snapshot, *fragment, PickByName(out.schema, added), values));
  out.fragment.files.push_back(std::move(file));
  return out;
}

Result<ReplacedColumns> ReplaceFragmentColumns(const table::Snapshot& snapshot, uint64_t fragment_id,
                                               arrow::RecordBatchReader& values) {
  ARROW_ASSIGN_OR_RAISE(const table::Fragment* fragment, Find(snapshot, fragment_id));
  ARROW_ASSIGN_OR_RAISE(schema::Schema names, schema::FromArrow(*values.schema()));
  const schema::Schema columns = PickByName(snapshot.manifest().schema, names);
  for (const schema::Field& name : names.fields) {
    LANCE_CHECK_ARG(columns.FindTopLevel(name.name) != nullptr, "Column {} does not exist in the fragment",
                    name.name);
  }
  ARROW_ASSIGN_OR_RAISE(table::DataFile file, WriteColumns(snapshot, *fragment, columns, values));
  ReplacedColumns out{*fragment, file.fields};
  for (table::DataFile& older : out.fragment.files) {
    for (int32_t& field : older.fields) {
      if (std::find(file.fields.begin(), file.fields.end(), field) != file.fields.end()) field = kTombstone;
    }
  }
  std::erase_if(out.fragment.files, [](const table::DataFile& older) {
    return std::all_of(older.fields.begin(), older.fields.end(), [](int32_t field) { return field < 0; });
  });
  out.fragment.files.push_back(std::move(file));
  return out;
}

Result<std::optional<table::Fragment>> DeleteFragmentRows(const table::Snapshot& snapshot,
                                                          uint64_t fragment_id,
                                                          std::vector<uint64_t> offsets) {
  ARROW_ASSIGN_OR_RAISE(const table::Fragment* fragment, Find(snapshot, fragment_id));
  ARROW_ASSIGN_OR_RAISE(auto deleted, snapshot.Deletions(*fragment));
  std::sort(offsets.begin(), offsets.end());
  offsets.erase(std::unique(offsets.begin(), offsets.end()), offsets.end());
  std::vector<uint32_t> rows;
  for (uint64_t offset : offsets) {
    LANCE_CHECK_ARG(offset < fragment->physical_rows,
                    "offset {} is out of range for fragment {} with {} rows", offset, fragment_id,
                    fragment->physical_rows);
    auto row = static_cast<uint32_t>(offset);
    if (deleted == nullptr || !deleted->Contains(row)) rows.push_back(row);
  }
  if (rows.empty()) return *fragment;
  ARROW_ASSIGN_OR_RAISE(Removal removal,
                        RemoveRows(snapshot, {{fragment_id, std::move(rows)}}, store::Durability::kSync));
  if (removal.updated_fragments.empty()) return std::nullopt;
  return removal.updated_fragments.front();
}

Result<DescribedFile> DescribeDataFile(const table::Snapshot& snapshot, const std::string& path,
                                       std::optional<uint32_t> base_id) {
  DescribedFile out;
  out.file.path = path;
  out.file.base_id = base_id;
  ARROW_ASSIGN_OR_RAISE(auto reader, snapshot.OpenDataFile(out.file));
  if (!base_id) {
    ARROW_ASSIGN_OR_RAISE(store::ObjectInfo info, snapshot.object_store()->Head("data/" + path));
    out.file.size_bytes = info.size;
  }
  out.num_rows = reader->num_rows();
  out.file.major_version = static_cast<uint32_t>(reader->version().major);
  out.file.minor_version = static_cast<uint32_t>(reader->version().minor);
  for (int column = 0; column < reader->num_columns(); ++column) {
    ARROW_ASSIGN_OR_RAISE(auto description, reader->Describe(column));
    ARROW_ASSIGN_OR_RAISE(const schema::Field* field, FieldAt(snapshot.manifest().schema, description.field));
    LANCE_CHECK_ARG(field != nullptr, "{} has a column {} that the table does not have", path,
                    description.field);
    out.file.fields.push_back(field->id);
    out.file.column_indices.push_back(column);
  }
  return out;
}

}  // namespace lance::dataset
