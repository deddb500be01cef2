#pragma once

#include <memory>
#include <string>

#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include "input/row_source.h"

namespace lance::cli {

/// Opens one file. `options.types` are used where the format has none of its own (CSV, JSON lines).
/// \param num_rows  set where the file says it without being read
arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> OpenInputFile(const std::string& path,
                                                                       InputFormat format,
                                                                       const InputOptions& options,
                                                                       std::optional<uint64_t>* num_rows);

}  // namespace lance::cli
