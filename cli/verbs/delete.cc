#include <CLI/CLI.hpp>

#include "exit_code.h"
#include "lance/mutate.h"
#include "verb.h"
#include "write_arguments.h"

namespace lance::cli {

namespace {

struct DeleteArguments {
  TargetArguments target;
  ReportArguments report;
  std::string where;
  bool all = false;
  bool dry_run = false;
};

arrow::Result<int> Run(const DeleteArguments& arguments) {
  if (arguments.where.empty() != arguments.all) {
    return arrow::Status::Invalid("say which rows: either --where CONDITION, or --all for every row");
  }
  ARROW_ASSIGN_OR_RAISE(const auto dataset, arguments.target.Open());
  Document document;
  if (arguments.dry_run) {
    ARROW_ASSIGN_OR_RAISE(const int64_t rows, dataset->CountRows(arguments.where));
    document.Text("uri", dataset->uri());
    document.Number("version", dataset->version());
    document.Number("rows_to_delete", rows);
    document.Flag("dry_run", true);
    ARROW_RETURN_NOT_OK(arguments.report.Write(document));
    return kSuccess;
  }
  MutateOptions options;
  options.commit = arguments.target.Commit();
  ARROW_ASSIGN_OR_RAISE(const DeleteResult result, arguments.all
                                                       ? Truncate(*dataset, options)
                                                       : Delete(*dataset, arguments.where, options));
  ARROW_ASSIGN_OR_RAISE(const int64_t rows, result.dataset->CountRows());
  document.Text("uri", result.dataset->uri());
  document.Number("version", result.dataset->version());
  document.Number("rows_deleted", result.num_deleted_rows);
  document.Number("rows", rows);
  ARROW_RETURN_NOT_OK(arguments.report.Write(document));
  return kSuccess;
}

}  // namespace

void AddDelete(CLI::App& app, Action& action) {
  CLI::App* verb = app.add_subcommand("delete", "Delete the rows that meet a condition");
  auto arguments = std::make_shared<DeleteArguments>();
  arguments->target.AddTo(*verb);
  verb->add_option("--where,--filter,-w", arguments->where, "SQL condition of the rows to delete");
  verb->add_flag("--all", arguments->all, "Delete every row");
  verb->add_flag("--dry-run", arguments->dry_run, "Count the rows, delete none");
  arguments->report.AddTo(*verb);
  verb->footer(
      "Makes a new version; older ones still have the rows until 'lance cleanup' removes them.\n"
      "Examples:\n"
      "  lance delete table.lance -w \"price < 0 OR name IS NULL\" --dry-run\n"
      "  lance delete table.lance -w \"price < 0 OR name IS NULL\"\n"
      "  lance restore table.lance --version 3      takes it back");
  verb->callback([=, &action] { action = [=] { return Run(*arguments); }; });
}

}  // namespace lance::cli
