#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lance/base/status.h"

namespace arrow {
class Array;
class Field;
class RecordBatch;
class Schema;
}  // namespace arrow
namespace lance::expr {
class Expression;
}

namespace lance::scan {

/// One column of a scan's result: a column of the batches inside the scan, a member of one, or computed.
struct OutputColumn {
  std::shared_ptr<arrow::Field> field;  ///< as the result names it
  std::string source;                   ///< column of the inner batches; "" when computed
  std::vector<std::string> members;     ///< path inside `source`
  std::shared_ptr<const expr::Expression> expression;
  std::string text;                                ///< how explain prints it
  std::shared_ptr<arrow::Field> stored = nullptr;  ///< set when JSON inside has to become text
};

/// From the batches inside a scan to its result. Immutable and thread-safe.
struct Projection {
  std::vector<OutputColumn> columns;
  std::shared_ptr<arrow::Schema> schema;

  Result<std::shared_ptr<arrow::RecordBatch>> Apply(const arrow::RecordBatch& batch) const;
};

/// The member of a struct array at `path`; null where a struct on the way is null.
Result<std::shared_ptr<arrow::Array>> GetMember(std::shared_ptr<arrow::Array> array,
                                                const std::vector<std::string>& path);

}  // namespace lance::scan
