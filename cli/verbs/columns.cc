// `lance add-column`, `drop-column` and `alter-column`.
#include <arrow/api.h>
#include <CLI/CLI.hpp>

#include "arguments.h"
#include "exit_code.h"
#include "lance/schema_change.h"
#include "type_text.h"
#include "verb.h"
#include "write_arguments.h"

namespace lance::cli {

namespace {

arrow::Result<int> Report(const ReportArguments& report, const Dataset& dataset) {
  Document document;
  document.Text("uri", dataset.uri());
  document.Number("version", dataset.version());
  document.Number("columns", dataset.schema()->num_fields());
  ARROW_RETURN_NOT_OK(report.Write(document));
  return kSuccess;
}

struct AddArguments {
  TargetArguments target;
  ReportArguments report;
  std::vector<std::string> columns;
  std::vector<std::string> empty;
};

arrow::Result<int> RunAdd(const AddArguments& arguments) {
  if (arguments.columns.empty() == arguments.empty.empty()) {
    return arrow::Status::Invalid("give either columns as name=expression, or --null name=type");
  }
  arrow::FieldVector fields;
  for (const auto& text : arguments.empty) {
    ARROW_ASSIGN_OR_RAISE(const auto entry, SplitAssignment("--null", text));
    ARROW_ASSIGN_OR_RAISE(auto type, ParseType(entry.second));
    fields.push_back(arrow::field(entry.first, std::move(type)));
  }
  std::vector<ColumnExpression> expressions;
  for (const auto& text : arguments.columns) {
    ARROW_ASSIGN_OR_RAISE(auto entry, SplitAssignment("a column", text));
    if (entry.second.empty()) {
      return arrow::Status::Invalid("column ", entry.first, "= has no expression; an empty text is ",
                                    entry.first, "=''");
    }
    expressions.push_back({std::move(entry.first), std::move(entry.second)});
  }
  ARROW_ASSIGN_OR_RAISE(const auto dataset, arguments.target.Open());
  AddColumnsOptions options;
  options.commit = arguments.target.Commit();
  ARROW_ASSIGN_OR_RAISE(const auto changed,
                        fields.empty() ? AddColumns(*dataset, expressions, options)
                                       : AddNullColumns(*dataset, arrow::schema(fields), options.commit));
  return Report(arguments.report, *changed);
}

struct DropArguments {
  TargetArguments target;
  ReportArguments report;
  std::vector<std::string> columns;
};

arrow::Result<int> RunDrop(const DropArguments& arguments) {
  std::vector<std::string> columns;
  for (const auto& list : arguments.columns) {
    for (auto& name : SplitList(list)) columns.push_back(std::move(name));
  }
  ARROW_ASSIGN_OR_RAISE(const auto dataset, arguments.target.Open());
  ARROW_ASSIGN_OR_RAISE(const auto changed, DropColumns(*dataset, columns, arguments.target.Commit()));
  return Report(arguments.report, *changed);
}

struct AlterArguments {
  TargetArguments target;
  ReportArguments report;
  std::string column;
  std::string name;
  std::string type;
  bool nullable = false;
  bool not_null = false;
};

arrow::Result<int> RunAlter(const AlterArguments& arguments) {
  ColumnAlteration alteration;
  alteration.path = arguments.column;
  if (!arguments.name.empty()) alteration.name = arguments.name;
  if (!arguments.type.empty()) {
    ARROW_ASSIGN_OR_RAISE(alteration.data_type, ParseType(arguments.type));
  }
  if (arguments.nullable || arguments.not_null) alteration.nullable = arguments.nullable;
  if (!alteration.name && !alteration.nullable && alteration.data_type == nullptr) {
    return arrow::Status::Invalid("nothing to change: give --rename, --type, --nullable or --not-null");
  }
  ARROW_ASSIGN_OR_RAISE(const auto dataset, arguments.target.Open());
  ARROW_ASSIGN_OR_RAISE(const auto changed, AlterColumns(*dataset, {alteration}, arguments.target.Commit()));
  return Report(arguments.report, *changed);
}

}  // namespace

void AddAddColumn(CLI::App& app, Action& action) {
  CLI::App* verb = app.add_subcommand("add-column", "Add columns computed by SQL expressions, or of nulls");
  auto arguments = std::make_shared<AddArguments>();
  arguments->target.AddTo(*verb);
  verb->add_option("columns", arguments->columns, "name=expression over the other columns");
  verb->add_option("--null", arguments->empty,
                   "name=type: a column of nulls; nothing is written but metadata")
      ->allow_extra_args(false);
  arguments->report.AddTo(*verb);
  verb->footer(
      "Writes files of the new columns only; existing files stay as they are.\n"
      "Examples:\n"
      "  lance add-column table.lance \"total=price * amount\"\n"
      "  lance add-column table.lance \"year=date_part('year', at)\" \"big=price > 1000\"\n"
      "  lance add-column table.lance --null 'embedding=float[384]'");
  verb->callback([=, &action] { action = [=] { return RunAdd(*arguments); }; });
}

void AddDropColumn(CLI::App& app, Action& action) {
  CLI::App* verb = app.add_subcommand("drop-column", "Drop columns, or members of structs");
  auto arguments = std::make_shared<DropArguments>();
  arguments->target.AddTo(*verb);
  verb->add_option("columns", arguments->columns, "Names, such as price or address.city")->required();
  arguments->report.AddTo(*verb);
  verb->footer(
      "Changes metadata only; the bytes go when 'lance compact' rewrites the fragments.\n"
      "Examples:\n"
      "  lance drop-column table.lance total\n"
      "  lance drop-column table.lance total address.city");
  verb->callback([=, &action] { action = [=] { return RunDrop(*arguments); }; });
}

void AddAlterColumn(CLI::App& app, Action& action) {
  CLI::App* verb =
      app.add_subcommand("alter-column", "Rename a column, change its type, allow or forbid nulls");
  auto arguments = std::make_shared<AlterArguments>();
  arguments->target.AddTo(*verb);
  verb->add_option("column", arguments->column, "Such as price or address.city")->required();
  verb->add_option("--rename", arguments->name, "The new name");
  verb->add_option("--type", arguments->type, "The new type; the column is rewritten");
  CLI::Option* nullable = verb->add_flag("--nullable", arguments->nullable, "Allow nulls");
  verb->add_flag("--not-null", arguments->not_null, "Forbid nulls; fails when there are any")
      ->excludes(nullable);
  arguments->report.AddTo(*verb);
  verb->footer(
      "Names and nulls change metadata only.\n"
      "Examples:\n"
      "  lance alter-column table.lance price --rename net_price\n"
      "  lance alter-column table.lance id --type int64\n"
      "  lance alter-column table.lance id --not-null\n"
      "  lance alter-column table.lance vector --type 'halffloat[384]'");
  verb->callback([=, &action] { action = [=] { return RunAlter(*arguments); }; });
}

}  // namespace lance::cli
