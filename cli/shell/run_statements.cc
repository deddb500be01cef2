#include <cstdio>

#include <arrow/api.h>
#include <fmt/format.h>

#include "output/units.h"
#include "shell/shell.h"
#include "terminal.h"

namespace lance::cli {

namespace {

// Plans come as rows of (kind, text); people want the text.
arrow::Status PrintPlan(arrow::RecordBatchReader* rows) {
  ARROW_ASSIGN_OR_RAISE(const auto table, rows->ToTable());
  const auto column = table->column(table->num_columns() - 1);
  for (int64_t row = 0; row < table->num_rows(); row++) {
    ARROW_ASSIGN_OR_RAISE(const auto value, column->GetScalar(row));
    fmt::print("{}\n", value->is_valid ? value->ToString() : "");
  }
  return arrow::Status::OK();
}

}  // namespace

arrow::Status RunStatements(sql::Engine* engine, const std::string& sql, const OutputOptions& output) {
  return engine->Run(sql, [&](sql::StatementResult result) -> arrow::Status {
    if (result.rows == nullptr) {
      // On a terminal people like to hear that something happened; a pipe gets rows and nothing else.
      if (result.changed_rows >= 0 && StdoutIsTerminal()) {
        fmt::print("{} row{} changed\n", GroupDigits(result.changed_rows),
                   result.changed_rows == 1 ? "" : "s");
      }
      return arrow::Status::OK();
    }
    if (result.is_explain && !output.format && output.path.empty()) return PrintPlan(result.rows.get());
    return WriteRows(result.rows.get(), output).status();
  });
}

}  // namespace lance::cli
