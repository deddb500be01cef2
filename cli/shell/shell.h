#pragma once

#include <string>

#include <arrow/result.h>

#include "lance/sql/engine.h"
#include "output/row_sink.h"

namespace lance::cli {

/// Runs all statements of `sql` and writes their results as `output` says. With an output file, only the last
/// result is kept in it.
arrow::Status RunStatements(sql::Engine* engine, const std::string& sql, const OutputOptions& output);

/// Reads statements and dot commands from a person at a terminal, with line editing and a history in
/// ~/.lance_history, until end of input or .quit. Errors are shown and the shell goes on.
/// Returns the exit code.
int RunShell(sql::Engine* engine, OutputOptions output);

}  // namespace lance::cli
