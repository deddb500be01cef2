#include "lance/scan/plan/projection.h"

#include <arrow/api.h>

#include "lance/expr/expr.h"
#include "lance/scan/plan/json_columns.h"

namespace lance::scan {

Result<std::shared_ptr<arrow::Array>> GetMember(std::shared_ptr<arrow::Array> array,
                                                const std::vector<std::string>& path) {
  for (const std::string& name : path) {
    if (array->type_id() != arrow::Type::STRUCT) {
      return InvalidArgument("'{}' is no member of a column of type {}", name, array->type()->ToString());
    }
    const auto& parent = static_cast<const arrow::StructArray&>(*array);
    const int index = parent.struct_type()->GetFieldIndex(name);
    if (index < 0) return Internal("member '{}' was not read", name);
    ARROW_ASSIGN_OR_RAISE(array, parent.GetFlattenedField(index));
  }
  return array;
}

Result<std::shared_ptr<arrow::RecordBatch>> Projection::Apply(const arrow::RecordBatch& batch) const {
  arrow::ArrayVector arrays;
  arrays.reserve(columns.size());
  for (const OutputColumn& column : columns) {
    if (column.expression != nullptr) {
      ARROW_ASSIGN_OR_RAISE(arrays.emplace_back(), column.expression->Evaluate(batch));
      continue;
    }
    std::shared_ptr<arrow::Array> array = batch.GetColumnByName(column.source);
    if (array == nullptr) return Internal("column '{}' was not read", column.source);
    if (!column.members.empty()) {
      ARROW_ASSIGN_OR_RAISE(array, GetMember(std::move(array), column.members));
    }
    if (column.stored != nullptr) {
      ARROW_ASSIGN_OR_RAISE(array, ToJsonText(array, *column.stored));
    }
    arrays.push_back(std::move(array));
  }
  return arrow::RecordBatch::Make(schema, batch.num_rows(), std::move(arrays));
}

}  // namespace lance::scan
