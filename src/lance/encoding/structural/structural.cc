#include "lance/encoding/structural/structural.h"

#include <arrow/buffer.h>

#include "lance/base/checked_math.h"
#include "lance/proto/page_encodings.pb.h"
#include "lance/proto/parse.h"

namespace lance::encoding {
namespace {
constexpr int kMaxLayoutDepth = 4;  // blob around something is 1
}

Result<PageReaderPtr> OpenLayout(const PageSource& page, const pb21::PageLayout& layout, int depth) {
  using Layout = pb21::PageLayout;
  if (depth > kMaxLayoutDepth) return Corruption("page layouts nested deeper than {}", kMaxLayoutDepth);
  switch (layout.layout_case()) {
    case Layout::kMiniBlockLayout:
      return OpenMiniBlock(page, layout.mini_block_layout());
    case Layout::kConstantLayout:
      return OpenConstant(page, layout.constant_layout());
    case Layout::kFullZipLayout:
      return OpenFullZip(page, layout.full_zip_layout());
    case Layout::kBlobLayout:
      return OpenBlob(page, layout.blob_layout(), depth);
    default:
      return NotSupported("the page has a layout that this version does not know");
  }
}

Result<std::shared_ptr<const PageReader>> OpenStructuralPage(const PageInfo& info, const PageFormat& format,
                                                             const std::shared_ptr<arrow::DataType>& type,
                                                             ByteSource* source) {
  auto open = [&]() -> Result<PageReaderPtr> {
    if (format.major != 2 || (format.minor != 1 && format.minor != 2)) {
      return NotSupported("pages of file version {}.{}: 2.1 and 2.2 are read here", format.major,
                          format.minor);
    }
    pb21::PageLayout layout;
    LANCE_CHECK_BYTES(pb::Parse(info.encoding, &layout), "the page encoding is not a PageLayout message");
    ARROW_ASSIGN_OR_RAISE(LeafShape shape, ShapeOf(type));
    return OpenLayout(PageSource{info, format, shape, source}, layout, 0);
  };
  return WithContext(open(), info.where);
}

Result<std::vector<BufferPtr>> ReadPageBuffers(const PageSource& page, std::span<const size_t> which) {
  std::vector<ByteRange> ranges;
  for (size_t buffer : which) {
    LANCE_CHECK_BYTES(buffer < page.info.buffers.size(),
                      "the page has {} buffers, its layout needs number {}", page.info.buffers.size(),
                      buffer);
    ranges.push_back(page.info.buffers[buffer]);
  }
  if (ranges.empty()) return std::vector<BufferPtr>();
  ARROW_ASSIGN_OR_RAISE(std::vector<BufferPtr> buffers, page.source->ReadMany(ranges));
  ARROW_RETURN_NOT_OK(CheckArrived(ranges, buffers));
  return buffers;
}

Status CheckRows(std::span<const RowRange> rows, uint64_t num_rows) {
  uint64_t end = 0;
  for (const RowRange& range : rows) {
    LANCE_CHECK_ARG(range.length > 0 && range.start >= end && RangeFits(range.start, range.length, num_rows),
                    "rows [{}, +{}) are empty, out of order or outside the {} rows of the page", range.start,
                    range.length, num_rows);
    end = range.end();
  }
  return Status::OK();
}

Status CheckArrived(std::span<const ByteRange> ranges, const std::vector<BufferPtr>& buffers) {
  if (buffers.size() != ranges.size()) {
    return Internal("{} buffers arrived for {} ranges", buffers.size(), ranges.size());
  }
  for (size_t i = 0; i < ranges.size(); ++i) {
    if (buffers[i] == nullptr || static_cast<uint64_t>(buffers[i]->size()) < ranges[i].length) {
      return IOError("short read: {} bytes at {} were asked for, {} arrived", ranges[i].length,
                     ranges[i].offset, buffers[i] == nullptr ? 0 : buffers[i]->size());
    }
  }
  return Status::OK();
}

}  // namespace lance::encoding
