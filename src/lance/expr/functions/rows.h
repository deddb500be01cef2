#pragma once

#include <arrow/api.h>
#include <arrow/datum.h>

#include "lance/expr/kernels/bitmaps.h"
#include "lance/expr/kernels/column_view.h"

namespace lance::expr {

inline Result<arrow::Datum> Finished(arrow::ArrayBuilder* builder) {
  ARROW_ASSIGN_OR_RAISE(auto array, builder->Finish());
  return arrow::Datum(std::move(array));
}

/// Builds utf8 or large_utf8, as the result type says.
class TextOutput {
 public:
  explicit TextOutput(const std::shared_ptr<arrow::DataType>& type)
      : large_(type->id() == arrow::Type::LARGE_STRING) {}
  Status Append(std::string_view text) { return large_ ? wide_.Append(text) : narrow_.Append(text); }
  Status AppendNull() { return large_ ? wide_.AppendNull() : narrow_.AppendNull(); }
  Result<arrow::Datum> Finish() { return large_ ? Finished(&wide_) : Finished(&narrow_); }

 private:
  bool large_;
  arrow::StringBuilder narrow_;
  arrow::LargeStringBuilder wide_;
};

/// Runs `make(row, std::string* scratch) -> Result<std::string_view>` for every row in which no view is null.
template <typename Make, typename... Views>
Result<arrow::Datum> MapText(int64_t rows, const std::shared_ptr<arrow::DataType>& type, Make make,
                             const Views&... views) {
  TextOutput out(type);
  std::string scratch;
  for (int64_t i = 0; i < rows; ++i) {
    if ((views.IsNull(i) || ...)) {
      ARROW_RETURN_NOT_OK(out.AppendNull());
      continue;
    }
    scratch.clear();
    Result<std::string_view> text = make(i, &scratch);
    ARROW_RETURN_NOT_OK(text.status());
    ARROW_RETURN_NOT_OK(out.Append(*text));
  }
  return out.Finish();
}

/// Runs `make(row)` for every row in which no view is null, into a builder of numbers or booleans.
template <typename Builder, typename Make, typename... Views>
Result<arrow::Datum> MapValues(int64_t rows, Make make, const Views&... views) {
  Builder builder;
  ARROW_RETURN_NOT_OK(builder.Reserve(rows));
  for (int64_t i = 0; i < rows; ++i) {
    if ((views.IsNull(i) || ...)) {
      builder.UnsafeAppendNull();
    } else {
      builder.UnsafeAppend(make(i));
    }
  }
  return Finished(&builder);
}

}  // namespace lance::expr
