// `lance import` and `lance append`: files of rows into a dataset.
#include <arrow/api.h>
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "arguments.h"
#include "exit_code.h"
#include "input/row_source.h"
#include "interrupt.h"
#include "output/units.h"
#include "terminal.h"
#include "type_text.h"
#include "verb.h"
#include "write_arguments.h"

namespace lance::cli {

namespace {

struct ImportArguments {
  TargetArguments target;
  ReportArguments report;
  std::vector<std::string> files;
  std::string mode = "create";
  std::string from;
  std::vector<std::string> columns;
  std::vector<std::string> types;
  std::string delimiter;
  std::vector<std::string> null_values;
  bool no_header = false;
  uint64_t max_rows_per_file = 0;
  std::string storage_version;
  bool stable_row_ids = false;
};

void AddInputTo(CLI::App& verb, ImportArguments* arguments) {
  verb.add_option("files", arguments->files, "Files of rows; - is stdin")->required();
  verb.add_option("--from", arguments->from, "Format of the files; default: by their extensions")
      ->check(CLI::IsMember(InputFormatNames()))
      ->group("Input");
  verb.add_option("--columns,-c", arguments->columns, "Only these columns of the files, separated by commas")
      ->allow_extra_args(false)
      ->group("Input");
  verb.add_option("--type,-t", arguments->types,
                  "column=type, such as 'id=int32' or 'v=float[16]' (a vector); may be repeated")
      ->allow_extra_args(false)
      ->group("Input");
  verb.add_option("--delimiter", arguments->delimiter, "Between the fields of CSV; default: a comma")
      ->group("Input");
  verb.add_option("--null", arguments->null_values, "A text in CSV that means null, beside the empty field")
      ->allow_extra_args(false)
      ->group("Input");
  verb.add_flag("--no-header", arguments->no_header,
                "The first line of CSV is a row; columns are f0, f1, ...")
      ->group("Input");
  verb.add_option("--max-rows-per-file", arguments->max_rows_per_file, "Default: 1,048,576")
      ->check(CLI::PositiveNumber)
      ->group("Written files");
}

arrow::Result<InputOptions> ResolveInput(const ImportArguments& arguments) {
  InputOptions options;
  if (!arguments.from.empty()) options.format = ParseInputFormat(arguments.from);
  for (const auto& list : arguments.columns) {
    for (auto& name : SplitList(list)) options.columns.push_back(std::move(name));
  }
  for (const auto& text : arguments.types) {
    ARROW_ASSIGN_OR_RAISE(const auto entry, SplitAssignment("--type", text));
    ARROW_ASSIGN_OR_RAISE(options.types[entry.first], ParseType(entry.second));
  }
  if (!arguments.delimiter.empty()) {
    const std::string one = arguments.delimiter == "\\t" ? "\t" : arguments.delimiter;
    if (one.size() != 1) {
      return arrow::Status::Invalid("--delimiter wants one character, got '", arguments.delimiter, "'");
    }
    options.delimiter = one[0];
  }
  options.header = !arguments.no_header;
  options.null_values = arguments.null_values;
  return options;
}

// The dataset that rows are added to; none when it is to be made.
arrow::Result<std::shared_ptr<Dataset>> OpenTarget(const ImportArguments& arguments, bool must_exist) {
  if (!must_exist && arguments.target.branch.empty() && arguments.mode == "create") return nullptr;
  auto opened = arguments.target.Open();
  const bool missing = !opened.ok() && KindOf(opened.status()) == ErrorKind::kNotFound;
  if (missing && must_exist) {
    return opened.status().WithMessage(opened.status().message(), "; 'lance import' makes a dataset");
  }
  if (missing && arguments.target.branch.empty()) return nullptr;
  return opened;
}

arrow::Result<int> Run(const ImportArguments& arguments, bool must_exist) {
  WriteOptions options;
  options.mode = arguments.mode == "append"      ? WriteMode::kAppend
                 : arguments.mode == "overwrite" ? WriteMode::kOverwrite
                                                 : WriteMode::kCreate;
  ARROW_ASSIGN_OR_RAISE(InputOptions input, ResolveInput(arguments));
  ARROW_ASSIGN_OR_RAISE(const auto existing, OpenTarget(arguments, must_exist));
  if (existing != nullptr && options.mode == WriteMode::kAppend) input.target = existing->schema();
  const InterruptGuard interrupt;
  ARROW_ASSIGN_OR_RAISE(const RowSource source, OpenRows(arguments.files, input));
  const auto rows_in = InterruptGuard::Wrap(source.reader);
  Progress progress("rows written:", source.expected_rows);
  WriteProgress written;
  options.files.progress = [&](const WriteProgress& now) {
    written = now;
    progress.Update(now.rows_written);
    return arrow::Status::OK();
  };
  if (arguments.max_rows_per_file > 0) options.files.max_rows_per_file = arguments.max_rows_per_file;
  if (!arguments.storage_version.empty()) options.files.data_storage_version = arguments.storage_version;
  options.stable_row_ids = arguments.stable_row_ids;
  ARROW_ASSIGN_OR_RAISE(options.storage_options, arguments.target.StorageOptions());
  options.commit = arguments.target.Commit();
  auto result = existing != nullptr ? WriteDataset(*rows_in, *existing, options)
                                    : WriteDataset(*rows_in, arguments.target.uri, options);
  progress.Finish();
  if (!result.ok() && KindOf(result.status()) == ErrorKind::kAlreadyExists) {
    return result.status().WithMessage(result.status().message(),
                                       "; --mode append adds rows to it, --mode overwrite replaces them");
  }
  ARROW_ASSIGN_OR_RAISE(const auto dataset, std::move(result));
  ARROW_ASSIGN_OR_RAISE(const int64_t rows, dataset->CountRows());
  Document document;
  document.Text("uri", dataset->uri());
  document.Number("version", dataset->version());
  document.Number("rows_written", written.rows_written);
  document.Number("rows", rows);
  document.Number("columns", dataset->schema()->num_fields());
  ARROW_RETURN_NOT_OK(arguments.report.Write(document));
  return kSuccess;
}

}  // namespace

void AddImport(CLI::App& app, Action& action) {
  CLI::App* verb = app.add_subcommand("import", "Make a dataset from Parquet, CSV, JSON or Arrow files");
  auto arguments = std::make_shared<ImportArguments>();
  arguments->target.AddTo(*verb);
  AddInputTo(*verb, arguments.get());
  verb->add_option("--mode", arguments->mode,
                   "create: fail when there is a dataset; append: add rows; overwrite: a version with only "
                   "these rows (older ones stay readable)")
      ->check(CLI::IsMember({"create", "append", "overwrite"}))
      ->capture_default_str();
  verb->add_option("--storage-version", arguments->storage_version, "File version: 2.0, 2.1, 2.2 or stable")
      ->group("Written files");
  verb->add_flag("--stable-row-ids", arguments->stable_row_ids,
                 "Rows of a new dataset keep their ids when they move; 'lance diff --rows' needs it")
      ->group("Written files");
  arguments->report.AddTo(*verb);
  verb->footer(
      "Types of CSV and JSON are guessed from the first rows; with --mode append they are the dataset's.\n"
      "Examples:\n"
      "  lance import table.lance data.parquet\n"
      "  lance import table.lance part-*.csv --type id=int32 --type 'at=timestamp[us, UTC]'\n"
      "  lance import table.lance more.jsonl --mode append -m 'rows of May'\n"
      "  lance import docs.lance docs.jsonl --type 'vector=float[384]' --stable-row-ids\n"
      "  zcat data.csv.gz | lance import table.lance - --from csv --null NA");
  verb->callback([=, &action] { action = [=] { return Run(*arguments, false); }; });
}

void AddAppend(CLI::App& app, Action& action) {
  CLI::App* verb = app.add_subcommand("append", "Add rows of files to a dataset that exists");
  auto arguments = std::make_shared<ImportArguments>();
  arguments->mode = "append";
  arguments->target.AddTo(*verb);
  AddInputTo(*verb, arguments.get());
  arguments->report.AddTo(*verb);
  verb->footer(
      "Values take the types of the dataset where nothing is lost; columns that may be null may be missing.\n"
      "Examples:\n"
      "  lance append table.lance more.parquet\n"
      "  lance append table.lance *.csv --null NA -m 'nightly load'\n"
      "  lance append table.lance rows.jsonl --branch experiment");
  verb->callback([=, &action] { action = [=] { return Run(*arguments, true); }; });
}

}  // namespace lance::cli
