#pragma once

#include "duckdb_api.h"

namespace lance::sql {

/// Makes FROM 'path' mean lance_scan('path') when path ends in .lance, or is a folder with a Lance dataset.
void RegisterReplacementScan(duckdb::DBConfig* config);

}  // namespace lance::sql
