#pragma once

#include <optional>
#include <string>

#include "duckdb_api.h"
#include "lance/write.h"

namespace lance::sql {

class LanceCatalog;

/// What COPY TO, INSERT and CREATE TABLE AS write.
struct WriteTarget : public duckdb::FunctionData {
  std::string path;
  duckdb::vector<std::string> names;
  duckdb::vector<duckdb::LogicalType> types;
  std::vector<size_t> not_null;  ///< columns of a new table
  WriteOptions options;
  /// Of INSERT and CREATE TABLE AS: the statement belongs to a transaction of this catalog.
  LanceCatalog* catalog = nullptr;

  duckdb::unique_ptr<duckdb::FunctionData> Copy() const override;
  bool Equals(const duckdb::FunctionData& other) const override;
};

/// Makes COPY ... TO 'x.lance' (FORMAT lance, MODE 'create' | 'append' | 'overwrite', ...).
duckdb::CopyFunction MakeCopyFunction();

/// Turns the words OVERWRITE and APPEND of a COPY statement into the MODE that the function knows: DuckDB
/// keeps the two for itself.
void RewriteCopyMode(duckdb::SQLStatement* statement);

/// Plans the write of what `rows` gives.
duckdb::PhysicalOperator& PlanWrite(duckdb::ClientContext& context, duckdb::PhysicalPlanGenerator& planner,
                                    duckdb::unique_ptr<WriteTarget> target,
                                    duckdb::vector<duckdb::LogicalType> result_types,
                                    duckdb::PhysicalOperator& rows);

}  // namespace lance::sql
