#pragma once

#include "duckdb_api.h"

namespace lance::sql {

/// ORDER BY array_distance(column, constant) LIMIT k over a scan: the scan gives the k nearest rows only;
/// DuckDB goes on to compute their distances and to sort them. Works as far as SET lance_ann allows:
///   'off'    (default) DuckDB compares every row;
///   'exact'  Lance compares every row;
///   'on'     an index of that metric is used where there is one: some of the k rows may not be the nearest.
/// lance_nprobes, lance_refine_factor and lance_ef tune the search of an index; NULL leaves it to the reader.
void RegisterNearestPushdown(duckdb::DBConfig* config);

}  // namespace lance::sql
