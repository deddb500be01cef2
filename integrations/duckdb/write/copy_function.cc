// One writer for all statements that add rows: DuckDB's own COPY operators, which convert in all threads,
// keep the order of rows and bound memory, push into a StreamWriter.
#include "write/copy_function.h"

#include <filesystem>

#include <arrow/api.h>

#include "catalog/lance_catalog.h"
#include "catalog/lance_transaction.h"
#include "dataset_arguments.h"
#include "duckdb/common/types/column/column_data_collection.hpp"
#include "duckdb/execution/operator/persistent/physical_batch_copy_to_file.hpp"
#include "duckdb/execution/operator/persistent/physical_copy_to_file.hpp"
#include "duckdb/parser/expression/constant_expression.hpp"
#include "duckdb/parser/parsed_data/copy_info.hpp"
#include "duckdb/parser/statement/copy_statement.hpp"
#include "duckdb/parser/statement/explain_statement.hpp"
#include "write/arrow_rows.h"
#include "write/stream_writer.h"

namespace lance::sql {

namespace {

using duckdb::BinderException;
using duckdb::ClientContext;
using duckdb::FunctionData;
using duckdb::GlobalFunctionData;
using duckdb::LocalFunctionData;
using duckdb::make_uniq;
using duckdb::unique_ptr;
using duckdb::Value;

struct GlobalWrite : public GlobalFunctionData {
  std::unique_ptr<ArrowRows> rows;
  std::shared_ptr<StreamWriter> writer;
};

struct LocalWrite : public LocalFunctionData {
  std::unique_ptr<ArrowRows::Builder> builder;
};

struct PreparedRows : public duckdb::PreparedBatchData {
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
};

void Push(GlobalWrite* global, std::shared_ptr<arrow::RecordBatch> batch) {
  if (batch != nullptr) ThrowIfFailed(global->writer->Push(std::move(batch)));
}

// ---- Options of COPY --------------------------------------------------------------------------------------

const Value& Single(const std::string& name, const duckdb::vector<Value>& values) {
  if (values.size() != 1 || values[0].IsNull()) throw BinderException("COPY option %s wants one value", name);
  return values[0];
}

uint64_t Positive(const std::string& name, const duckdb::vector<Value>& values) {
  const auto number = Single(name, values).DefaultCastAs(duckdb::LogicalType::BIGINT).GetValue<int64_t>();
  if (number <= 0) throw BinderException("COPY option %s must be positive, got %lld", name, number);
  return static_cast<uint64_t>(number);
}

WriteMode ParseMode(const std::string& text) {
  const auto mode = duckdb::StringUtil::Lower(text);
  if (mode == "create") return WriteMode::kCreate;
  if (mode == "append") return WriteMode::kAppend;
  if (mode == "overwrite") return WriteMode::kOverwrite;
  throw BinderException("COPY option mode wants 'create', 'append' or 'overwrite', got '%s'", text);
}

void SetOption(const std::string& name, const duckdb::vector<Value>& values, WriteOptions* options) {
  if (name == "mode") {
    options->mode = ParseMode(Single(name, values).ToString());
  } else if (name == "max_rows_per_file") {
    options->files.max_rows_per_file = Positive(name, values);
  } else if (name == "max_bytes_per_file") {
    options->files.max_bytes_per_file = Positive(name, values);
  } else if (name == "data_storage_version") {
    options->files.data_storage_version = Single(name, values).ToString();
  } else if (name == "stable_row_ids") {
    options->stable_row_ids =
        values.empty() || Single(name, values).DefaultCastAs(duckdb::LogicalType::BOOLEAN).GetValue<bool>();
  } else if (name == "storage_options") {
    options->storage_options = ToStorageOptions(Single(name, values));
  } else {
    throw BinderException(
        "COPY TO (FORMAT lance) has no option %s; it has mode, max_rows_per_file, max_bytes_per_file, "
        "data_storage_version, stable_row_ids and storage_options",
        name);
  }
}

unique_ptr<FunctionData> Bind(ClientContext&, duckdb::CopyFunctionBindInput& input,
                              const duckdb::vector<std::string>& names,
                              const duckdb::vector<duckdb::LogicalType>& types) {
  auto target = make_uniq<WriteTarget>();
  target->names = names;
  target->types = types;
  target->path = input.info.file_path;
  std::error_code ignored;
  if (std::filesystem::is_regular_file(target->path, ignored)) {
    throw BinderException("\"%s\" is a file, and a Lance table is a folder", target->path);
  }
  for (const auto& [name, values] : input.info.options) {
    SetOption(duckdb::StringUtil::Lower(name), values, &target->options);
  }
  return target;
}

// ---- Running ----------------------------------------------------------------------------------------------

bool Deferred(ClientContext& context, const WriteTarget& target) {
  return target.catalog != nullptr && !context.transaction.IsAutoCommit();
}

// The table to append to; nullptr when there is none.
std::shared_ptr<Dataset> FindTable(const WriteTarget& target) {
  OpenOptions open;
  open.storage_options = target.options.storage_options;
  auto found = Dataset::Open(target.path, open);
  if (!found.ok() && KindOf(found.status()) == ErrorKind::kNotFound) return nullptr;
  return ValueOrThrow(std::move(found));
}

// DuckDB makes up other names when a COPY is to write many files; Lance makes one table of them by itself.
std::string CheckedPath(ClientContext& context, const WriteTarget& target, const std::string& file_path) {
  if (file_path != duckdb::FileSystem::GetFileSystem(context).ExpandPath(target.path)) {
    throw duckdb::NotImplementedException(
        "COPY TO (FORMAT lance) writes one table: PARTITION_BY, PER_THREAD_OUTPUT, FILE_SIZE_BYTES and "
        "USE_TMP_FILE do not apply");
  }
  return file_path;
}

unique_ptr<GlobalFunctionData> InitializeGlobal(ClientContext& context, FunctionData& data,
                                                const std::string& file_path) {
  const auto& target = data.Cast<WriteTarget>();
  const std::string path = target.catalog != nullptr ? target.path : CheckedPath(context, target, file_path);
  auto global = make_uniq<GlobalWrite>();
  global->rows = std::make_unique<ArrowRows>(context, target.types, target.names);
  for (const size_t column : target.not_null) global->rows->SetNotNull(column);
  std::shared_ptr<Dataset> dataset;
  if (target.options.mode == WriteMode::kAppend) {
    dataset = FindTable(target);
    if (dataset != nullptr) global->rows->FitTo(*dataset->schema());
  }
  if (Deferred(context, target)) {
    auto& transaction = LanceTransaction::Get(context, *target.catalog);
    if (auto pending = transaction.PendingAppend(path)) {
      global->writer = std::static_pointer_cast<StreamWriter>(pending);
      return global;
    }
  }
  const WriteOptions options = target.options;
  global->writer = std::make_shared<StreamWriter>(
      path, dataset != nullptr, global->rows->schema(), [=](arrow::RecordBatchReader& rows) {
        return dataset != nullptr ? WriteDataset(rows, *dataset, options).status()
                                  : WriteDataset(rows, path, options).status();
      });
  return global;
}

unique_ptr<LocalFunctionData> InitializeLocal(duckdb::ExecutionContext&, FunctionData&) {
  return make_uniq<LocalWrite>();
}

void Sink(duckdb::ExecutionContext&, FunctionData&, GlobalFunctionData& global_data,
          LocalFunctionData& local_data, duckdb::DataChunk& chunk) {
  auto& global = global_data.Cast<GlobalWrite>();
  auto& local = local_data.Cast<LocalWrite>();
  if (local.builder == nullptr) local.builder = std::make_unique<ArrowRows::Builder>(*global.rows);
  local.builder->Append(chunk);
  if (local.builder->num_rows() >= global.rows->batch_rows()) Push(&global, local.builder->Finish());
}

void Combine(duckdb::ExecutionContext&, FunctionData&, GlobalFunctionData& global_data,
             LocalFunctionData& local_data) {
  auto& local = local_data.Cast<LocalWrite>();
  if (local.builder != nullptr) Push(&global_data.Cast<GlobalWrite>(), local.builder->Finish());
}

unique_ptr<duckdb::PreparedBatchData> PrepareBatch(ClientContext&, FunctionData&,
                                                   GlobalFunctionData& global_data,
                                                   unique_ptr<duckdb::ColumnDataCollection> collection) {
  const auto& rows = *global_data.Cast<GlobalWrite>().rows;
  auto prepared = make_uniq<PreparedRows>();
  ArrowRows::Builder builder(rows);
  const auto take = [&] {
    if (auto batch = builder.Finish()) prepared->batches.push_back(std::move(batch));
  };
  for (auto& chunk : collection->Chunks()) {
    builder.Append(chunk);
    if (builder.num_rows() >= rows.batch_rows()) take();
  }
  take();
  return prepared;
}

void FlushBatch(ClientContext&, FunctionData&, GlobalFunctionData& global_data,
                duckdb::PreparedBatchData& batch_data) {
  for (auto& batch : batch_data.Cast<PreparedRows>().batches) {
    Push(&global_data.Cast<GlobalWrite>(), std::move(batch));
  }
}

duckdb::idx_t DesiredBatchSize(ClientContext& context, FunctionData& data) {
  const auto& target = data.Cast<WriteTarget>();
  return ArrowRows(context, target.types, target.names).batch_rows();
}

void Finalize(ClientContext& context, FunctionData& data, GlobalFunctionData& global_data) {
  const auto& target = data.Cast<WriteTarget>();
  auto& writer = global_data.Cast<GlobalWrite>().writer;
  if (Deferred(context, target)) {
    LanceTransaction::Get(context, *target.catalog).Hold(std::move(writer));
  } else {
    ThrowIfFailed(writer->Commit());
  }
  writer.reset();
}

// Before the statement is bound, FORMAT may still be among the options.
bool IsLance(const duckdb::CopyInfo& info) {
  const auto option = info.parsed_options.find("format");
  if (option != info.parsed_options.end() && option->second) {
    const auto& expression = *option->second;
    const auto text = expression.GetExpressionClass() == duckdb::ExpressionClass::CONSTANT
                          ? expression.Cast<duckdb::ConstantExpression>().value.ToString()
                          : expression.ToString();
    return duckdb::StringUtil::CIEquals(text, "lance");
  }
  if (!info.format.empty() && !info.is_format_auto_detected) {
    return duckdb::StringUtil::CIEquals(info.format, "lance");
  }
  const auto& path = info.file_path_expression ? info.file_path_expression->ToString() : info.file_path;
  return duckdb::StringUtil::EndsWith(path, ".lance") || duckdb::StringUtil::EndsWith(path, ".lance'");
}

duckdb::CopyFunctionExecutionMode ExecutionMode(bool keep_order, bool has_batch_index) {
  if (!keep_order) return duckdb::CopyFunctionExecutionMode::PARALLEL_COPY_TO_FILE;
  return has_batch_index ? duckdb::CopyFunctionExecutionMode::BATCH_COPY_TO_FILE
                         : duckdb::CopyFunctionExecutionMode::REGULAR_COPY_TO_FILE;
}

// Without a file system in between: the path names a folder, which the writer makes.
template <typename Operator>
Operator& MakeOperator(duckdb::PhysicalPlanGenerator& planner, unique_ptr<WriteTarget> target,
                       duckdb::vector<duckdb::LogicalType> types, duckdb::PhysicalOperator& rows) {
  const std::string path = target->path;
  // An INSERT of no rows makes no version; a new table comes without rows, too.
  const bool write_empty = target->options.mode != WriteMode::kAppend;
  auto& made = planner.Make<Operator>(std::move(types), MakeCopyFunction(), std::move(target),
                                      rows.estimated_cardinality);
  auto& copy = made.template Cast<Operator>();
  copy.file_path = path;
  copy.use_tmp_file = false;
  copy.return_type = duckdb::CopyFunctionReturnType::CHANGED_ROWS;
  copy.write_empty_file = write_empty;
  copy.children.push_back(rows);
  return copy;
}

}  // namespace

unique_ptr<FunctionData> WriteTarget::Copy() const { return make_uniq<WriteTarget>(*this); }

bool WriteTarget::Equals(const FunctionData& other) const {
  const auto& target = other.Cast<WriteTarget>();
  return path == target.path && names == target.names && types == target.types &&
         options.mode == target.options.mode;
}

duckdb::CopyFunction MakeCopyFunction() {
  duckdb::CopyFunction function("lance");
  function.extension = "lance";
  function.copy_to_bind = Bind;
  function.copy_to_initialize_global = InitializeGlobal;
  function.copy_to_initialize_local = InitializeLocal;
  function.copy_to_sink = Sink;
  function.copy_to_combine = Combine;
  function.copy_to_finalize = Finalize;
  function.execution_mode = ExecutionMode;
  function.prepare_batch = PrepareBatch;
  function.flush_batch = FlushBatch;
  function.desired_batch_size = DesiredBatchSize;
  return function;
}

void RewriteCopyMode(duckdb::SQLStatement* statement) {
  if (statement->type == duckdb::StatementType::EXPLAIN_STATEMENT) {
    return RewriteCopyMode(statement->Cast<duckdb::ExplainStatement>().stmt.get());
  }
  if (statement->type != duckdb::StatementType::COPY_STATEMENT) return;
  auto& info = *statement->Cast<duckdb::CopyStatement>().info;
  if (info.is_from || !IsLance(info)) return;
  for (const char* word : {"overwrite", "append"}) {
    if (info.options.erase(word) == 0 && info.parsed_options.erase(word) == 0) continue;
    if (info.options.count("mode") != 0 || info.parsed_options.count("mode") != 0) {
      throw BinderException("COPY TO has the options %s and mode: give one", word);
    }
    info.parsed_options["mode"] = make_uniq<duckdb::ConstantExpression>(Value(word));
  }
}

duckdb::PhysicalOperator& PlanWrite(ClientContext& context, duckdb::PhysicalPlanGenerator& planner,
                                    unique_ptr<WriteTarget> target,
                                    duckdb::vector<duckdb::LogicalType> result_types,
                                    duckdb::PhysicalOperator& rows) {
  const bool keep_order = duckdb::PhysicalPlanGenerator::PreserveInsertionOrder(context, rows);
  const auto mode = ExecutionMode(keep_order, duckdb::PhysicalPlanGenerator::UseBatchIndex(context, rows));
  if (mode == duckdb::CopyFunctionExecutionMode::BATCH_COPY_TO_FILE) {
    return MakeOperator<duckdb::PhysicalBatchCopyToFile>(planner, std::move(target), std::move(result_types),
                                                         rows);
  }
  const auto names = target->names;
  const auto types = target->types;
  auto& copy =
      MakeOperator<duckdb::PhysicalCopyToFile>(planner, std::move(target), std::move(result_types), rows);
  copy.names = names;
  copy.expected_types = types;
  copy.parallel = mode == duckdb::CopyFunctionExecutionMode::PARALLEL_COPY_TO_FILE;
  copy.per_thread_output = false;
  copy.partition_output = false;
  copy.write_partition_columns = false;
  copy.rotate = false;
  copy.hive_file_pattern = false;
  copy.overwrite_mode = duckdb::CopyOverwriteMode::COPY_OVERWRITE_OR_IGNORE;
  return copy;
}

}  // namespace lance::sql
