#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "arguments.h"
#include "exit_code.h"
#include "lance/maintenance.h"
#include "output/document.h"
#include "output/units.h"
#include "terminal.h"
#include "verb.h"
#include "write_arguments.h"

namespace lance::cli {

namespace {

constexpr size_t kFilesShown = 20;

struct FsckArguments {
  DatasetArguments dataset;
  ReportArguments report;
  bool data = false;
  bool this_version = false;
  bool all_files = false;
};

arrow::Result<int> Run(const FsckArguments& arguments) {
  ARROW_ASSIGN_OR_RAISE(const auto dataset, arguments.dataset.Open());
  FsckOptions options;
  options.read_data = arguments.data;
  options.all_versions = !arguments.this_version;
  std::optional<Progress> sized;
  options.progress = [&](uint64_t done, uint64_t total) {
    if (!sized) sized.emplace("checked versions", total);
    sized->Update(done);
  };
  ARROW_ASSIGN_OR_RAISE(const FsckReport report, Fsck(*dataset, options));
  if (sized) sized->Finish();
  Document document;
  document.Text("uri", dataset->uri());
  document.Number("versions", report.num_versions);
  document.Number("fragments", report.num_fragments);
  document.Number("files", report.num_files);
  document.Number("problems", report.problems.size());
  Document& found = document.Section("found");
  bool damaged = false;
  for (const auto& problem : report.problems) {
    damaged |= problem.kind == ErrorKind::kCorruption || problem.kind == ErrorKind::kNotFound;
    found.Text(fmt::format("version {}, {}", problem.version, problem.where),
               fmt::format("{}: {}", KindName(problem.kind), problem.message));
  }
  document.Number("unreferenced_files", report.unreferenced_files.size());
  document.Number("unreferenced_bytes", report.unreferenced_bytes, HumanBytes(report.unreferenced_bytes));
  Document& files = document.Section("unreferenced");
  for (size_t i = 0; i < report.unreferenced_files.size(); i++) {
    if (i == kFilesShown && !arguments.all_files) {
      files.Text("...", fmt::format("{} more; --all-files shows them", report.unreferenced_files.size() - i));
      break;
    }
    files.Text(std::to_string(i + 1), report.unreferenced_files[i]);
  }
  ARROW_RETURN_NOT_OK(arguments.report.Write(document));
  return report.problems.empty() ? kSuccess : damaged ? kCorruptionFound : kFailure;
}

}  // namespace

void AddFsck(CLI::App& app, Action& action) {
  CLI::App* verb =
      app.add_subcommand("fsck", "Check all versions and files of a dataset; list files that none uses");
  auto arguments = std::make_shared<FsckArguments>();
  arguments->dataset.AddTo(*verb);
  verb->add_flag("--data", arguments->data,
                 "Also decode every page of the newest version, as 'lance verify'");
  verb->add_flag("--this-version", arguments->this_version, "Only the version that is opened");
  verb->add_flag("--all-files", arguments->all_files, "List all unreferenced files, not the first 20");
  arguments->report.AddTo(*verb);
  verb->footer(
      "Returns 0 when all is well and 3 when something is damaged or missing. Unreferenced files are no "
      "damage:\n"
      "writes that were cut off leave them, and 'lance cleanup' removes them.\n"
      "Examples:\n"
      "  lance fsck table.lance\n"
      "  lance fsck table.lance --data --format json");
  verb->callback([=, &action] { action = [=] { return Run(*arguments); }; });
}

}  // namespace lance::cli
