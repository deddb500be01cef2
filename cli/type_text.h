#pragma once

#include <memory>
#include <string>

#include <arrow/result.h>
#include <arrow/type_fwd.h>

namespace lance::cli {

/// Reads a data type as `lance schema` prints it, and as people type it: "int64", "string", "decimal128(12,
/// 2)", "timestamp[us, UTC]", "list<float>", "struct<x: int32, y: string>", "float[16]" (a vector of 16).
/// Errors: Invalid says where it does not read on, with examples.
arrow::Result<std::shared_ptr<arrow::DataType>> ParseType(const std::string& text);

}  // namespace lance::cli
