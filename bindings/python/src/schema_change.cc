// Changes to columns and metadata.
#include "lance/schema_change.h"

#include <arrow/c/bridge.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "bindings.h"
#include "lance/base/status.h"
#include "write_options.h"

namespace lance::python {
namespace {

using Opened = std::shared_ptr<Dataset>;

AddColumnsOptions AddOptions(const nb::dict& options) {
  CheckKeys(options, {"read_columns", "batch_rows", "commit_lock"}, "add_columns");
  AddColumnsOptions out;
  out.commit = CommitSettingsFromPython(options);
  Take(options, "read_columns", &out.read_columns);
  Take(options, "batch_rows", &out.batch_rows);
  return out;
}

// One batch, over the C data interface, to pyarrow and back.
Result<std::shared_ptr<arrow::RecordBatch>> CallOnBatch(const nb::object& function,
                                                        const std::shared_ptr<arrow::RecordBatch>& batch,
                                                        const ColumnBatchInfo& info) {
  nb::gil_scoped_acquire locked;
  try {
    ARROW_ASSIGN_OR_RAISE(auto reader, arrow::RecordBatchReader::Make({batch}, batch->schema()));
    nb::object made = function(StreamCapsule(std::move(reader)), info.fragment_id, info.batch_index);
    auto capsules = nb::cast<nb::tuple>(made.attr("__arrow_c_array__")());
    auto* schema = static_cast<ArrowSchema*>(PyCapsule_GetPointer(capsules[0].ptr(), "arrow_schema"));
    auto* array = static_cast<ArrowArray*>(PyCapsule_GetPointer(capsules[1].ptr(), "arrow_array"));
    if (schema == nullptr || array == nullptr) throw nb::python_error();
    return arrow::ImportRecordBatch(array, schema);
  } catch (nb::python_error& error) {
    return InvalidArgument("{}", TextOf(error));
  }
}

std::vector<ColumnAlteration> AlterationsFromPython(const nb::list& values) {
  std::vector<ColumnAlteration> out;
  for (nb::handle value : values) {
    auto entry = nb::cast<nb::dict>(value);
    ColumnAlteration alteration;
    Take(entry, "path", &alteration.path);
    Take(entry, "name", &alteration.name);
    Take(entry, "nullable", &alteration.nullable);
    if (entry.contains("data_type") && !nb::object(entry["data_type"]).is_none()) {
      nb::object capsule = nb::object(entry["data_type"]).attr("__arrow_c_schema__")();
      auto* exported = static_cast<ArrowSchema*>(PyCapsule_GetPointer(capsule.ptr(), "arrow_schema"));
      if (exported == nullptr) throw nb::python_error();
      alteration.data_type = Unwrap(arrow::ImportType(exported));
    }
    out.push_back(std::move(alteration));
  }
  return out;
}

std::optional<MetadataUpdate> MetadataFromPython(const nb::dict& updates, const char* key, bool replace) {
  if (!updates.contains(key)) return std::nullopt;
  MetadataUpdate out;
  for (auto [name, value] : nb::cast<nb::dict>(nb::object(updates[key])))
    out.entries.emplace_back(nb::cast<std::string>(name), nb::cast<std::optional<std::string>>(value));
  out.replace = replace;
  return out;
}

MetadataUpdates MetadataUpdatesFromPython(const nb::dict& updates, bool replace) {
  MetadataUpdates out;
  out.config = MetadataFromPython(updates, "config", replace);
  out.table_metadata = MetadataFromPython(updates, "table", replace);
  out.schema_metadata = MetadataFromPython(updates, "schema", replace);
  if (updates.contains("fields")) {
    for (auto [path, entries] : nb::cast<nb::dict>(nb::object(updates["fields"]))) {
      nb::dict one;
      one["field"] = entries;
      out.field_metadata.emplace_back(nb::cast<std::string>(path),
                                      *MetadataFromPython(one, "field", replace));
    }
  }
  return out;
}

}  // namespace

void BindSchemaChange(nb::module_& module) {
  module.def(
      "add_columns_sql",
      [](const Dataset& dataset, const std::vector<std::pair<std::string, std::string>>& columns,
         const nb::dict& options) -> Opened {
        AddColumnsOptions parsed = AddOptions(options);
        std::vector<ColumnExpression> expressions;
        for (const auto& [name, text] : columns) expressions.push_back({name, text});
        return Unwrap(Unlocked([&] { return AddColumns(dataset, expressions, parsed); }), PyExc_OSError);
      },
      nb::arg("dataset"), nb::arg("columns"), nb::arg("options"));
  module.def(
      "add_columns_function",
      [](const Dataset& dataset, nb::handle schema, nb::object function, const nb::dict& options) -> Opened {
        AddColumnsOptions parsed = AddOptions(options);
        auto output = ImportSchema(schema);
        auto held = HoldAcrossThreads(std::move(function));
        ColumnFunction call = [held](const std::shared_ptr<arrow::RecordBatch>& batch,
                                     const ColumnBatchInfo& info) { return CallOnBatch(*held, batch, info); };
        return Unwrap(Unlocked([&] { return AddColumns(dataset, output, call, parsed); }), PyExc_OSError);
      },
      nb::arg("dataset"), nb::arg("schema"), nb::arg("function"), nb::arg("options"));
  module.def(
      "add_columns_reader",
      [](const Dataset& dataset, nb::handle reader, const nb::dict& options) -> Opened {
        AddColumnsOptions parsed = AddOptions(options);
        ForeignReader values(reader);
        return Unwrap(Unlocked([&] { return AddColumns(dataset, values.shared(), parsed); }), PyExc_OSError);
      },
      nb::arg("dataset"), nb::arg("reader"), nb::arg("options"));
  module.def(
      "add_null_columns",
      [](const Dataset& dataset, nb::handle schema, const nb::dict& options) -> Opened {
        auto fields = ImportSchema(schema);
        CommitSettings commit = CommitSettingsFromPython(options);
        return Unwrap(Unlocked([&] { return AddNullColumns(dataset, fields, commit); }), PyExc_OSError);
      },
      nb::arg("dataset"), nb::arg("schema"), nb::arg("options"));
  module.def(
      "merge_columns",
      [](const Dataset& dataset, nb::handle reader, const std::string& left_on, const std::string& right_on,
         const nb::dict& options) -> Opened {
        ForeignReader values(reader);
        CommitSettings commit = CommitSettingsFromPython(options);
        return Unwrap(
            Unlocked([&] { return MergeColumns(dataset, values.shared(), left_on, right_on, commit); }),
            PyExc_OSError);
      },
      nb::arg("dataset"), nb::arg("reader"), nb::arg("left_on"), nb::arg("right_on"), nb::arg("options"));
  module.def(
      "alter_columns",
      [](const Dataset& dataset, const nb::list& alterations, const nb::dict& options) -> Opened {
        EnsureCompute();
        auto parsed = AlterationsFromPython(alterations);
        CommitSettings commit = CommitSettingsFromPython(options);
        return Unwrap(Unlocked([&] { return AlterColumns(dataset, parsed, commit); }), PyExc_OSError);
      },
      nb::arg("dataset"), nb::arg("alterations"), nb::arg("options"));
  module.def(
      "drop_columns",
      [](const Dataset& dataset, const std::vector<std::string>& columns, const nb::dict& options) -> Opened {
        CommitSettings commit = CommitSettingsFromPython(options);
        return Unwrap(Unlocked([&] { return DropColumns(dataset, columns, commit); }));
      },
      nb::arg("dataset"), nb::arg("columns"), nb::arg("options"));
  module.def(
      "update_metadata",
      [](const Dataset& dataset, const nb::dict& updates, bool replace, const nb::dict& options) -> Opened {
        auto parsed = MetadataUpdatesFromPython(updates, replace);
        CommitSettings commit = CommitSettingsFromPython(options);
        return Unwrap(Unlocked([&] { return UpdateMetadata(dataset, parsed, commit); }), PyExc_OSError);
      },
      nb::arg("dataset"), nb::arg("updates"), nb::arg("replace"), nb::arg("options"));
}

}  // namespace lance::python
