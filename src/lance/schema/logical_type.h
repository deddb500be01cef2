#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "lance/base/status.h"

namespace arrow {
class DataType;
class Field;
}  // namespace arrow

namespace lance::schema {

inline constexpr char kExtensionName[] = "ARROW:extension:name";
inline constexpr char kExtensionMetadata[] = "ARROW:extension:metadata";
inline constexpr char kBlobKey[] = "lance-encoding:blob";
inline constexpr char kBlobV2Extension[] = "lance.blob.v2";
inline constexpr char kBfloat16Extension[] = "lance.bfloat16";
inline constexpr char kJsonExtension[] = "lance.json";

/// Returns the Arrow type of a logical type that needs no children: everything but structs, lists, maps and
/// fixed-size lists of structs. Errors: NotSupported names the text when it is unknown; Corruption when its
/// numbers are wrong.
Result<std::shared_ptr<arrow::DataType>> ArrowTypeOf(std::string_view logical_type);

/// Returns N of "fixed_size_list:struct:N", or 0 when `logical_type` is something else or N is not positive.
int32_t StructListDimension(std::string_view logical_type);

/// Names the logical type of an Arrow field (its type, and the extension that changes how it is stored).
/// Errors: NotSupported names a type that Lance cannot store.
Result<std::string> LogicalTypeOf(const arrow::Field& field);

}  // namespace lance::schema
