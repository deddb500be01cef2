#pragma once

#include <memory>
#include <string>

#include "lance/encoding/core/column_source.h"
#include "lance/file/file_reader.h"

namespace lance::file {

// What differs from version to version behind FileReader. 2.x files share the container (container.h) and
// differ in how fields are put together from columns and in what a page's encoding says.

/// Opens a 0.1 file. `tail` holds the last bytes of the file, at least 16.
Result<std::shared_ptr<FileReader>> OpenV0_1(std::shared_ptr<store::ReadableObject> object,
                                             std::shared_ptr<arrow::Buffer> tail, const ReadOptions& options);

/// Opens a field of a 2.0 file; columns come from `source`.
Result<std::shared_ptr<encoding::FieldReader>> OpenFieldV2_0(const schema::Field& field,
                                                             const encoding::FieldOptions& options,
                                                             std::shared_ptr<encoding::ColumnSource> source);

/// One readable line for the encoding of a 2.0 page (a serialized ArrayEncoding).
std::string DescribeEncodingV2_0(const std::string& encoding);

}  // namespace lance::file
