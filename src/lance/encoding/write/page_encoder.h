#pragma once

#include <vector>

#include "lance/base/status.h"
#include "lance/encoding/write/encoded_page.h"
#include "lance/encoding/write/encoding_hints.h"
#include "lance/encoding/write/leaf_path.h"

namespace lance::encoding {

/// Chooses how rows of a leaf are stored and writes them: one page, or several where the levels of a chunk
/// would not fit. `first_row` is the top-level number of the first row. Errors name the field.
Status EncodePages(const LeafPath& leaf, const EncodingHints& hints, const PageFormat& format, PageRows rows,
                   uint64_t first_row, std::vector<EncodedPage>* out);

/// The inner page of a blob page, its levels told apart from the values; see structural/blob.cc.
Result<EncodedPage> EncodeBlobDescriptors(const std::vector<uint64_t>& positions,
                                          const std::vector<uint64_t>& sizes,
                                          const std::vector<Layer>& layers, const PageFormat& format);

}  // namespace lance::encoding
