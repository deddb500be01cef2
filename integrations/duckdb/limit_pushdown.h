#pragma once

#include "duckdb_api.h"

namespace lance::sql {

/// Tells scans below a LIMIT how many rows are wanted, so that they do not read ahead of it. The LIMIT stays.
void RegisterLimitPushdown(duckdb::DBConfig* config);

}  // namespace lance::sql
