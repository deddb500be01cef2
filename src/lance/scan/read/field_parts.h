#pragma once

#include <memory>
#include <optional>
#include <span>
#include <unordered_set>
#include <vector>

#include "lance/base/status.h"
#include "lance/schema/schema.h"

namespace arrow {
class ArrayData;
class DataType;
}  // namespace arrow

namespace lance::scan {

using FieldIds = std::unordered_set<int32_t>;

/// The part of `field` that a file with columns for `ids` holds: members it lacks are left out. None when it
/// holds nothing of it.
std::optional<schema::Field> HeldPart(const schema::Field& field, const FieldIds& ids);

/// Puts together a struct whose members were read from several files.
///
/// \param field  what the result holds, in this order
/// \param type   its Arrow type
/// \param parts  fields as HeldPart gave them, with their arrays, all of `length` rows
/// Members that no part holds are null. Validity comes from the first part.
Result<std::shared_ptr<arrow::ArrayData>> MergeParts(
    const schema::Field& field, const std::shared_ptr<arrow::DataType>& type,
    std::span<const std::pair<const schema::Field*, std::shared_ptr<arrow::ArrayData>>> parts,
    int64_t length);

}  // namespace lance::scan
