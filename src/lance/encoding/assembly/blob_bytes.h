#pragma once

#include <memory>

#include "lance/encoding/assembly/leaf_column.h"
#include "lance/encoding/core/blob.h"

namespace lance::encoding {

/// What is made of a column's descriptors: large binary values, or WritableBlobType of v2 ones.
enum class BlobView { kBytesOfV1, kBytesOfV2, kWritable };

/// Wraps a column of blob descriptors into one of values. Planning reads the descriptors; the
/// planned ranges are the blobs inside the data file. Blobs outside of it are read by `resolver` when they
/// are decoded; without one they fail with NotSupported. The
/// writable view does not read objects that the table only refers to.
std::unique_ptr<LeafColumn> MakeBlobBytesColumn(std::unique_ptr<LeafColumn> descriptors, BlobView view,
                                                ColumnSource* source, std::shared_ptr<BlobResolver> resolver);

}  // namespace lance::encoding
