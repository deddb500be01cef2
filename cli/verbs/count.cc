#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "arguments.h"
#include "exit_code.h"
#include "verb.h"

namespace lance::cli {

void AddCount(CLI::App& app, Action& action) {
  CLI::App* verb = app.add_subcommand("count", "Count rows; without a filter from metadata alone");
  auto dataset = std::make_shared<DatasetArguments>();
  auto filter = std::make_shared<std::string>();
  dataset->AddTo(*verb);
  verb->add_option("--filter,-w", *filter, "Count the rows for which this SQL condition holds");
  verb->footer(
      "Examples:\n  lance count table.lance\n  lance count table.lance -w \"price > 10 AND kind = 'a'\"");
  verb->callback([=, &action] {
    action = [=]() -> arrow::Result<int> {
      ARROW_ASSIGN_OR_RAISE(const auto opened, dataset->Open());
      ARROW_ASSIGN_OR_RAISE(const int64_t rows, opened->CountRows(*filter));
      fmt::print("{}\n", rows);
      return kSuccess;
    };
  });
}

}  // namespace lance::cli
