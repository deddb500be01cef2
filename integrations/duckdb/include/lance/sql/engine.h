#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <arrow/result.h>
#include <arrow/status.h>

#include "lance/export.h"

namespace arrow {
class RecordBatchReader;
}

namespace lance::sql {

struct EngineOptions {
  std::string database;      ///< a DuckDB file; empty: in memory
  int threads = 0;           ///< 0: one per core
  std::string memory_limit;  ///< such as "4GB"; empty: DuckDB's default
};

/// What one statement gave.
struct StatementResult {
  /// Rows; nullptr for statements that give none (CREATE, SET, ...).
  std::shared_ptr<arrow::RecordBatchReader> rows;
  int64_t changed_rows = -1;  ///< of INSERT, UPDATE, DELETE, COPY; -1: not such a statement
  bool is_explain = false;    ///< the only text column of the rows is a plan
};

/// SQL over Lance datasets, Parquet, CSV and everything else DuckDB reads, in this process.
///
///     SELECT ... FROM 'path/table.lance'
///     SELECT ... FROM lance_scan('path', version => 3)
///     ATTACH 'folder' AS db (TYPE lance); INSERT INTO db.table SELECT ...; SELECT ... FROM db.table
///     COPY (SELECT ...) TO 'path/table.lance' (FORMAT lance, APPEND)
///     SELECT ... FROM lance_vector_search('path', 'vector', [0.1, 0.2]::FLOAT[], k => 10, filter => 'x > 1')
///
/// One thread at a time, but for Interrupt.
class Engine {
 public:
  virtual ~Engine() = default;
  /// Runs all statements of `sql` in turn and hands each result to `visit`, which must use up the rows before
  /// it returns. Stops at the first error.
  virtual arrow::Status Run(const std::string& sql,
                            const std::function<arrow::Status(StatementResult)>& visit) = 0;
  /// Names a dataset or file so that queries can use the name as a table.
  virtual arrow::Status Attach(const std::string& name, const std::string& path) = 0;
  /// Makes a running statement fail with Cancelled. Safe in any thread and in a signal handler.
  virtual void Interrupt() = 0;
  virtual std::string version() const = 0;
};

/// The one entry point of liblance_sql.so, which is loaded only when SQL is wanted: DuckDB is large.
using MakeEngineFunction = arrow::Status (*)(const EngineOptions& options, std::unique_ptr<Engine>* out);
constexpr const char* kMakeEngineSymbol = "lance_sql_make_engine";

}  // namespace lance::sql
