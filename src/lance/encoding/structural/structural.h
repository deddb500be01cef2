#pragma once

#include <memory>

#include "lance/base/status.h"
#include "lance/encoding/core/leaf_shape.h"
#include "lance/encoding/core/page.h"

namespace lance::pb21 {
class BlobLayout;
class ConstantLayout;
class FullZipLayout;
class MiniBlockLayout;
class PageLayout;
}  // namespace lance::pb21

namespace lance::encoding {

using PageReaderPtr = std::shared_ptr<const PageReader>;

/// What every structural reader is made from. The references live as long as the call.
struct PageSource {
  const PageInfo& info;
  const PageFormat& format;
  const LeafShape& shape;
  ByteSource* source;
};

/// One opener a layout; OpenStructuralPage picks by the arm that is set and adds `info.where` to errors.
Result<PageReaderPtr> OpenMiniBlock(const PageSource& page, const pb21::MiniBlockLayout& layout);
Result<PageReaderPtr> OpenFullZip(const PageSource& page, const pb21::FullZipLayout& layout);
Result<PageReaderPtr> OpenConstant(const PageSource& page, const pb21::ConstantLayout& layout);
Result<PageReaderPtr> OpenBlob(const PageSource& page, const pb21::BlobLayout& layout, int depth);
Result<PageReaderPtr> OpenLayout(const PageSource& page, const pb21::PageLayout& layout, int depth);

/// Reads page buffers `which` of a page in one request.
Result<std::vector<BufferPtr>> ReadPageBuffers(const PageSource& page, std::span<const size_t> which);

/// Fails when a caller's rows are not ascending, disjoint and inside the page.
Status CheckRows(std::span<const RowRange> rows, uint64_t num_rows);

/// Fails when what arrived is not what a task asked for.
Status CheckArrived(std::span<const ByteRange> ranges, const std::vector<BufferPtr>& buffers);

}  // namespace lance::encoding
