#pragma once

#include "lance_scan.h"

namespace lance::sql {

// The running side of a table function: one shared reader, many threads that convert what it gives.
duckdb::unique_ptr<duckdb::GlobalTableFunctionState> InitGlobal(duckdb::ClientContext& context,
                                                                duckdb::TableFunctionInitInput& input);
duckdb::unique_ptr<duckdb::LocalTableFunctionState> InitLocal(duckdb::ExecutionContext& context,
                                                              duckdb::TableFunctionInitInput& input,
                                                              duckdb::GlobalTableFunctionState* global_state);
void Scan(duckdb::ClientContext& context, duckdb::TableFunctionInput& input, duckdb::DataChunk& output);
duckdb::OperatorPartitionData PartitionData(duckdb::ClientContext& context,
                                            duckdb::TableFunctionGetPartitionInput& input);
double ScanProgress(duckdb::ClientContext& context, const duckdb::FunctionData* bind_data,
                    const duckdb::GlobalTableFunctionState* global_state);

}  // namespace lance::sql
