#pragma once

#include "duckdb_api.h"

namespace lance::sql {

/// Replaces scalar subqueries in the arguments of lance_* table functions by their values, so that
///
///     FROM lance_vector_search('docs.lance', 'vector', (SELECT vector FROM queries WHERE id = 7), k => 5)
///
/// works: DuckDB takes only constants there. Each subquery runs once on `connection` before the statement; it
/// sees tables and files, but no columns or WITH names of the statement around it. Throws what the subquery
/// throws.
void EvaluateSubqueryArguments(duckdb::Connection* connection, duckdb::SQLStatement* statement);

}  // namespace lance::sql
