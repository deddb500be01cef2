#include <dlfcn.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "arguments.h"
#include "exit_code.h"
#include "lance/sql/engine.h"
#include "shell/shell.h"
#include "terminal.h"
#include "verb.h"

namespace lance::cli {

namespace {

constexpr const char* kLibrary = "liblance_sql.so";

struct SqlArguments {
  std::vector<std::string> statements;  ///< the positional ones
  std::vector<std::string> commands;    ///< -c
  std::string file;
  std::vector<std::string> attach;  ///< name=path
  sql::EngineOptions engine;
  OutputArguments output;
};

// Loaded here and not linked, because DuckDB would be loaded for every other verb too. Never unloaded.
arrow::Result<std::unique_ptr<sql::Engine>> LoadEngine(const sql::EngineOptions& options) {
  void* library = dlopen(kLibrary, RTLD_LAZY | RTLD_LOCAL);
  if (library == nullptr) {
    return arrow::Status::Invalid("SQL is not available: ", dlerror(),
                                  "; build with LANCE_BUILD_SQL=ON and keep ", kLibrary,
                                  " beside the other libraries");
  }
  const auto make = reinterpret_cast<sql::MakeEngineFunction>(dlsym(library, sql::kMakeEngineSymbol));
  if (make == nullptr)
    return arrow::Status::Invalid(kLibrary, " is of another version: it has no ", sql::kMakeEngineSymbol);
  std::unique_ptr<sql::Engine> engine;
  ARROW_RETURN_NOT_OK(make(options, &engine));
  return engine;
}

arrow::Status AttachAll(const std::vector<std::string>& pairs, sql::Engine* engine) {
  for (const auto& pair : pairs) {
    const size_t equals = pair.find('=');
    const std::string path = equals == std::string::npos ? pair : pair.substr(equals + 1);
    const std::string name =
        equals == std::string::npos ? std::filesystem::path(path).stem().string() : pair.substr(0, equals);
    if (name.empty() || path.empty())
      return arrow::Status::Invalid("--attach wants name=path, got '", pair, "'");
    ARROW_RETURN_NOT_OK(engine->Attach(name, path));
  }
  return arrow::Status::OK();
}

arrow::Result<std::string> ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return arrow::Status::IOError("cannot open ", path, " to read SQL from it");
  return std::string(std::istreambuf_iterator<char>(file), {});
}

arrow::Result<int> Run(const SqlArguments& arguments) {
  ARROW_ASSIGN_OR_RAISE(const auto engine, LoadEngine(arguments.engine));
  ARROW_RETURN_NOT_OK(AttachAll(arguments.attach, engine.get()));
  const OutputOptions output = arguments.output.Resolve();
  bool ran = false;
  if (!arguments.file.empty()) {
    ARROW_ASSIGN_OR_RAISE(const std::string sql, ReadAll(arguments.file));
    ARROW_RETURN_NOT_OK(RunStatements(engine.get(), sql, output));
    ran = true;
  }
  for (const auto* list : {&arguments.commands, &arguments.statements}) {
    for (const auto& sql : *list) {
      ARROW_RETURN_NOT_OK(RunStatements(engine.get(), sql, output));
      ran = true;
    }
  }
  if (ran) return kSuccess;
  if (StdinIsTerminal()) return RunShell(engine.get(), output);
  const std::string sql(std::istreambuf_iterator<char>(std::cin), {});
  ARROW_RETURN_NOT_OK(RunStatements(engine.get(), sql, output));
  return kSuccess;
}

}  // namespace

void AddSql(CLI::App& app, Action& action) {
  CLI::App* verb = app.add_subcommand("sql", "Query datasets, Parquet and CSV with SQL (DuckDB)");
  auto arguments = std::make_shared<SqlArguments>();
  verb->add_option("statements", arguments->statements,
                   "SQL to run; none: a shell on a terminal, else SQL from stdin");
  verb->add_option("--command,-c", arguments->commands, "SQL to run; may be repeated")
      ->allow_extra_args(false);
  verb->add_option("--file,-f", arguments->file, "Run the SQL in this file first");
  verb->add_option("--attach,-a", arguments->attach, "name=path: use name as a table; may be repeated")
      ->allow_extra_args(false);
  verb->add_option("--database", arguments->engine.database, "A DuckDB file to work in; default: memory");
  verb->add_option("--threads", arguments->engine.threads, "Threads; default: one per core")
      ->check(CLI::PositiveNumber);
  verb->add_option("--memory-limit", arguments->engine.memory_limit, "Such as 4GB");
  arguments->output.AddTo(*verb);
  verb->footer(
      "Examples:\n"
      "  lance sql \"SELECT kind, avg(price) FROM 'table.lance' GROUP BY kind ORDER BY 2\"\n"
      "  lance sql \"SELECT * FROM lance_scan('table.lance', version => 3) WHERE id = 7\"\n"
      "  lance sql \"SELECT id, _distance FROM lance_vector_search('docs.lance', 'vector', [0.1, 0.2, 0.3],\n"
      "             k => 5, filter => 'year > 2020')\"\n"
      "  lance sql \"SELECT o.*, c.name FROM 'orders.lance' o JOIN 'customers.parquet' c USING (id)\" -o "
      "out.parquet\n"
      "  lance sql -a t=table.lance \"EXPLAIN SELECT * FROM t WHERE price > 10 LIMIT 5\"\n"
      "  lance sql < report.sql\n"
      "  lance sql                    the shell; .help there");
  verb->callback([=, &action] { action = [=] { return Run(*arguments); }; });
}

}  // namespace lance::cli
