#include "lance/encoding/v2_0/describe.h"
#include "lance/encoding/v2_0/field_readers.h"
#include "lance/file/version_readers.h"

namespace lance::file {

Result<std::shared_ptr<encoding::FieldReader>> OpenFieldV2_0(const schema::Field& field,
                                                             const encoding::FieldOptions& options,
                                                             std::shared_ptr<encoding::ColumnSource> source) {
  return encoding::v2_0::OpenField(field, options, std::move(source));
}

std::string DescribeEncodingV2_0(const std::string& encoding) {
  return encoding::v2_0::DescribeEncoding(encoding);
}

}  // namespace lance::file
