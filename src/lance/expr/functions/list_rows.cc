#include "lance/expr/functions/list_rows.h"

#include <arrow/compute/api.h>

#include "lance/expr/functions/rows.h"

namespace lance::expr {

using arrow::internal::checked_cast;

TypePtr WithValues(const arrow::DataType& list, const TypePtr& value) {
  auto field = list.field(0)->WithType(value);
  if (list.id() == arrow::Type::LARGE_LIST) return arrow::large_list(field);
  if (list.id() == arrow::Type::FIXED_SIZE_LIST) {
    return arrow::fixed_size_list(field, checked_cast<const arrow::FixedSizeListType&>(list).list_size());
  }
  return arrow::list(field);
}

TypePtr ListOf(const arrow::DataType& list, const TypePtr& value) {
  return list.id() == arrow::Type::LARGE_LIST ? arrow::large_list(value) : arrow::list(value);
}

Result<ListOutput> ListOutput::Make(const TypePtr& type) {
  ListOutput out;
  ARROW_RETURN_NOT_OK(arrow::MakeBuilder(arrow::default_memory_pool(), type, &out.builder_));
  if (type->id() == arrow::Type::LARGE_LIST) {
    out.large_ = checked_cast<arrow::LargeListBuilder*>(out.builder_.get());
    out.elements_ = out.large_->value_builder();
  } else {
    out.small_ = checked_cast<arrow::ListBuilder*>(out.builder_.get());
    out.elements_ = out.small_->value_builder();
  }
  return out;
}

Result<arrow::Datum> ListOutput::Finish() { return Finished(builder_.get()); }

Result<std::vector<int32_t>> Identities(const std::vector<std::shared_ptr<arrow::Array>>& arrays) {
  const arrow::DataType& type = *arrays[0]->type();
  if (arrow::is_nested(type.id())) return NotSupported("comparing list elements of type {}", PrintType(type));
  ARROW_ASSIGN_OR_RAISE(auto all, arrow::Concatenate(arrays));
  arrow::compute::DictionaryEncodeOptions options(arrow::compute::DictionaryEncodeOptions::ENCODE);
  ARROW_ASSIGN_OR_RAISE(arrow::Datum encoded, arrow::compute::DictionaryEncode(all, options));
  const auto array = encoded.make_array();
  const auto& indices =
      checked_cast<const arrow::Int32Array&>(*checked_cast<const arrow::DictionaryArray&>(*array).indices());
  std::vector<int32_t> out(static_cast<size_t>(indices.length()), -1);
  for (int64_t i = 0; i < indices.length(); ++i) {
    if (!indices.IsNull(i)) out[static_cast<size_t>(i)] = indices.Value(i);
  }
  return out;
}

Result<std::vector<int64_t>> Ranks(const std::shared_ptr<arrow::Array>& values) {
  std::vector<int64_t> out(static_cast<size_t>(values->length()), -1);
  if (values->null_count() == values->length()) return out;
  if (arrow::is_nested(values->type_id())) {
    return NotSupported("ordering list elements of type {}", PrintType(*values->type()));
  }
  ARROW_ASSIGN_OR_RAISE(auto order, arrow::compute::SortIndices(*values));
  const auto& indices = checked_cast<const arrow::UInt64Array&>(*order);
  for (int64_t rank = 0; rank < indices.length(); ++rank) {
    const auto at = static_cast<int64_t>(indices.Value(rank));
    if (!values->IsNull(at)) out[static_cast<size_t>(at)] = rank;
  }
  return out;
}

}  // namespace lance::expr
