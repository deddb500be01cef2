#include "lance/dataset/mutate/merge_insert/merge_source.h"

#include <algorithm>

#include <arrow/api.h>

#include "lance/dataset/write/append_schema.h"

namespace lance::dataset {
namespace {

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::vector<std::string> PrimaryKey(const schema::Schema& table) {
  std::vector<const schema::Field*> fields;
  for (const schema::Field& field : table.fields) {
    if (field.unenforced_primary_key) fields.push_back(&field);
  }
  // By the position given, fields without one last, by id.
  std::stable_sort(fields.begin(), fields.end(), [](const schema::Field* a, const schema::Field* b) {
    auto rank = [](const schema::Field* field) {
      const uint32_t position = field->unenforced_primary_key_position;
      return std::pair(position == 0 ? UINT32_MAX : position, field->id);
    };
    return rank(a) < rank(b);
  });
  std::vector<std::string> out;
  for (const schema::Field* field : fields) out.push_back(field->name);
  return out;
}

// A source may leave columns out, but not members of the ones that it has: nothing could fill them.
Status CheckMembers(const std::vector<schema::Field>& rows, const std::vector<schema::Field>& table,
                    const std::string& path) {
  for (const schema::Field& expected : table) {
    auto found = std::find_if(rows.begin(), rows.end(),
                              [&](const schema::Field& field) { return field.name == expected.name; });
    if (found == rows.end()) {
      return NotSupported("merge insert from a source whose column {} lacks the member {}", path,
                          expected.name);
    }
    if (expected.is_blob_v2()) continue;
    ARROW_RETURN_NOT_OK(CheckMembers(found->children, expected.children, path + "." + expected.name));
  }
  return Status::OK();
}

}  // namespace

arrow::ArrayVector MergeSource::KeysOf(const arrow::RecordBatch& batch) const {
  arrow::ArrayVector out;
  for (const std::string& name : on) out.push_back(batch.GetColumnByName(name));
  return out;
}

Result<std::vector<std::string>> ResolveKeys(const schema::Schema& table,
                                             const std::vector<std::string>& on) {
  std::vector<std::string> out;
  if (on.empty()) {
    out = PrimaryKey(table);
    LANCE_CHECK_ARG(!out.empty(),
                    "A merge insert operation requires join keys: specify `on` columns explicitly or "
                    "configure a primary key in the dataset schema");
    return out;
  }
  for (const std::string& name : on) {
    if (table.FindTopLevel(name) != nullptr) {
      out.push_back(name);
      continue;
    }
    auto found = std::find_if(table.fields.begin(), table.fields.end(),
                              [&](const schema::Field& field) { return Lower(field.name) == Lower(name); });
    if (found == table.fields.end()) {
      if (table.Resolve(name).ok()) return NotSupported("merge insert on the member of a struct: {}", name);
      return InvalidArgument("Merge insert key column '{}' does not exist in schema", name);
    }
    out.push_back(found->name);
  }
  return out;
}

Result<std::shared_ptr<arrow::RecordBatch>> ReadAll(arrow::RecordBatchReader& reader) {
  ARROW_ASSIGN_OR_RAISE(arrow::RecordBatchVector batches, reader.ToRecordBatches());
  if (batches.size() == 1) return batches[0];
  ARROW_ASSIGN_OR_RAISE(auto table, arrow::Table::FromRecordBatches(reader.schema(), batches));
  return table->CombineChunksToBatch();
}

Result<MergeSource> MakeMergeSource(std::shared_ptr<arrow::RecordBatch> rows, const schema::Schema& table,
                                    const MergeInsertOptions& options) {
  MergeSource out;
  ARROW_ASSIGN_OR_RAISE(schema::Schema schema, schema::FromArrow(*rows->schema()));
  PromoteBlobs(&schema, table);
  ARROW_RETURN_NOT_OK(CheckRowsFit(schema, table, MissingFields::kAny));
  for (const schema::Field& field : table.fields) {
    const schema::Field* own = schema.FindTopLevel(field.name);
    if (own == nullptr) {
      out.missing.push_back(field.name);
    } else if (!field.is_blob_v2()) {
      ARROW_RETURN_NOT_OK(CheckMembers(own->children, field.children, field.name));
    }
  }
  ARROW_ASSIGN_OR_RAISE(out.on, ResolveKeys(table, options.on));
  for (const std::string& name : out.on) {
    if (rows->schema()->GetFieldIndex(name) < 0) {
      return InvalidArgument(
          "Schema error: No field named {}. The source of a merge insert needs the key "
          "columns",
          name);
    }
  }
  const bool first_only = options.source_duplicates == MergeInsertOptions::SourceDuplicates::kFirstSeen;
  ARROW_ASSIGN_OR_RAISE(out.keys, KeyIndex::Make(out.KeysOf(*rows), first_only));
  out.rows = std::move(rows);
  return out;
}

}  // namespace lance::dataset
