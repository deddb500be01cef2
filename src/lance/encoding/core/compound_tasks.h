#pragma once

#include <memory>
#include <span>
#include <vector>

#include "lance/encoding/core/field_reader.h"

namespace arrow {
class DataType;
}

namespace lance::encoding {

/// Joins the reads of a struct's members; every member gives `num_rows` rows. The old versions store no
/// validity of structs, so none is null.
std::unique_ptr<FieldTask> MakeStructTask(std::shared_ptr<arrow::DataType> type, uint64_t num_rows,
                                          std::vector<std::unique_ptr<FieldTask>> members);

/// Puts list items under offsets that are known already: `offsets` has {validity, offsets} and its length,
/// and ends at `num_items`. With a string type the items are its bytes.
std::unique_ptr<FieldTask> MakeListTask(std::shared_ptr<arrow::DataType> type,
                                        std::shared_ptr<arrow::ArrayData> offsets, uint64_t num_items,
                                        std::unique_ptr<FieldTask> items);

/// `rows` nulls of any type, without a read.
std::unique_ptr<FieldTask> MakeNullTask(std::shared_ptr<arrow::DataType> type, uint64_t rows);

}  // namespace lance::encoding
