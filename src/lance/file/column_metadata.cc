#include "lance/file/column_metadata.h"

#include "lance/base/checked_math.h"
#include "lance/proto/file_format.pb.h"
#include "lance/proto/parse.h"
#include "lance/proto/well_known.pb.h"

namespace lance::file {
namespace {

template <typename Offsets, typename Sizes>
Status CheckBuffers(const Offsets& offsets, const Sizes& sizes, const ColumnMetadataContext& context,
                    std::vector<ByteRange>* out) {
  LANCE_CHECK_BYTES(offsets.size() == sizes.size(), "{} buffer offsets come with {} sizes", offsets.size(),
                    sizes.size());
  out->reserve(offsets.size());
  for (int i = 0; i < offsets.size(); ++i) {
    ByteRange range{offsets[i], sizes[i]};
    LANCE_CHECK_BYTES(RangeFits(range.offset, range.length, context.file_size),
                      "buffer {} at {} of length {} ends behind the file of {} bytes", i, range.offset,
                      range.length, context.file_size);
    LANCE_CHECK_BYTES(!context.require_alignment || range.offset % 64 == 0,
                      "buffer {} at {} is not aligned to 64 bytes", i, range.offset);
    out->push_back(range);
  }
  return Status::OK();
}

// Returns the message inside the Any that an Encoding holds.
Result<std::string> Unwrap(const pb::Encoding& encoding, std::string_view message) {
  if (encoding.has_indirect()) {
    return NotSupported("its encoding is stored in a buffer of its own, which no known writer does");
  }
  LANCE_CHECK_BYTES(encoding.has_direct(), "it has no encoding");
  pb::Any any;
  LANCE_CHECK_BYTES(pb::Parse(encoding.direct().encoding(), &any), "its encoding cannot be parsed");
  // Only what follows the last slash names the message; the host before it means nothing.
  const std::string& url = any.type_url();
  size_t slash = url.rfind('/');
  LANCE_CHECK_BYTES(slash != std::string::npos, "its encoding has the type '{}' without a slash", url);
  std::string_view name = std::string_view(url).substr(slash + 1);
  if (!message.empty() && name != message) {
    return NotSupported("its encoding is a {}, this file version has {}", name, message);
  }
  return std::move(*any.mutable_value());
}

}  // namespace

Result<std::unique_ptr<encoding::ColumnInfo>> ParseColumnMetadata(std::span<const uint8_t> bytes,
                                                                  const ColumnMetadataContext& context) {
  pb::ColumnMetadata metadata;
  LANCE_CHECK_BYTES(pb::Parse(bytes, &metadata), "its metadata cannot be parsed");
  auto info = std::make_unique<encoding::ColumnInfo>();
  ARROW_RETURN_NOT_OK(
      CheckBuffers(metadata.buffer_offsets(), metadata.buffer_sizes(), context, &info->buffers));
  ARROW_ASSIGN_OR_RAISE(info->encoding, Unwrap(metadata.encoding(), "lance.encodings.ColumnEncoding"));
  const std::string_view page_message =
      context.require_alignment ? "lance.encodings21.PageLayout" : "lance.encodings.ArrayEncoding";
  info->pages.resize(metadata.pages_size());
  uint64_t total = 0;
  for (int i = 0; i < metadata.pages_size(); ++i) {
    pb::ColumnMetadata::Page& from = *metadata.mutable_pages(i);
    encoding::PageInfo& page = info->pages[i];
    const std::string at = fmt::format("page {}", i);
    ARROW_RETURN_NOT_OK(
        WithContext(CheckBuffers(from.buffer_offsets(), from.buffer_sizes(), context, &page.buffers), at));
    ARROW_ASSIGN_OR_RAISE(page.encoding, WithContext(Unwrap(from.encoding(), page_message), at));
    page.num_rows = from.length();
    page.first_row = from.priority();
    page.where = fmt::format("{}, page {}", context.where, i);
    ARROW_ASSIGN_OR_RAISE(total, CheckedAdd(total, page.num_rows, "rows of the column's pages"));
  }
  return info;
}

}  // namespace lance::file
