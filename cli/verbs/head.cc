#include <arrow/api.h>
#include <CLI/CLI.hpp>

#include "arguments.h"
#include "exit_code.h"
#include "scan_arguments.h"
#include "verb.h"

namespace lance::cli {

void AddHead(CLI::App& app, Action& action) {
  CLI::App* verb = app.add_subcommand("head", "Show the first rows");
  auto dataset = std::make_shared<DatasetArguments>();
  auto output = std::make_shared<OutputArguments>();
  auto rows = std::make_shared<int64_t>(10);
  auto columns = std::make_shared<std::vector<std::string>>();
  dataset->AddTo(*verb);
  verb->add_option("--rows,-n", *rows, "How many rows")->check(CLI::NonNegativeNumber)->capture_default_str();
  verb->add_option("--columns,-c", *columns, "Columns to show, separated by commas; default: all")
      ->allow_extra_args(false);
  output->AddTo(*verb);
  verb->footer(
      "Examples:\n  lance head table.lance\n  lance head table.lance -n 3 -c id,price --format json");
  verb->callback([=, &action] {
    action = [=]() -> arrow::Result<int> {
      ARROW_ASSIGN_OR_RAISE(const auto opened, dataset->Open());
      ScanOptions options;
      ARROW_RETURN_NOT_OK(ParseColumns(*columns, &options));
      options.limit = *rows;
      ARROW_ASSIGN_OR_RAISE(const auto scanner, opened->Scan(options));
      ARROW_ASSIGN_OR_RAISE(const auto reader, scanner->ToReader());
      OutputOptions written = output->Resolve();
      written.max_rows = 0;
      ARROW_RETURN_NOT_OK(WriteRows(reader.get(), written));
      return kSuccess;
    };
  });
}

}  // namespace lance::cli
