#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dataset_arguments.h"
#include "duckdb_api.h"
#include "lance/dataset.h"
#include "type_mapping.h"

namespace lance::sql {

/// A scan of one version of one dataset, as a query plan holds it. Shared by lance_scan and
/// lance_vector_search.
struct LanceBindData : public duckdb::TableFunctionData {
  std::string path;
  duckdb::vector<duckdb::Value> inputs;      ///< as given, for copies of the plan
  duckdb::named_parameter_map_t parameters;  ///< as given
  std::shared_ptr<Dataset> dataset;
  ScanOptions options;                       ///< without projection, filter and limit
  duckdb::vector<std::string> column_names;  ///< Lance's names, in the order of the table
  duckdb::vector<duckdb::LogicalType> column_types;
  std::vector<bool> pushable;  ///< per column: both engines see the same type, so that conditions can be said
  std::shared_ptr<arrow::Schema> schema;                  ///< of all columns, virtual ones last
  duckdb::ArrowTableSchema arrow_types;                   ///< of the same
  size_t num_virtual_columns = 0;                         ///< _rowid, _rowaddr
  duckdb::optional_ptr<duckdb::TableCatalogEntry> table;  ///< of an attached folder, if it comes from there

  std::vector<std::string> filters;  ///< pushed down, all must hold
  std::optional<uint64_t> limit;     ///< pushed down: no more rows are wanted

  duckdb::unique_ptr<duckdb::FunctionData> Copy() const override;
  bool Equals(const duckdb::FunctionData& other) const override;

  std::string FilterText() const;
};

/// The virtual columns: SELECT _rowid, * FROM ... finds them, SELECT * does not.
constexpr const char* kRowIdColumn = "_rowid";
constexpr const char* kRowAddressColumn = "_rowaddr";

/// Neighbours that a search returns when the query does not say how many.
constexpr int64_t kDefaultNeighbours = 10;

/// Makes lance_scan(path, version => ..., ...).
duckdb::TableFunction MakeScanFunction();

/// Makes lance_vector_search(path, column, query, k => 10, ...): see vector_search.cc.
duckdb::TableFunction MakeVectorSearchFunction();

/// A query vector as Lance searches `column` with it; nullptr when the column holds no single vectors of
/// float32 or float64, which both engines compare alike.
/// Throws BinderException for a query that is no list of numbers.
std::shared_ptr<arrow::Array> MakeSearchQuery(const duckdb::Value& query, const arrow::Schema& schema,
                                              const std::string& column);

/// The columns that SELECT * does not find.
duckdb::virtual_column_map_t VirtualColumnsOf(const LanceBindData& data);

// What the two have in common.
void FillCallbacks(duckdb::TableFunction* function);

/// Fills dataset (unless it is there), columns and types from path, parameters and options. `context` may be
/// asked for extension types.
void BindColumns(duckdb::ClientContext& context, LanceBindData* data);

}  // namespace lance::sql
