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

constexpr const char* kSearchFooter =
    "Examples:\n"
    "  lance search docs.lance --like-row 7 -k 5 -c title\n"
    "  lance search docs.lance -q '[0.1, 0.2, 0.3]' -w \"lang = 'en'\" --nprobes 20 --refine-factor 4\n"
    "  lance search docs.lance --like-row 7 --explain";

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

void AddPlan(Plan* plan, CLI::App* verb) {
  verb->add_flag("--explain", plan->explain, "Show the plan instead of running it")->group("How");
  verb->add_flag("--analyze", plan->analyze, "Run the plan, show rows, time, requests and bytes per node")
      ->group("How");
}

// The only column of vectors.
arrow::Result<std::string> VectorColumn(const Dataset& dataset) {
  std::string found;
  for (const auto& field : dataset.schema()->fields()) {
    auto type = field->type();
    if (type->id() == arrow::Type::LIST) type = static_cast<const arrow::ListType&>(*type).value_type();
    if (type->id() != arrow::Type::FIXED_SIZE_LIST) continue;
    if (!found.empty()) {
      return arrow::Status::Invalid("columns ", found, " and ", field->name(),
                                    " hold vectors: say which with --column");
    }
    found = field->name();
  }
  if (found.empty()) return arrow::Status::Invalid("no column holds vectors (fixed-size lists)");
  return found;
}

arrow::Result<int> RunSearch(const DatasetArguments& dataset, ScanArguments arguments,
                             const OutputArguments& output, const Plan& plan) {
  if (arguments.query.empty() && arguments.query_row < 0) {
    return arrow::Status::Invalid("search wants a vector: --query '[...]' or --like-row N");
  }
  if (arguments.nearest.empty()) {
    ARROW_ASSIGN_OR_RAISE(const auto opened, dataset.Open());
    ARROW_ASSIGN_OR_RAISE(arguments.nearest, VectorColumn(*opened));
  }
  arguments.prefilter = !arguments.filter.empty();
  return Run(dataset, arguments, output, plan);
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
  AddPlan(plan.get(), verb);
  output->AddTo(*verb);
  verb->footer(kFooter);
  verb->callback([=, &action] { action = [=] { return Run(*dataset, *arguments, *output, *plan); }; });
}

void AddSearch(CLI::App& app, Action& action) {
  CLI::App* verb = app.add_subcommand("search", "Find the rows whose vectors are nearest to one");
  auto dataset = std::make_shared<DatasetArguments>();
  auto arguments = std::make_shared<ScanArguments>();
  auto output = std::make_shared<OutputArguments>();
  auto plan = std::make_shared<Plan>();
  dataset->AddTo(*verb);
  verb->add_option("--column", arguments->nearest, "Column of vectors; default: the only one");
  verb->add_option("--query,-q", arguments->query, "The vector: '[0.1, 0.2, ...]'");
  verb->add_option("--like-row", arguments->query_row, "Take the vector of the row at this position")
      ->check(CLI::NonNegativeNumber);
  verb->add_option("-k", arguments->k, "How many neighbours")->capture_default_str();
  verb->add_option("--filter,-w", arguments->filter, "SQL condition that rows must meet, before the search");
  verb->add_option("--columns,-c", arguments->columns, "Columns in the order wanted, separated by commas")
      ->allow_extra_args(false);
  verb->add_option("--metric", arguments->metric,
                   "l2, cosine, dot or hamming; default: the index's, else l2");
  verb->add_option("--nprobes", arguments->nprobes, "Partitions of the index to look at");
  verb->add_option("--refine-factor", arguments->refine_factor, "Compares so many times k rows exactly");
  verb->add_option("--ef", arguments->ef, "Candidates of a walk over a graph");
  verb->add_option("--distance-range", arguments->distance_range, "LOW:HIGH, the high end excluded");
  verb->add_flag("--no-index", arguments->no_index, "Compare all rows, even where there is an index");
  AddPlan(plan.get(), verb);
  output->AddTo(*verb);
  verb->footer(kSearchFooter);
  verb->callback([=, &action] { action = [=] { return RunSearch(*dataset, *arguments, *output, *plan); }; });
}

}  // namespace lance::cli
