#include <CLI/CLI.hpp>

#include "exit_code.h"
#include "lance/mutate.h"
#include "verb.h"
#include "write_arguments.h"

namespace lance::cli {

namespace {

struct UpdateArguments {
  TargetArguments target;
  ReportArguments report;
  std::vector<std::string> set;
  std::string where;
  bool dry_run = false;
};

arrow::Result<int> Run(const UpdateArguments& arguments) {
  std::map<std::string, std::string> updates;
  for (const auto& text : arguments.set) {
    ARROW_ASSIGN_OR_RAISE(auto entry, SplitAssignment("--set", text));
    if (entry.second.empty()) {
      return arrow::Status::Invalid("--set ", entry.first, "= has no expression; an empty text is ",
                                    entry.first, "=''");
    }
    if (!updates.insert(entry).second) {
      return arrow::Status::Invalid("--set gives column ", entry.first, " twice");
    }
  }
  ARROW_ASSIGN_OR_RAISE(const auto dataset, arguments.target.Open());
  Document document;
  if (arguments.dry_run) {
    ARROW_ASSIGN_OR_RAISE(const int64_t rows, dataset->CountRows(arguments.where));
    document.Text("uri", dataset->uri());
    document.Number("version", dataset->version());
    document.Number("rows_to_update", rows);
    document.Flag("dry_run", true);
    ARROW_RETURN_NOT_OK(arguments.report.Write(document));
    return kSuccess;
  }
  MutateOptions options;
  options.commit = arguments.target.Commit();
  ARROW_ASSIGN_OR_RAISE(const UpdateResult result, Update(*dataset, updates, arguments.where, options));
  document.Text("uri", result.dataset->uri());
  document.Number("version", result.dataset->version());
  document.Number("rows_updated", result.num_updated_rows);
  ARROW_RETURN_NOT_OK(arguments.report.Write(document));
  return kSuccess;
}

}  // namespace

void AddUpdate(CLI::App& app, Action& action) {
  CLI::App* verb = app.add_subcommand("update", "Set columns to SQL expressions, where a condition holds");
  auto arguments = std::make_shared<UpdateArguments>();
  arguments->target.AddTo(*verb);
  verb->add_option("--set,-s", arguments->set,
                   "column=expression over the old row; may be repeated. Text is quoted: \"name='x'\"")
      ->required()
      ->allow_extra_args(false);
  verb->add_option("--where,--filter,-w", arguments->where, "SQL condition; default: every row");
  verb->add_flag("--dry-run", arguments->dry_run, "Count the rows, change none");
  arguments->report.AddTo(*verb);
  verb->footer(
      "Examples:\n"
      "  lance update table.lance --set \"price=price * 1.1\" -w \"kind = 'a'\"\n"
      "  lance update table.lance --set \"name='unknown'\" --set \"checked=true\" -w \"name IS NULL\"");
  verb->callback([=, &action] { action = [=] { return Run(*arguments); }; });
}

}  // namespace lance::cli
