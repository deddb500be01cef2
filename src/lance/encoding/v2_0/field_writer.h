#pragma once

#include <memory>

#include "lance/encoding/write/column_writer.h"

namespace lance::encoding {

/// Makes the writer of a field in files of version 2.0, where structs and lists have columns of their own.
/// `field` must outlive it. Errors: NotSupported names what the version cannot store.
Result<std::unique_ptr<FieldWriter>> MakeFieldWriterV2_0(const schema::Field& field,
                                                         const ColumnOptions& options);

}  // namespace lance::encoding
