#pragma once

#include <memory>

#include <arrow/type_fwd.h>

#include "lance/base/status.h"
#include "lance/schema/schema.h"

namespace lance::dataset {

/// Rows in the form that files store: extension arrays as their storage, JSON text as JSONB. Columns that are
/// stored as they come are shared. Errors: InvalidArgument names the column and row of text that is no JSON.
Result<std::shared_ptr<arrow::RecordBatch>> ToStoredRows(std::shared_ptr<arrow::RecordBatch> batch,
                                                         const schema::Schema& schema);

}  // namespace lance::dataset
