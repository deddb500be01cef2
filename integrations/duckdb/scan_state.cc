// Runs a bound scan. Where the rows can be read piece by piece, DuckDB's threads do all the work: each takes
// the next row range of a fragment, decodes it and turns it into DuckDB vectors, whose fixed-width values and
// long strings are not copied. Else (a search, a limit behind a filter, remote data whose latency wants
// reading ahead) one Lance reader serves all threads, which decodes on Lance's own workers; a thread takes
// the next batch under a lock.
#include "scan_state.h"

#include <atomic>
#include <mutex>

#include <arrow/api.h>
#include <arrow/c/bridge.h>

#include "lance/shared_scan.h"

namespace lance::sql {

namespace {

using duckdb::idx_t;

constexpr idx_t kNoColumn = static_cast<idx_t>(-1);

struct GlobalState : public duckdb::GlobalTableFunctionState {
  std::unique_ptr<SharedScan> pieces;  // thread-safe; the rest is for when it is null
  std::mutex mutex;
  std::shared_ptr<arrow::RecordBatchReader> reader;  // guarded by mutex, as are the next two
  idx_t next_batch = 0;
  bool done = false;

  // Immutable once the scan runs.
  std::unique_ptr<TypeMapping> mapping;
  std::vector<idx_t>
      batch_columns;  ///< per output column, the column of the batch; kNoColumn: no value is wanted
  std::vector<idx_t> arrow_columns;  ///< per output column, the entry of LanceBindData::arrow_types
  idx_t threads = 1;
  bool count_only = false;
  uint64_t expected_rows = 0;

  std::atomic<uint64_t> rows_read{0};
  std::atomic<uint64_t> rows_to_count{0};

  idx_t MaxThreads() const override { return threads; }
};

struct LocalState : public duckdb::LocalTableFunctionState {
  duckdb::shared_ptr<duckdb::ArrowArrayWrapper> chunk;
  idx_t offset = 0;
  idx_t batch_index = 0;
  std::vector<std::unique_ptr<duckdb::ArrowArrayScanState>> columns;
};

// The next batch that has rows, with its place among all; null at the end.
std::shared_ptr<arrow::RecordBatch> TakeBatch(GlobalState* global, idx_t* index) {
  if (global->pieces != nullptr) {
    auto piece = ValueOrThrow(global->pieces->Next());
    if (!piece.has_value()) return nullptr;
    *index = piece->index;
    return std::move(piece->batch);
  }
  std::lock_guard lock(global->mutex);
  std::shared_ptr<arrow::RecordBatch> batch;
  do {
    if (global->done) return nullptr;
    ThrowIfFailed(global->reader->ReadNext(&batch));
    if (batch == nullptr) {
      global->done = true;
      global->reader.reset();
      return nullptr;
    }
  } while (batch->num_rows() == 0);
  *index = global->next_batch++;
  return batch;
}

// Makes the next batch current; false at the end.
bool NextBatch(const GlobalState& constant, GlobalState* global, LocalState* local) {
  std::shared_ptr<arrow::RecordBatch> batch = TakeBatch(global, &local->batch_index);
  if (batch == nullptr) return false;
  global->rows_read += batch->num_rows();
  batch = ValueOrThrow(constant.mapping->Apply(batch));
  for (auto& column : local->columns) column->Reset();
  auto chunk = duckdb::make_shared_ptr<duckdb::ArrowArrayWrapper>();
  ThrowIfFailed(arrow::ExportRecordBatch(*batch, &chunk->arrow_array));
  local->chunk = std::move(chunk);
  local->offset = 0;
  return true;
}

void Convert(const LanceBindData& data, const GlobalState& global, LocalState* local,
             duckdb::DataChunk* output) {
  const idx_t rows = output->size();
  const auto& types = data.arrow_types.GetColumns();
  for (idx_t i = 0; i < output->ColumnCount(); i++) {
    auto& vector = output->data[i];
    if (global.batch_columns[i] == kNoColumn) {
      vector.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
      duckdb::ConstantVector::SetNull(vector, true);
      continue;
    }
    auto& array = *local->chunk->arrow_array.children[global.batch_columns[i]];
    auto& state = *local->columns[i];
    if (!state.owned_data) state.owned_data = local->chunk;
    const duckdb::ArrowType& type = *types.at(global.arrow_columns[i]);
    type.ThrowIfInvalid();
    if (type.GetPhysicalType() == duckdb::ArrowArrayPhysicalType::DICTIONARY_ENCODED) {
      duckdb::ArrowToDuckDBConversion::ColumnArrowToDuckDBDictionary(vector, array, local->offset, state,
                                                                     rows, type);
    } else {
      duckdb::ArrowToDuckDBConversion::SetValidityMask(vector, array, local->offset, rows,
                                                       local->chunk->arrow_array.offset, -1);
      duckdb::ArrowToDuckDBConversion::ColumnArrowToDuckDB(vector, array, local->offset, state, rows, type);
    }
  }
}

// What to ask of Lance for the columns that DuckDB wants.
ScanOptions MakeOptions(const LanceBindData& data, const duckdb::vector<duckdb::column_t>& column_ids) {
  ScanOptions options = data.options;
  options.columns.emplace();
  for (const auto id : column_ids) {
    if (id == duckdb::COLUMN_IDENTIFIER_EMPTY) continue;
    if (id >= duckdb::VIRTUAL_COLUMN_START) {
      (id == duckdb::VIRTUAL_COLUMN_START ? options.with_row_id : options.with_row_address) = true;
      continue;
    }
    options.columns->push_back({data.column_names[id], ""});
  }
  if (!data.filters.empty()) options.filter = data.FilterText();
  if (data.limit) options.limit = static_cast<int64_t>(*data.limit);
  return options;
}

bool IsLocal(const std::string& uri) {
  return uri.find("://") == std::string::npos || uri.starts_with("file://") || uri.starts_with("memory://");
}

bool WantsNoValues(const duckdb::vector<duckdb::column_t>& column_ids) {
  for (const auto id : column_ids) {
    if (id != duckdb::COLUMN_IDENTIFIER_EMPTY) return false;
  }
  return true;
}

void MapColumns(const LanceBindData& data, const arrow::Schema& schema,
                const duckdb::vector<duckdb::column_t>& column_ids, GlobalState* global) {
  for (const auto id : column_ids) {
    if (id == duckdb::COLUMN_IDENTIFIER_EMPTY) {
      global->batch_columns.push_back(kNoColumn);
      global->arrow_columns.push_back(kNoColumn);
      continue;
    }
    const idx_t column = id >= duckdb::VIRTUAL_COLUMN_START
                             ? data.column_names.size() + (id - duckdb::VIRTUAL_COLUMN_START)
                             : id;
    const auto& name = data.schema->field(static_cast<int>(column))->name();
    const int index = schema.GetFieldIndex(name);
    if (index < 0) throw duckdb::InternalException("lance_scan: the scan does not give column \"%s\"", name);
    global->batch_columns.push_back(static_cast<idx_t>(index));
    global->arrow_columns.push_back(column);
  }
}

}  // namespace

duckdb::unique_ptr<duckdb::GlobalTableFunctionState> InitGlobal(duckdb::ClientContext& context,
                                                                duckdb::TableFunctionInitInput& input) {
  const auto& data = input.bind_data->Cast<LanceBindData>();
  auto global = duckdb::make_uniq<GlobalState>();
  const ScanOptions options = MakeOptions(data, input.column_ids);
  global->count_only = WantsNoValues(input.column_ids) && !data.options.nearest;
  if (global->count_only) {
    // Nothing but the number of rows is wanted.
    auto rows = static_cast<uint64_t>(ValueOrThrow(data.dataset->CountRows(options.filter)));
    if (data.limit) rows = std::min(rows, *data.limit);
    global->rows_to_count = rows;
    return global;
  }
  const auto scanner = ValueOrThrow(data.dataset->Scan(options));
  global->mapping = std::make_unique<TypeMapping>(ValueOrThrow(TypeMapping::Make(scanner->schema())));
  MapColumns(data, *scanner->schema(), input.column_ids, global.get());
  global->threads = duckdb::TaskScheduler::GetScheduler(context).NumberOfThreads();
  if (global->threads > 1 && IsLocal(data.dataset->uri())) {
    global->pieces = ValueOrThrow(MakeSharedScan(*scanner, static_cast<int>(global->threads)));
  }
  if (global->pieces == nullptr) global->reader = ValueOrThrow(scanner->ToReader());
  if (data.filters.empty() && !data.options.nearest)
    global->expected_rows = data.dataset->CountRows().ValueOr(0);
  return global;
}

duckdb::unique_ptr<duckdb::LocalTableFunctionState> InitLocal(
    duckdb::ExecutionContext& context, duckdb::TableFunctionInitInput& input,
    duckdb::GlobalTableFunctionState* global_state) {
  auto local = duckdb::make_uniq<LocalState>();
  for (size_t i = 0; i < input.column_ids.size(); i++) {
    local->columns.push_back(std::make_unique<duckdb::ArrowArrayScanState>(context.client));
  }
  return local;
}

void Scan(duckdb::ClientContext&, duckdb::TableFunctionInput& input, duckdb::DataChunk& output) {
  auto& global = input.global_state->Cast<GlobalState>();
  auto& local = input.local_state->Cast<LocalState>();
  if (global.count_only) {
    const uint64_t rows = std::min<uint64_t>(STANDARD_VECTOR_SIZE, global.rows_to_count);
    global.rows_to_count -= rows;
    for (auto& vector : output.data) {
      vector.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
      duckdb::ConstantVector::SetNull(vector, true);
    }
    output.SetCardinality(rows);
    return;
  }
  if (local.chunk == nullptr || local.offset >= static_cast<idx_t>(local.chunk->arrow_array.length)) {
    if (!NextBatch(global, &global, &local)) return;
  }
  const auto length = static_cast<idx_t>(local.chunk->arrow_array.length);
  output.SetCardinality(std::min<idx_t>(STANDARD_VECTOR_SIZE, length - local.offset));
  Convert(input.bind_data->Cast<LanceBindData>(), global, &local, &output);
  local.offset += output.size();
}

duckdb::OperatorPartitionData PartitionData(duckdb::ClientContext&,
                                            duckdb::TableFunctionGetPartitionInput& input) {
  if (input.partition_info.RequiresPartitionColumns()) {
    throw duckdb::InternalException("lance_scan: there are no partition columns");
  }
  return duckdb::OperatorPartitionData(input.local_state->Cast<LocalState>().batch_index);
}

double ScanProgress(duckdb::ClientContext&, const duckdb::FunctionData*,
                    const duckdb::GlobalTableFunctionState* global_state) {
  const auto& global = global_state->Cast<GlobalState>();
  if (global.expected_rows == 0) return -1;
  return std::min(100.0,
                  100.0 * static_cast<double>(global.rows_read) / static_cast<double>(global.expected_rows));
}

}  // namespace lance::sql
