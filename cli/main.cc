// The command line program `lance`.
#include <cstdio>
#include <cstring>
#include <string>

#include <arrow/status.h>
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "exit_code.h"
#include "terminal.h"
#include "verb.h"

namespace lance::cli {

namespace {

constexpr const char* kDescription =
    "lance: make, look into, query, change and check Lance datasets.\n"
    "\n"
    "A dataset is a folder, such as 'table.lance', on disk or in an object store.";

constexpr const char* kFooter =
    "Examples:\n"
    "  lance info table.lance                                what it is: rows, columns, versions, size\n"
    "  lance head table.lance                                its first rows\n"
    "  lance count table.lance --filter \"price > 10\"\n"
    "  lance scan table.lance -c id,price -w \"price > 10\" -o cheap.parquet\n"
    "  lance scan docs.lance --nearest vector --query '[0.1, 0.2, 0.3]' -k 5\n"
    "  lance sql \"SELECT kind, count(*) FROM 'table.lance' GROUP BY kind\"\n"
    "  lance import table.lance part-*.parquet               a dataset from files\n"
    "  lance append table.lance more.csv\n"
    "  lance update table.lance --set \"price=price * 1.1\" -w \"kind = 'a'\"\n"
    "  lance delete table.lance -w \"price < 0\" --dry-run\n"
    "  lance tag create table.lance v1.0\n"
    "  lance index create table.lance vector --type ivf_pq --sub-vectors 16\n"
    "  lance compact table.lance                             joins small files\n"
    "  lance cleanup table.lance --older-than 30d            removes old versions\n"
    "  lance pages table.lance                               bytes per column and encoding\n"
    "  lance verify table.lance                              reads everything, reports damage\n"
    "\n"
    "Output is a table on a terminal and CSV or JSON on a pipe; --format and --output choose.\n"
    "Exit codes: 0 success, 1 failure, 2 wrong usage, 3 damaged data found, 4 not found, 130 interrupted.\n"
    "'lance VERB --help' explains a verb.";

// One line, because people grep it.
void PrintError(const arrow::Status& status) {
  std::string message = status.message();
  for (char& c : message) {
    if (c == '\n') c = ' ';
  }
  fmt::print(stderr, "error: {}\n", message);
}

int Run(int argc, char** argv) {
  CLI::App app(kDescription, "lance");
  app.footer(kFooter);
  app.set_version_flag("--version,-V", "lance " LANCE_VERSION);
  app.require_subcommand(1);
  app.failure_message(
      [](const CLI::App*, const CLI::Error& e) { return fmt::format("error: {}\n", e.what()); });
  app.get_formatter()->column_width(34);
  Action action;
  for (const Verb& verb : Verbs()) verb.add(app, action);
  if (argc == 1) {
    std::fputs(app.help().c_str(), stdout);
    return kUsage;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    const int code = app.exit(e);
    if (code == 0) return kSuccess;
    const auto chosen = app.get_subcommands();
    fmt::print(stderr, "'lance {}--help' shows what is possible\n",
               chosen.empty() ? "" : chosen.front()->get_name() + " ");
    return kUsage;
  }
  const arrow::Result<int> code = action();
  if (code.ok()) return *code;
  PrintError(code.status());
  return ExitCodeFor(code.status());
}

}  // namespace

}  // namespace lance::cli

int main(int argc, char** argv) {
  lance::cli::InitializeLocale();
  return lance::cli::Run(argc, argv);
}
