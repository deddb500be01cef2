#include <arrow/buffer.h>

#include "lance/file/column_metadata.h"
#include "lance/file/footer.h"

// Footer, offset tables and column metadata from arbitrary bytes. What is accepted must lie inside the file.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace lance;
  std::span<const uint8_t> bytes(data, size);
  auto version = file::ParseVersion(bytes);
  if (version.ok()) (void)file::NameVersion(*version);
  auto footer = file::ParseFooter(bytes, size);
  if (footer.ok()) {
    auto table = file::ParseOffsetTable(
        bytes.subspan(footer->column_table.offset, footer->column_table.length), size, "column");
    if (table.ok()) {
      for (const ByteRange& range : *table) {
        file::ColumnMetadataContext context{"fuzz", size, true};
        (void)file::ParseColumnMetadata(bytes.subspan(range.offset, range.length), context);
      }
    }
  }
  file::ColumnMetadataContext context{"fuzz", uint64_t{1} << 40, size % 2 == 0};
  auto column = file::ParseColumnMetadata(bytes, context);
  if (!column.ok()) return 0;
  for (const auto& page : (*column)->pages) {
    for (const ByteRange& buffer : page.buffers) {
      if (buffer.offset > context.file_size || buffer.length > context.file_size - buffer.offset)
        __builtin_trap();
    }
  }
  return 0;
}
