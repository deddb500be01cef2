#include <CLI/CLI.hpp>

#include "arguments.h"
#include "exit_code.h"
#include "lance/refs.h"
#include "verb.h"
#include "write_arguments.h"

namespace lance::cli {

namespace {

struct RestoreArguments {
  DatasetArguments dataset;
  ReportArguments report;
};

arrow::Result<int> Run(const RestoreArguments& arguments) {
  if (arguments.dataset.version.empty() && arguments.dataset.as_of.empty()) {
    return arrow::Status::Invalid("say which version with --version or --as-of; 'lance versions ",
                                  arguments.dataset.uri, "' lists them");
  }
  ARROW_ASSIGN_OR_RAISE(const auto dataset, arguments.dataset.Open());
  ARROW_ASSIGN_OR_RAISE(const auto restored, Restore(*dataset));
  ARROW_ASSIGN_OR_RAISE(const int64_t rows, restored->CountRows());
  Document document;
  document.Text("uri", restored->uri());
  document.Number("version", restored->version());
  document.Number("restored_version", dataset->version());
  document.Number("rows", rows);
  ARROW_RETURN_NOT_OK(arguments.report.Write(document));
  return kSuccess;
}

}  // namespace

void AddRestore(CLI::App& app, Action& action) {
  CLI::App* verb = app.add_subcommand("restore", "Make an old version the newest again");
  auto arguments = std::make_shared<RestoreArguments>();
  arguments->dataset.AddTo(*verb);
  arguments->report.AddTo(*verb);
  verb->footer(
      "Makes a new version with the content of the old one; the versions between stay in the history.\n"
      "Examples:\n"
      "  lance restore table.lance --version 7\n"
      "  lance restore table.lance --version v1.0\n"
      "  lance restore table.lance --as-of '2026-01-31 12:00:00'");
  verb->callback([=, &action] { action = [=] { return Run(*arguments); }; });
}

}  // namespace lance::cli
