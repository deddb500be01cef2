#pragma once

#include <vector>

#include "lance/base/status.h"
#include "lance/encoding/core/leaf_shape.h"
#include "lance/encoding/write/encoded_page.h"
#include "lance/encoding/write/leaf_values.h"

namespace lance::encoding::v2_0 {

/// Encodes the values of a leaf as one page. `nulls` has one flag a value or is empty.
/// Errors: InvalidArgument when the version has no place for what is null.
Result<EncodedPage> EncodeArray(const LeafShape& shape, const LeafValues& values,
                                const std::vector<bool>& nulls);

/// Encodes the ends of lists. Ends of null lists must be `num_items + 1` above the item they stand at.
Result<EncodedPage> EncodeLists(const std::vector<uint64_t>& ends, uint64_t num_items);

/// The page of a struct: nothing but its number of rows.
EncodedPage EncodeStructHeader(uint64_t num_rows);

/// Where blobs lie; (0, 0) is the empty value, (1, 0) null.
Result<EncodedPage> EncodeBlobDescriptors(const std::vector<uint64_t>& positions,
                                          const std::vector<uint64_t>& sizes);

}  // namespace lance::encoding::v2_0
