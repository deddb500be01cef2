#pragma once

#include <map>
#include <string>

#include "duckdb_api.h"
#include "lance/dataset.h"

namespace lance::sql {

/// Adds the named parameters that say which version of a dataset is meant, and how it is read.
void AddDatasetParameters(duckdb::TableFunction* function);

/// Turns them into options. Throws duckdb::BinderException when they do not fit together.
OpenOptions ToOpenOptions(const duckdb::named_parameter_map_t& parameters);
void ApplyReadParameters(const duckdb::named_parameter_map_t& parameters, ScanOptions* options);

/// The entries of MAP {'key': 'value', ...}.
std::map<std::string, std::string> ToStorageOptions(const duckdb::Value& map);

/// Throws the exception that DuckDB's users expect for a failed status; returns when it is ok.
void ThrowIfFailed(const arrow::Status& status);

template <typename T>
T ValueOrThrow(arrow::Result<T> result) {
  ThrowIfFailed(result.status());
  return std::move(result).ValueUnsafe();
}

}  // namespace lance::sql
