#include <algorithm>
#include <filesystem>

#include <arrow/api.h>
#include <CLI/CLI.hpp>

#include "arguments.h"
#include "exit_code.h"
#include "output/row_sink.h"
#include "output/units.h"
#include "scan_arguments.h"
#include "verb.h"
#include "write_arguments.h"

namespace lance::cli {

namespace {

struct ExportArguments {
  DatasetArguments dataset;
  ScanArguments scan;
  ReportArguments report;
  std::string file;
  std::string to;
  bool no_header = false;
  bool overwrite = false;
};

std::vector<std::string> FileFormats() {
  std::vector<std::string> names = FormatNames();
  std::erase(names, "table");
  return names;
}

arrow::Result<OutputOptions> ResolveOutput(const ExportArguments& arguments) {
  OutputOptions options;
  options.path = arguments.file;
  options.header = !arguments.no_header;
  if (!arguments.to.empty()) options.format = ParseFormat(arguments.to);
  const std::string extension = std::filesystem::path(arguments.file).extension().string();
  const OutputFormat format = ChooseFormat(options);
  const bool guessed = format == OutputFormat::kCsv && extension != ".csv";
  if (!options.format && (guessed || format == OutputFormat::kTable)) {
    return arrow::Status::Invalid("the format of ", arguments.file,
                                  " does not show in its name; give it with --to");
  }
  std::error_code ignored;
  if (!arguments.overwrite && arguments.file != "-" && std::filesystem::exists(arguments.file, ignored)) {
    return arrow::Status::AlreadyExists(arguments.file, " is there already; --overwrite replaces it");
  }
  return options;
}

arrow::Result<int> Run(const ExportArguments& arguments) {
  ARROW_ASSIGN_OR_RAISE(const OutputOptions output, ResolveOutput(arguments));
  ARROW_ASSIGN_OR_RAISE(const auto dataset, arguments.dataset.Open());
  ARROW_ASSIGN_OR_RAISE(const ScanOptions options, arguments.scan.Resolve(*dataset));
  ARROW_ASSIGN_OR_RAISE(const auto scanner, dataset->Scan(options));
  ARROW_ASSIGN_OR_RAISE(const auto reader, scanner->ToReader());
  uint64_t expected = 0;
  if (options.filter.empty() && !options.nearest && !options.fragments && !options.limit) {
    ARROW_ASSIGN_OR_RAISE(expected, dataset->CountRows());
  }
  ARROW_ASSIGN_OR_RAISE(const int64_t rows, WriteRows(reader.get(), output, expected));
  if (arguments.file == "-") return kSuccess;
  std::error_code ignored;
  const uint64_t bytes = std::filesystem::file_size(arguments.file, ignored);
  Document document;
  document.Text("file", arguments.file);
  document.Number("version", dataset->version());
  document.Number("rows", rows);
  if (!ignored) document.Number("bytes", bytes, HumanBytes(bytes));
  ARROW_RETURN_NOT_OK(arguments.report.Write(document));
  return kSuccess;
}

}  // namespace

void AddExport(CLI::App& app, Action& action) {
  CLI::App* verb = app.add_subcommand("export", "Write rows to a Parquet, CSV, JSON or Arrow file");
  auto arguments = std::make_shared<ExportArguments>();
  arguments->dataset.AddTo(*verb);
  verb->add_option("file", arguments->file, "The file to write; - is stdout")->required();
  verb->add_option("--to", arguments->to, "Its format; default: by its extension")
      ->check(CLI::IsMember(FileFormats()));
  verb->add_flag("--overwrite", arguments->overwrite, "Replace the file when there is one");
  verb->add_flag("--no-header", arguments->no_header, "Leave out the line of column names (csv, tsv)");
  arguments->scan.AddTo(*verb);
  arguments->report.AddTo(*verb);
  verb->footer(
      "The file is there only once it is complete. 'lance import' reads all of these formats but json.\n"
      "Examples:\n"
      "  lance export table.lance table.parquet\n"
      "  lance export table.lance cheap.csv -c id,price -w \"price < 10\" --order-by price\n"
      "  lance export table.lance old.arrow --version 3\n"
      "  lance export table.lance - --to jsonl | gzip > table.jsonl.gz");
  verb->callback([=, &action] { action = [=] { return Run(*arguments); }; });
}

}  // namespace lance::cli
