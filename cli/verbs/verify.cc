#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "arguments.h"
#include "exit_code.h"
#include "lance/inspect.h"
#include "output/document.h"
#include "output/units.h"
#include "terminal.h"
#include "verb.h"

namespace lance::cli {

namespace {

struct VerifyArguments {
  DatasetArguments dataset;
  OutputArguments output;
};

arrow::Result<int> Run(const VerifyArguments& arguments) {
  ARROW_ASSIGN_OR_RAISE(const auto dataset, arguments.dataset.Open());
  const OutputOptions output = arguments.output.Resolve();
  VerifyOptions options;
  std::optional<Progress> sized;
  options.progress = [&](uint64_t done, uint64_t total) {
    if (!sized) sized.emplace("verified values", total);
    sized->Update(done);
  };
  ARROW_ASSIGN_OR_RAISE(const VerifyReport report, Verify(*dataset, options));
  if (sized) sized->Finish();
  Document document;
  document.Text("uri", dataset->uri());
  document.Number("version", dataset->version());
  document.Number("fragments", report.num_fragments);
  document.Number("data_files", report.num_data_files);
  document.Number("columns_read", report.num_columns);
  document.Number("rows", report.num_rows);
  document.Number("problems", report.problems.size());
  Document& problems = document.Section("found");
  bool damaged = false;
  for (const auto& problem : report.problems) {
    damaged |= problem.kind == ErrorKind::kCorruption || problem.kind == ErrorKind::kNotFound;
    problems.Text(problem.where, fmt::format("{}: {}", KindName(problem.kind), problem.message));
  }
  ARROW_RETURN_NOT_OK(WriteDocument(document, output));
  return report.problems.empty() ? kSuccess : damaged ? kCorruptionFound : kFailure;
}

}  // namespace

void AddVerify(CLI::App& app, Action& action) {
  CLI::App* verb =
      app.add_subcommand("verify", "Read everything, check every structure, report each problem");
  auto arguments = std::make_shared<VerifyArguments>();
  arguments->dataset.AddTo(*verb);
  arguments->output.AddTo(*verb);
  verb->footer(
      "Returns 0 when all is well and 3 when something is damaged or missing.\n"
      "Examples:\n  lance verify table.lance\n  lance verify table.lance --version 7 --format json");
  verb->callback([=, &action] { action = [=] { return Run(*arguments); }; });
}

}  // namespace lance::cli
