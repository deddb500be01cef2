#pragma once

#include <memory>
#include <string>

#include <arrow/result.h>

namespace arrow {
class Buffer;
class Schema;
}  // namespace arrow

namespace lance::python {

/// Writes a pyarrow.compute.Expression as filter text of ours. `serialized` is what the expression pickles as
/// (Arrow's own serialization: exact, with typed literals), `schema` resolves references by position.
///
/// The result means what SQL means: `IN` and `NOT` are three-valued, as they are for the reference, which
/// takes the same expressions through Substrait. Errors: NotSupported names a function, option or literal
/// type without counterpart.
arrow::Result<std::string> ExpressionToSql(std::shared_ptr<arrow::Buffer> serialized,
                                           const arrow::Schema& schema);

}  // namespace lance::python
