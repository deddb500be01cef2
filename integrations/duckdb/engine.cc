#include "lance/sql/engine.h"

#include <arrow/api.h>
#include <arrow/c/bridge.h>
#include <fmt/format.h>

#include "catalog/lance_catalog.h"
#include "duckdb/common/arrow/result_arrow_wrapper.hpp"
#include "lance/error.h"
#include "lance_scan.h"
#include "limit_pushdown.h"
#include "nearest_pushdown.h"
#include "replacement_scan.h"
#include "subquery_arguments.h"
#include "write/copy_function.h"

namespace lance::sql {

namespace {

using arrow::Status;

// The headers that this library was compiled with; the C++ interface of DuckDB changes between versions.
constexpr const char* kDuckDbVersion = "v1.5.6";
constexpr duckdb::idx_t kRowsPerBatch = 65536;

// "text\n\nLINE 1: SELECT ...\n   ^" -> "text (line 1: SELECT ...)": errors are one line.
std::string OneLine(const std::string& message) {
  const size_t line = message.find("\n\nLINE ");
  if (line == std::string::npos) return message;
  const size_t start = line + 7;
  const size_t end = std::min(message.find('\n', start), message.size());
  return message.substr(0, line) + " (line " + message.substr(start, end - start) + ")";
}

Status FromError(const duckdb::ErrorData& error) {
  if (error.Type() == duckdb::ExceptionType::INTERRUPT) return Status::Cancelled("interrupted");
  const std::string message = OneLine(error.RawMessage());
  switch (error.Type()) {
    case duckdb::ExceptionType::OUT_OF_MEMORY:
      return Status::OutOfMemory(message);
    case duckdb::ExceptionType::NOT_IMPLEMENTED:
      return Status::NotImplemented(message);
    case duckdb::ExceptionType::IO:
      return Status::IOError(message);
    case duckdb::ExceptionType::PARSER:
    case duckdb::ExceptionType::SYNTAX:
      return Status::Invalid("SQL: ", message);
    default:
      return Status::Invalid(duckdb::Exception::ExceptionTypeToString(error.Type()), " error: ", message);
  }
}

template <typename F>
Status Guard(F&& f) {
  try {
    return f();
  } catch (const std::exception& e) {
    return FromError(duckdb::ErrorData(e));
  } catch (...) {
    return Status::UnknownError("DuckDB threw something that is no exception");
  }
}

/// Turns the rows of a result into batches. The result keeps what it needs alive; the connection must outlive
/// it.
class ResultReader final : public arrow::RecordBatchReader {
 public:
  static arrow::Result<std::shared_ptr<ResultReader>> Make(duckdb::unique_ptr<duckdb::QueryResult> result) {
    auto reader = std::make_shared<ResultReader>();
    // The wrapper frees itself through its stream's release.
    auto* wrapper = new duckdb::ResultArrowArrayStreamWrapper(std::move(result), kRowsPerBatch);
    ARROW_ASSIGN_OR_RAISE(reader->stream_, arrow::ImportRecordBatchReader(&wrapper->stream));
    return reader;
  }
  std::shared_ptr<arrow::Schema> schema() const override { return stream_->schema(); }
  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    const Status status = stream_->ReadNext(batch);
    // The stream's errors are texts such as "Conversion Error: ...".
    if (!status.ok() && status.message().find("INTERRUPT") != std::string::npos)
      return Status::Cancelled("interrupted");
    return status;
  }

 private:
  std::shared_ptr<arrow::RecordBatchReader> stream_;
};

class DuckDbEngine final : public Engine {
 public:
  explicit DuckDbEngine(const EngineOptions& options) {
    duckdb::DBConfig config;
    if (options.threads > 0) config.SetOptionByName("threads", duckdb::Value::BIGINT(options.threads));
    if (!options.memory_limit.empty())
      config.SetOptionByName("memory_limit", duckdb::Value(options.memory_limit));
    RegisterReplacementScan(&config);
    RegisterCatalog(&config);
    database_ = std::make_unique<duckdb::DuckDB>(
        options.database.empty() ? nullptr : options.database.c_str(), &config);
    RegisterNearestPushdown(&duckdb::DBConfig::GetConfig(*database_->instance));
    RegisterLimitPushdown(&duckdb::DBConfig::GetConfig(*database_->instance));
    duckdb::ExtensionLoader loader(*database_->instance, "lance");
    loader.RegisterFunction(MakeScanFunction());
    loader.RegisterFunction(MakeVectorSearchFunction());
    loader.RegisterFunction(MakeCopyFunction());
    connection_ = std::make_unique<duckdb::Connection>(*database_);
  }

  Status Run(const std::string& sql, const std::function<Status(StatementResult)>& visit) override {
    return Guard([&] {
      auto statements = connection_->ExtractStatements(sql);
      for (auto& statement : statements) ARROW_RETURN_NOT_OK(RunOne(std::move(statement), visit));
      return Status::OK();
    });
  }

  Status Attach(const std::string& name, const std::string& path) override {
    return Guard([&] {
      const auto sql = fmt::format("CREATE OR REPLACE TEMP VIEW {} AS SELECT * FROM {}",
                                   duckdb::KeywordHelper::WriteOptionallyQuoted(name),
                                   duckdb::KeywordHelper::WriteQuoted(path, '"'));
      auto result = connection_->Query(sql);
      return result->HasError() ? FromError(result->GetErrorObject()) : Status::OK();
    });
  }

  void Interrupt() override { connection_->Interrupt(); }

  std::string version() const override { return duckdb::DuckDB::LibraryVersion(); }

 private:
  Status RunOne(duckdb::unique_ptr<duckdb::SQLStatement> statement,
                const std::function<Status(StatementResult)>& visit) {
    EvaluateSubqueryArguments(connection_.get(), statement.get());
    RewriteCopyMode(statement.get());
    auto result = connection_->SendQuery(std::move(statement));
    if (result->HasError()) return FromError(result->GetErrorObject());
    StatementResult out;
    out.is_explain = result->statement_type == duckdb::StatementType::EXPLAIN_STATEMENT;
    const auto returns = result->properties.return_type;
    if (returns == duckdb::StatementReturnType::CHANGED_ROWS) {
      auto chunk = result->Fetch();
      if (result->HasError()) return FromError(result->GetErrorObject());
      out.changed_rows = chunk && chunk->size() > 0 ? chunk->GetValue(0, 0).GetValue<int64_t>() : 0;
    } else if (returns == duckdb::StatementReturnType::QUERY_RESULT) {
      ARROW_ASSIGN_OR_RAISE(out.rows, ResultReader::Make(std::move(result)));
    } else {
      // Run it to its end.
      while (auto chunk = result->Fetch()) {
        if (chunk->size() == 0) break;
      }
      if (result->HasError()) return FromError(result->GetErrorObject());
    }
    return visit(std::move(out));
  }

  std::unique_ptr<duckdb::DuckDB> database_;
  std::unique_ptr<duckdb::Connection> connection_;
};

}  // namespace

extern "C" LANCE_EXPORT Status lance_sql_make_engine(const EngineOptions& options,
                                                     std::unique_ptr<Engine>* out) {
  if (std::string(duckdb::DuckDB::LibraryVersion()) != kDuckDbVersion) {
    return Status::Invalid("libduckdb.so is version ", duckdb::DuckDB::LibraryVersion(),
                           ", lance sql was built for ", kDuckDbVersion,
                           "; install that version or build lance again with the one you have");
  }
  return Guard([&] {
    *out = std::make_unique<DuckDbEngine>(options);
    return Status::OK();
  });
}

}  // namespace lance::sql
