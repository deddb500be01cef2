#pragma once

#include <memory>

#include "lance/encoding/assembly/leaf_column.h"
#include "lance/encoding/core/blob.h"

namespace lance::encoding {

/// Wraps a column of blob descriptors into one of large binary values. Planning reads the descriptors; the
/// planned ranges are the blobs inside the data file. Blobs outside of it are read by `resolver` when they
/// are decoded; without one they fail with NotSupported.
std::unique_ptr<LeafColumn> MakeBlobBytesColumn(std::unique_ptr<LeafColumn> descriptors, bool is_v2,
                                                ColumnSource* source, std::shared_ptr<BlobResolver> resolver);

}  // namespace lance::encoding
