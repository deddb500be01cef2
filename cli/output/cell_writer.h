#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <arrow/result.h>

namespace arrow {
class Array;
}

namespace lance::cli {

/// How values become text. Nested values are always written as JSON; only the outermost level differs.
struct CellStyle {
  bool json = false;      ///< strings, times and binaries in quotes at the outermost level too
  int64_t max_items = 0;  ///< list items shown before "…" ends them; 0: all
  int64_t max_bytes = 0;  ///< bytes shown of a string or binary; 0: all
};

/// Writes the values of one array as text. The array must outlive the writer.
///
/// Doubles are the shortest text that reads back the same; NaN and infinities are strings in JSON, which has
/// no such numbers. Times are ISO 8601, instants in UTC with a "Z". Binaries are hexadecimal. Decimals keep
/// their scale.
class CellWriter {
 public:
  virtual ~CellWriter() = default;
  /// Appends the value at `row`; "null" for a null.
  virtual void Append(int64_t row, std::string* out) const = 0;
  virtual bool IsNull(int64_t row) const = 0;

  /// \retval NotImplemented  a type that has no text form here, by name
  static arrow::Result<std::unique_ptr<CellWriter>> Make(const arrow::Array& array, const CellStyle& style);
};

/// Appends `text` as a JSON string with its quotes. Bytes that are no UTF-8 are replaced by U+FFFD.
void AppendJsonString(std::string_view text, std::string* out);

}  // namespace lance::cli
