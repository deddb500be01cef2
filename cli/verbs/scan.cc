#include <arrow/api.h>
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "arguments.h"
#include "exit_code.h"
#include "scan_arguments.h"
#include "verb.h"

namespace lance::cli {

namespace {

constexpr const char* kFooter =
    "Examples:\n"
    "  lance scan table.lance -c id,price -w \"price > 10 AND kind IN ('a', 'b')\" -n 20\n"
    "  lance scan table.lance -c 'id, total=price * 1.2' --order-by 'id desc'\n"
    "  lance scan table.lance -o table.parquet\n"
    "  lance scan table.lance --format jsonl | jq .id\n"
    "  lance scan docs.lance --nearest vector --query-row 7 -k 5 -w \"lang = 'en'\" --prefilter\n"
    "  lance scan table.lance -w \"price > 10\" --explain";

struct Plan {
  bool explain = false;
  bool analyze = false;
};

// How many rows to announce in the progress line; nothing is read for it.
uint64_t ExpectedRows(const Dataset& dataset, const ScanOptions& options) {
  if (options.nearest || !options.filter.empty() || options.fragments) return 0;
  const auto rows = dataset.CountRows();
  if (!rows.ok()) return 0;
  const uint64_t left = *rows - std::min<int64_t>(*rows, options.offset.value_or(0));
  return options.limit ? std::min<uint64_t>(left, *options.limit) : left;
}

arrow::Result<int> Run(const DatasetArguments& dataset, const ScanArguments& arguments,
                       const OutputArguments& output, const Plan& plan) {
  ARROW_ASSIGN_OR_RAISE(const auto opened, dataset.Open());
  ARROW_ASSIGN_OR_RAISE(ScanOptions options, arguments.Resolve(*opened));
  const OutputOptions written = output.Resolve();
  // A table shows max_rows: do not read ahead of it, but read one more to know whether there are any.
  if (!plan.explain && !plan.analyze && ChooseFormat(written) == OutputFormat::kTable &&
      written.max_rows > 0) {
    options.limit = std::min(options.limit.value_or(written.max_rows + 1), written.max_rows + 1);
  }
  ARROW_ASSIGN_OR_RAISE(const auto scanner, opened->Scan(options));
  if (plan.explain || plan.analyze) {
    ARROW_ASSIGN_OR_RAISE(const std::string text,
                          plan.analyze ? scanner->AnalyzePlan() : scanner->ExplainPlan(true));
    fmt::print("{}{}", text, text.ends_with('\n') ? "" : "\n");
    return kSuccess;
  }
  ARROW_ASSIGN_OR_RAISE(const auto reader, scanner->ToReader());
  ARROW_RETURN_NOT_OK(WriteRows(reader.get(), written, ExpectedRows(*opened, options)));
  return kSuccess;
}

}  // namespace

void AddScan(CLI::App& app, Action& action) {
  CLI::App* verb =
      app.add_subcommand("scan", "Read rows: filter, project, sort, search; write them in any format");
  auto dataset = std::make_shared<DatasetArguments>();
  auto arguments = std::make_shared<ScanArguments>();
  auto output = std::make_shared<OutputArguments>();
  auto plan = std::make_shared<Plan>();
  dataset->AddTo(*verb);
  arguments->AddTo(*verb);
  verb->add_flag("--explain", plan->explain, "Show the plan instead of running it")->group("How");
  verb->add_flag("--analyze", plan->analyze, "Run the plan, show rows, time, requests and bytes per node")
      ->group("How");
  output->AddTo(*verb);
  verb->footer(kFooter);
  verb->callback([=, &action] { action = [=] { return Run(*dataset, *arguments, *output, *plan); }; });
}

}  // namespace lance::cli
