#include "shell/shell.h"

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <sstream>
#include <vector>

#include <editline/readline.h>
#include <fmt/format.h>

#include "exit_code.h"
#include "shell/statement_splitter.h"
#include "terminal.h"

namespace lance::cli {

namespace {

constexpr int kHistoryLines = 5000;

constexpr const char* kHelp =
    "SQL ends with a semicolon and may span lines. FROM 'path/table.lance' reads a dataset, FROM "
    "'file.parquet'\n"
    "and FROM 'file.csv' read files. lance_scan('path', version => 3) reads an older version, and\n"
    "lance_vector_search('path', 'column', [0.1, 0.2], k => 10, filter => 'x > 1') searches.\n"
    "\n"
    "  .help               this text\n"
    "  .tables             tables and views\n"
    "  .schema TABLE       columns of a table, view or 'path'\n"
    "  .attach NAME PATH   use NAME as a table for a dataset or file\n"
    "  .mode [FORMAT]      show or set the output format: table csv tsv jsonl json\n"
    "  .maxrows [N]        show or set how many rows a table shows; 0: all\n"
    "  .output [FILE]      write the next results to FILE; without FILE to the screen again\n"
    "  .read FILE          run the statements in FILE\n"
    "  .timer on|off       show how long statements take\n"
    "  .quit               leave (also Ctrl-D)\n"
    "\n"
    "Ctrl-C stops a running statement, or drops what was typed.\n";

std::atomic<sql::Engine*> running_engine{nullptr};
std::atomic<bool> interrupted{false};

void OnInterrupt(int) {
  interrupted = true;
  if (sql::Engine* engine = running_engine) engine->Interrupt();
}

std::string HistoryPath() {
  const char* home = std::getenv("HOME");
  return home == nullptr ? "" : std::string(home) + "/.lance_history";
}

class Shell {
 public:
  Shell(sql::Engine* engine, OutputOptions output) : engine_(engine), output_(std::move(output)) {}

  int Run() {
    fmt::print("lance sql (DuckDB {}). Statements end with ';'. '.help' for more, Ctrl-D leaves.\n",
               engine_->version());
    struct sigaction action {};
    action.sa_handler = OnInterrupt;
    sigaction(SIGINT, &action, nullptr);
    using_history();
    stifle_history(kHistoryLines);
    const std::string history = HistoryPath();
    if (!history.empty()) read_history(history.c_str());
    std::string pending;
    while (!quit_) {
      interrupted = false;
      char* line = readline(pending.empty() ? "lance> " : "   ..> ");
      if (line == nullptr) {
        if (interrupted) {
          pending.clear();
          fmt::print("\n");
          continue;
        }
        break;
      }
      const std::string text(line);
      std::free(line);
      if (pending.empty() && IsBlank(text)) continue;
      if (pending.empty() && text.front() == '.') {
        Remember(text, history);
        Report(DotCommand(text));
        continue;
      }
      pending += (pending.empty() ? "" : "\n") + text;
      RunFinished(&pending, history);
    }
    fmt::print("\n");
    return kSuccess;
  }

 private:
  static void Remember(const std::string& text, const std::string& history) {
    add_history(text.c_str());
    if (!history.empty()) write_history(history.c_str());
  }

  void RunFinished(std::string* pending, const std::string& history) {
    size_t end;
    while ((end = EndOfStatement(*pending)) != std::string_view::npos) {
      const std::string statement = pending->substr(0, end);
      pending->erase(0, end);
      Remember(statement, history);
      Report(RunTimed(statement));
    }
    if (IsBlank(*pending)) pending->clear();
  }

  arrow::Status RunTimed(const std::string& sql) {
    const auto start = std::chrono::steady_clock::now();
    running_engine = engine_;
    const arrow::Status status = RunStatements(engine_, sql, output_);
    running_engine = nullptr;
    if (timer_) {
      const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
      fmt::print("{:.3f} s\n", took.count());
    }
    return status;
  }

  static void Report(const arrow::Status& status) {
    std::fflush(stdout);
    if (!status.ok()) fmt::print(stderr, "error: {}\n", status.message());
  }

  arrow::Status DotCommand(const std::string& line) {
    std::istringstream words(line);
    std::string command, argument, second;
    words >> command >> argument >> second;
    if (command == ".help") {
      fmt::print("{}", kHelp);
    } else if (command == ".quit" || command == ".exit") {
      quit_ = true;
    } else if (command == ".tables") {
      return RunStatements(engine_, "SHOW TABLES", output_);
    } else if (command == ".schema" && !argument.empty()) {
      return RunStatements(engine_, "DESCRIBE SELECT * FROM " + argument, output_);
    } else if (command == ".attach" && !second.empty()) {
      return engine_->Attach(argument, second);
    } else if (command == ".mode") {
      return SetMode(argument);
    } else if (command == ".maxrows") {
      return SetMaxRows(argument);
    } else if (command == ".output") {
      output_.path = argument;
    } else if (command == ".timer") {
      timer_ = argument != "off";
    } else if (command == ".read" && !argument.empty()) {
      return ReadFile(argument);
    } else {
      return arrow::Status::Invalid("'", line, "' is no command of the shell; .help lists them");
    }
    return arrow::Status::OK();
  }

  arrow::Status SetMode(const std::string& name) {
    if (name.empty()) {
      fmt::print("formats: {}\n", fmt::join(FormatNames(), " "));
      return arrow::Status::OK();
    }
    const auto format = ParseFormat(name);
    if (!format) return arrow::Status::Invalid("no format '", name, "'; .mode lists them");
    output_.format = format;
    return arrow::Status::OK();
  }

  arrow::Status SetMaxRows(const std::string& text) {
    if (text.empty()) {
      fmt::print("{}\n", output_.max_rows);
      return arrow::Status::OK();
    }
    char* end = nullptr;
    const long long rows = std::strtoll(text.c_str(), &end, 10);
    if (*end != '\0' || rows < 0) return arrow::Status::Invalid(".maxrows wants a number, got '", text, "'");
    output_.max_rows = rows;
    return arrow::Status::OK();
  }

  arrow::Status ReadFile(const std::string& path) {
    FILE* file = std::fopen(path.c_str(), "rb");
    if (file == nullptr) return arrow::Status::IOError("cannot open ", path);
    std::string text;
    char piece[65536];
    for (size_t n; (n = std::fread(piece, 1, sizeof piece, file)) > 0;) text.append(piece, n);
    std::fclose(file);
    return RunTimed(text);
  }

  sql::Engine* engine_;
  OutputOptions output_;
  bool quit_ = false;
  bool timer_ = false;
};

}  // namespace

int RunShell(sql::Engine* engine, OutputOptions output) { return Shell(engine, std::move(output)).Run(); }

}  // namespace lance::cli
