// SQL over a dataset through liblance_sql.so, which is loaded on first use: DuckDB is large.
#include <dlfcn.h>

#include <arrow/record_batch.h>
#include <arrow/table.h>

#include "bindings.h"
#include "convert.h"
#include "lance/base/status.h"
#include "lance/sql/engine.h"

namespace lance::python {
namespace {

// Never unloaded.
Result<std::unique_ptr<sql::Engine>> LoadEngine(const std::string& library) {
  void* handle = dlopen(library.c_str(), RTLD_LAZY | RTLD_LOCAL);
  if (handle == nullptr) return NotSupported("SQL needs {}, which does not load: {}", library, dlerror());
  const auto make = reinterpret_cast<sql::MakeEngineFunction>(dlsym(handle, sql::kMakeEngineSymbol));
  if (make == nullptr) {
    return NotSupported("{} is of another version: it has no {}", library, sql::kMakeEngineSymbol);
  }
  std::unique_ptr<sql::Engine> engine;
  ARROW_RETURN_NOT_OK(make({}, &engine));
  return engine;
}

// Runs `setup`, then the one statement `query`, into memory.
Result<std::shared_ptr<arrow::Table>> Run(const std::string& library, const std::string& setup,
                                          const std::string& query) {
  ARROW_ASSIGN_OR_RAISE(auto engine, LoadEngine(library));
  ARROW_RETURN_NOT_OK(engine->Run(setup, [](const sql::StatementResult&) { return Status::OK(); }));
  std::shared_ptr<arrow::Table> table;
  int statements = 0;
  ARROW_RETURN_NOT_OK(engine->Run(query, [&](const sql::StatementResult& result) -> Status {
    LANCE_CHECK_ARG(++statements == 1 && result.rows != nullptr, "the SQL text must be one query");
    return result.rows->ToTable().Value(&table);
  }));
  LANCE_CHECK_ARG(table != nullptr, "the SQL text must be one query");
  return table;
}

}  // namespace

void BindSql(nb::module_& module) {
  module.def(
      "run_sql",
      [](const std::string& library, const std::string& setup, const std::string& query) {
        return StreamCapsule(Unwrap(Unlocked([&] { return Run(library, setup, query); })));
      },
      nb::arg("library"), nb::arg("setup"), nb::arg("query"));
}

}  // namespace lance::python
