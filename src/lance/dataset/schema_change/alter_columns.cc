#include <algorithm>
#include <set>

#include <arrow/api.h>
#include <arrow/compute/api.h>
#include <fmt/ranges.h>

#include "lance/dataset/schema_change/cast_rules.h"
#include "lance/dataset/schema_change/column_change.h"
#include "lance/dataset/schema_change/stored_reader.h"
#include "lance/dataset/write/commit_operation.h"
#include "lance/expr/logical.h"
#include "lance/schema_change.h"
#include "lance/table/commit.h"

namespace lance {
namespace {

using schema::Field;

constexpr int32_t kFirstLineageId = -5;
constexpr int32_t kLastLineageId = -3;

struct CastField {
  const Field* from = nullptr;  // in the table's schema
  int32_t to = -1;              // id in the new one
  bool required = false;        // rows written without it would be wrong
};

// What the alterations come to.
struct Change {
  schema::Schema schema;
  std::vector<CastField> casts;
  bool tightens = false;
};

Status CheckMemWal(const Dataset& dataset, const std::vector<ColumnAlteration>& alterations) {
  const schema::Schema& table = dataset.snapshot()->manifest().schema;
  for (const ColumnAlteration& alteration : alterations) {
    auto field = table.Resolve(alteration.path);
    const char* why = nullptr;
    if (alteration.data_type != nullptr) {
      why =
          "cannot change a column's type on a table with a MemWAL attached: a cast takes a new field id, "
          "which "
          "rows still in the WAL cannot be matched to. Drop the MemWAL, or add a column of the new type and "
          "backfill it.";
    } else if (alteration.nullable == false && (!field.ok() || (*field)->nullable)) {
      why =
          "cannot make a column non-nullable on a table with a MemWAL attached: the check runs against the "
          "base table, and a write admitted into the WAL while it runs is not there to be checked. Drop the "
          "MemWAL first.";
    } else if (alteration.name.has_value() && field.ok() && (*field)->unenforced_primary_key) {
      why =
          "cannot rename a primary key column on a table with a MemWAL attached: the key is how a writer "
          "identifies a row, and one that has not yet seen the new name reads the same batch differently. "
          "Drop the MemWAL first.";
    }
    if (why != nullptr) ARROW_RETURN_NOT_OK(dataset::RefuseMemWal(*dataset.snapshot(), why));
  }
  return Status::OK();
}

Status CheckNoNulls(const Dataset& dataset, const std::string& path) {
  ScanOptions scan;
  scan.columns = {{path, ""}};
  ARROW_ASSIGN_OR_RAISE(auto scanner, dataset.Scan(scan));
  ARROW_ASSIGN_OR_RAISE(auto reader, scanner->ToReader());
  while (true) {
    ARROW_ASSIGN_OR_RAISE(auto batch, reader->Next());
    if (batch == nullptr) return Status::OK();
    LANCE_CHECK_ARG(batch->column(0)->null_count() == 0,
                    "Column \"{}\" contains NULL values and cannot be made non-nullable", path);
  }
}

Status CheckSiblings(const std::vector<Field>& fields) {
  std::set<std::string> seen;
  for (const Field& field : fields) {
    LANCE_CHECK_ARG(seen.insert(field.name).second, "Duplicate field name \"{}\" in schema", field.name);
    ARROW_RETURN_NOT_OK(CheckSiblings(field.children));
  }
  return Status::OK();
}

void NumberAnew(Field* field, int32_t parent, int32_t* next) {
  field->parent_id = parent;
  field->id = (*next)++;
  for (Field& child : field->children) NumberAnew(&child, field->id, next);
}

Status ApplyCast(const ColumnAlteration& alteration, const Field& from, Field* to, int32_t* next_id) {
  ARROW_ASSIGN_OR_RAISE(auto old_type, from.ArrowType());
  const auto& type = *alteration.data_type;
  LANCE_CHECK_ARG(dataset::IsAllowedCast(*old_type, type), "Cannot cast column \"{}\" from {} to {}",
                  alteration.path, expr::PrintType(*old_type), expr::PrintType(type));
  ARROW_ASSIGN_OR_RAISE(
      schema::Schema made,
      schema::FromArrow(arrow::Schema({arrow::field(to->name, alteration.data_type, to->nullable)})));
  const int32_t parent = from.parent_id;
  *to = std::move(made.fields.front());
  NumberAnew(to, parent, next_id);
  return Status::OK();
}

Result<Change> Resolve(const Dataset& dataset, const std::vector<ColumnAlteration>& alterations) {
  const table::Manifest& manifest = dataset.snapshot()->manifest();
  Change change;
  change.schema = manifest.schema;
  int32_t next_id = dataset::MaxFieldId(manifest) + 1;
  for (const ColumnAlteration& alteration : alterations) {
    auto resolved = manifest.schema.Resolve(alteration.path);
    LANCE_CHECK_ARG(resolved.ok(), "Column \"{}\" does not exist in the dataset", alteration.path);
    const Field& from = **resolved;
    if (alteration.nullable == false && from.nullable) {
      ARROW_RETURN_NOT_OK(CheckNoNulls(dataset, alteration.path));
      change.tightens = true;
    }
    Field* to = dataset::FindMutable(&change.schema, from.id);
    LANCE_CHECK_ARG(to != nullptr, "Column \"{}\" is altered twice", alteration.path);
    if (alteration.name.has_value()) to->name = *alteration.name;
    if (alteration.nullable.has_value()) to->nullable = *alteration.nullable;
    if (alteration.data_type == nullptr) continue;
    ARROW_RETURN_NOT_OK(ApplyCast(alteration, from, to, &next_id));
    const auto ancestry = dataset::Ancestry(change.schema, to->id);
    change.casts.push_back({&from, to->id, !to->nullable || !ancestry.front()->nullable});
  }
  ARROW_RETURN_NOT_OK(CheckSiblings(change.schema.fields));
  return change;
}

Status CheckIndices(const table::Snapshot& snapshot, const Change& change) {
  ARROW_ASSIGN_OR_RAISE(auto indices, snapshot.Indices());
  std::vector<std::string> columns;
  std::vector<std::string> names;
  for (const table::IndexMetadata& index : *indices) {
    const bool affected = std::any_of(change.casts.begin(), change.casts.end(), [&](const CastField& cast) {
      return std::find(index.fields.begin(), index.fields.end(), cast.from->id) != index.fields.end();
    });
    if (affected) names.push_back(index.name);
  }
  if (names.empty()) return Status::OK();
  for (const CastField& cast : change.casts) {
    const bool indexed =
        std::any_of(indices->begin(), indices->end(), [&](const table::IndexMetadata& index) {
          return std::find(index.fields.begin(), index.fields.end(), cast.from->id) != index.fields.end();
        });
    if (indexed) columns.push_back(cast.from->name);
  }
  return InvalidArgument(
      "Cannot cast column(s) [{}] to a new type: they have {} index(es) attached: [{}]. Cast rewrites column "
      "data and invalidates any index on the affected column(s). Drop the index(es) with drop_index() before "
      "altering, then recreate them after the cast completes.",
      fmt::join(columns, ", "), names.size(), fmt::join(names, ", "));
}

class CastReader : public arrow::RecordBatchReader {
 public:
  CastReader(std::shared_ptr<arrow::RecordBatchReader> input, std::shared_ptr<arrow::Schema> schema)
      : input_(std::move(input)), schema_(std::move(schema)) {}
  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }
  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    ARROW_RETURN_NOT_OK(input_->ReadNext(batch));
    if (*batch == nullptr) return Status::OK();
    arrow::ArrayVector columns;
    for (int i = 0; i < schema_->num_fields(); ++i) {
      ARROW_ASSIGN_OR_RAISE(auto column, dataset::CastColumn((*batch)->column(i), schema_->field(i)->type()));
      columns.push_back(std::move(column));
    }
    *batch = arrow::RecordBatch::Make(schema_, (*batch)->num_rows(), std::move(columns));
    return Status::OK();
  }

 private:
  std::shared_ptr<arrow::RecordBatchReader> input_;
  std::shared_ptr<arrow::Schema> schema_;
};

// Files that hold no column of the new schema go; those with row lineage stay: it is the only copy.
void DropDeadFiles(const schema::Schema& schema, std::vector<table::Fragment>* fragments) {
  const std::vector<int32_t> listed = schema.FieldIds();
  const std::set<int32_t> ids(listed.begin(), listed.end());
  for (table::Fragment& fragment : *fragments) {
    std::erase_if(fragment.files, [&](const table::DataFile& file) {
      return std::none_of(file.fields.begin(), file.fields.end(), [&](int32_t id) {
        return ids.contains(id) || (id >= kFirstLineageId && id <= kLastLineageId);
      });
    });
  }
}

Result<std::shared_ptr<Dataset>> CommitCasts(const Dataset& dataset, Change change,
                                             const CommitSettings& commit) {
  const auto& snapshot = dataset.snapshot();
  const table::Manifest& manifest = snapshot->manifest();
  std::set<int32_t> old_ids;
  std::set<int32_t> new_ids;
  bool required = false;
  for (const CastField& cast : change.casts) {
    old_ids.insert(cast.from->id);
    new_ids.insert(cast.to);
    required |= cast.required;
  }
  const schema::Schema read_schema = dataset::PickByIds(manifest.schema, old_ids);
  const schema::Schema write_schema = dataset::PickByIds(change.schema, new_ids);
  ARROW_ASSIGN_OR_RAISE(auto options, dataset::MakeFragmentWriterOptions(*snapshot, {}, commit.durable));
  std::vector<const table::Fragment*> fragments;
  for (const table::Fragment& fragment : manifest.fragments) fragments.push_back(&fragment);
  ARROW_ASSIGN_OR_RAISE(auto input, dataset::ReadStoredRows(snapshot, std::move(fragments), read_schema));
  ARROW_ASSIGN_OR_RAISE(auto output_schema, write_schema.ToArrow());
  CastReader values(std::move(input), std::move(output_schema));
  ARROW_ASSIGN_OR_RAISE(auto written, dataset::WriteColumnFiles(*snapshot, values, write_schema, options));

  table::operation::Merge merge;
  merge.preserves_nullability = !required;
  merge.schema = std::move(change.schema);
  merge.fragments = written.fragments;
  DropDeadFiles(merge.schema, &merge.fragments);
  table::CommitRequest request;
  request.operation = std::move(merge);
  request.read_version = manifest.version;
  request.unsynced = written.unsynced;
  auto committed = dataset::CommitOperation(*snapshot, std::move(request), commit);
  if (Is(committed.status(), ErrorKind::kCommitConflict)) dataset::RemoveColumnFiles(options, written);
  return committed;
}

}  // namespace

arrow::Result<std::shared_ptr<Dataset>> AlterColumns(const Dataset& dataset,
                                                     const std::vector<ColumnAlteration>& alterations,
                                                     const CommitSettings& commit) {
  LANCE_CHECK_ARG(!alterations.empty(), "no columns to alter");
  ARROW_RETURN_NOT_OK(CheckMemWal(dataset, alterations));
  ARROW_ASSIGN_OR_RAISE(Change change, Resolve(dataset, alterations));
  if (!change.casts.empty()) {
    ARROW_RETURN_NOT_OK(CheckIndices(*dataset.snapshot(), change));
    LANCE_CHECK_ARG(
        !change.tightens,
        "cannot make a column non-nullable and cast columns in the same call: apply the cast first, "
        "then the nullability change");
    return CommitCasts(dataset, std::move(change), commit);
  }
  table::operation::Project project;
  project.schema = std::move(change.schema);
  project.preserves_nullability = !change.tightens;
  table::CommitRequest request;
  request.operation = std::move(project);
  request.read_version = dataset.version();
  return dataset::CommitOperation(*dataset.snapshot(), std::move(request), commit);
}

}  // namespace lance
