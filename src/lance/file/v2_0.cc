#include "lance/file/version_readers.h"

namespace lance::file {

Result<std::shared_ptr<encoding::FieldReader>> OpenFieldV2_0(const schema::Field&,
                                                             const encoding::FieldOptions&,
                                                             std::shared_ptr<encoding::ColumnSource> source) {
  return NotSupported("{}: file version 2.0 cannot be read yet", source->path());
}

std::string DescribeEncodingV2_0(const std::string&) { return "ArrayEncoding"; }

}  // namespace lance::file
