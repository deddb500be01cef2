#include "lance/scan/plan/output.h"

#include <algorithm>

#include <arrow/api.h>

#include "lance/expr/expr.h"
#include "lance/scan/plan/json_columns.h"
#include "lance/scan/plan/planner.h"
#include "lance/scan/read/column_set.h"

namespace lance::scan {
namespace {

bool IsSearchColumn(ColumnSource source) {
  return source == ColumnSource::kDistance || source == ColumnSource::kQueryIndex;
}

ColumnPath MadeColumn(ColumnSource source) {
  std::string name(VirtualName(source));
  return {name, {}, VirtualField(source), name};
}

// Builds the list of result columns one by one.
class OutputBuilder {
 public:
  OutputBuilder(const schema::Schema& table, const ScanOptions& options, file::BlobHandling blobs)
      : table_(table), options_(options), blobs_(blobs) {}

  Status AddMade(ColumnSource source) {
    return AddPath(std::string(VirtualName(source)), MadeColumn(source));
  }

  Status AddStored(const schema::Field& field) {
    ARROW_ASSIGN_OR_RAISE(ColumnPath path, ResolveColumn(table_, blobs_, false, field.name));
    return AddPath(field.name, std::move(path));
  }

  Status AddNamed(const ScanOptions::Column& column) {
    // Row ids and addresses that are asked for by option come last, however they were named before.
    if (column.expression.empty() && options_.with_row_id && column.name == "_rowid") return Status::OK();
    if (column.expression.empty() && options_.with_row_address && column.name == "_rowaddr") {
      return Status::OK();
    }
    const std::string& text = column.expression.empty() ? column.name : column.expression;
    Result<ColumnPath> path = ResolveColumn(table_, blobs_, options_.nearest.has_value(), text);
    if (path.ok()) return AddPath(column.name, std::move(*path));
    if (column.expression.empty()) return path.status();
    return AddExpression(column);
  }

  bool Has(std::string_view name) const {
    return std::any_of(output_.columns.begin(), output_.columns.end(),
                       [&](const OutputColumn& column) { return column.field->name() == name; });
  }

  Output Finish() { return std::move(output_); }

 private:
  Status CheckNew(const std::string& name) const {
    if (Has(name)) return InvalidArgument("Duplicate column name: {}", name);
    return Status::OK();
  }

  Status AddPath(const std::string& name, ColumnPath path) {
    ARROW_RETURN_NOT_OK(CheckNew(name));
    OutputColumn column;
    if (HasJson(*path.field) && !options_.stored_json) column.stored = path.field;
    column.field = (options_.stored_json ? path.field : WithJsonText(path.field))->WithName(name);
    column.source = std::move(path.top_level);
    column.members = std::move(path.members);
    column.text = fmt::format("{} as {}", path.path, name);
    output_.paths.push_back(std::move(path.path));
    output_.columns.push_back(std::move(column));
    return Status::OK();
  }

  Status AddExpression(const ScanOptions::Column& asked) {
    ARROW_RETURN_NOT_OK(CheckNew(asked.name));
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Schema> schema,
                          BindingSchema(table_, blobs_, options_.nearest.has_value()));
    OutputColumn column;
    ARROW_ASSIGN_OR_RAISE(column.expression, expr::ParseExpression(asked.expression, schema));
    column.field = arrow::field(asked.name, column.expression->type());
    column.text = fmt::format("{} as {}", column.expression->ToString(), asked.name);
    for (const std::string& path : column.expression->columns()) output_.paths.push_back(path);
    output_.columns.push_back(std::move(column));
    return Status::OK();
  }

  const schema::Schema& table_;
  const ScanOptions& options_;
  file::BlobHandling blobs_;
  Output output_;
};

}  // namespace

file::BlobHandling HandlingOf(BlobMode blobs) {
  switch (blobs) {
    case BlobMode::kAllBinary:
      return file::BlobHandling::kBytes;
    case BlobMode::kWritable:
      return file::BlobHandling::kWritable;
    default:
      return file::BlobHandling::kDescriptions;
  }
}

Result<ColumnPath> ResolveColumn(const schema::Schema& table, file::BlobHandling blobs, bool search,
                                 const std::string& name) {
  const schema::Field* field = table.FindTopLevel(name);
  if (field != nullptr) {
    ColumnPath out{name, {}, nullptr, name};
    ARROW_ASSIGN_OR_RAISE(out.field, ReadField(*field, blobs));
    return out;
  }
  if (std::optional<ColumnSource> made = FindVirtual(name); made && (search || !IsSearchColumn(*made))) {
    return MadeColumn(*made);
  }
  ARROW_RETURN_NOT_OK(table.Resolve(name).status());
  ARROW_ASSIGN_OR_RAISE(std::vector<std::string> parts, schema::SplitPath(name));
  ColumnPath out{parts.front(), {parts.begin() + 1, parts.end()}, nullptr, name};
  field = table.FindTopLevel(parts.front());
  if (field == nullptr) return InvalidArgument("No field named {}.", name);
  bool nullable = field->nullable;
  for (const std::string& member : out.members) {
    // Only structs have members that can be picked; descriptors of blobs cannot.
    field = field->is_struct() && !field->is_blob() ? field->FindChild(member) : nullptr;
    if (field == nullptr) return InvalidArgument("No field named {}.", name);
    nullable = nullable || field->nullable;
  }
  ARROW_ASSIGN_OR_RAISE(out.field, ReadField(*field, blobs));
  out.field = out.field->WithNullable(nullable);
  return out;
}

Result<Output> MakeOutput(const schema::Schema& table, const ScanOptions& options, file::BlobHandling blobs,
                          bool batch_search) {
  OutputBuilder builder(table, options, blobs);
  auto names = [&](std::string_view name) {
    return options.columns.has_value() &&
           std::any_of(options.columns->begin(), options.columns->end(),
                       [&](const ScanOptions::Column& column) { return column.name == name; });
  };
  if (batch_search && !names("query_index")) ARROW_RETURN_NOT_OK(builder.AddMade(ColumnSource::kQueryIndex));
  if (options.columns.has_value()) {
    for (const ScanOptions::Column& column : *options.columns) ARROW_RETURN_NOT_OK(builder.AddNamed(column));
  } else {
    for (const schema::Field& field : table.fields) ARROW_RETURN_NOT_OK(builder.AddStored(field));
  }
  // A search adds the distance even to columns that were chosen, unless the caller opted out of that.
  const bool adds_distance = !options.columns.has_value() || !options.disable_scoring_autoprojection;
  if (options.nearest.has_value() && adds_distance && !builder.Has("_distance")) {
    ARROW_RETURN_NOT_OK(builder.AddMade(ColumnSource::kDistance));
  }
  if (options.with_row_id) ARROW_RETURN_NOT_OK(builder.AddMade(ColumnSource::kRowId));
  if (options.with_row_address) ARROW_RETURN_NOT_OK(builder.AddMade(ColumnSource::kRowAddress));
  return builder.Finish();
}

}  // namespace lance::scan
