#include "lance/file/footer.h"

#include <cstring>

#include "lance/base/checked_math.h"
#include "lance/base/span_reader.h"

namespace lance::file {

Result<StoredVersion> ParseVersion(std::span<const uint8_t> tail) {
  LANCE_CHECK_BYTES(tail.size() >= kVersionBytes, "not a Lance file: it has only {} bytes", tail.size());
  const uint8_t* end = tail.data() + tail.size();
  LANCE_CHECK_BYTES(std::memcmp(end - 4, "LANC", 4) == 0,
                    "not a Lance file: the last four bytes are not the magic number");
  return StoredVersion{LoadLE<uint16_t>(end - 8), LoadLE<uint16_t>(end - 6)};
}

Result<Version> NameVersion(StoredVersion stored) {
  if (stored.major == 0 && stored.minor <= 2) return Version{0, 1};
  if ((stored.major == 0 && stored.minor == 3) || (stored.major == 2 && stored.minor == 0)) {
    return Version{2, 0};
  }
  if (stored.major == 2 && (stored.minor == 1 || stored.minor == 2)) return Version{2, stored.minor};
  return NotSupported("file version {}.{} cannot be read: this release reads 0.1, 2.0, 2.1 and 2.2",
                      stored.major, stored.minor);
}

Result<Footer> ParseFooter(std::span<const uint8_t> tail, uint64_t file_size) {
  LANCE_CHECK_BYTES(tail.size() >= kFooterBytes && file_size >= kFooterBytes,
                    "the file of {} bytes is too small for a footer", file_size);
  SpanReader reader(tail.last(kFooterBytes));
  ARROW_ASSIGN_OR_RAISE(uint64_t metadata, reader.ReadLE<uint64_t>("column metadata position"));
  ARROW_ASSIGN_OR_RAISE(uint64_t columns, reader.ReadLE<uint64_t>("column offset table position"));
  ARROW_ASSIGN_OR_RAISE(uint64_t globals, reader.ReadLE<uint64_t>("global buffer table position"));
  Footer footer;
  ARROW_ASSIGN_OR_RAISE(footer.num_global_buffers, reader.ReadLE<uint32_t>("number of global buffers"));
  ARROW_ASSIGN_OR_RAISE(footer.num_columns, reader.ReadLE<uint32_t>("number of columns"));
  const uint64_t end = file_size - kFooterBytes;
  LANCE_CHECK_BYTES(metadata <= columns && columns <= globals && globals <= end,
                    "footer: tables at {}, {} and {} are out of order in a file of {} bytes", metadata,
                    columns, globals, file_size);
  // The counts are 32 bits wide, so these products fit 64.
  footer.column_metadata = {metadata, columns - metadata};
  footer.column_table = {columns, uint64_t{16} * footer.num_columns};
  footer.global_table = {globals, uint64_t{16} * footer.num_global_buffers};
  LANCE_CHECK_BYTES(RangeFits(columns, footer.column_table.length, globals),
                    "footer: {} columns need an offset table of {} bytes, there are {}", footer.num_columns,
                    footer.column_table.length, globals - columns);
  LANCE_CHECK_BYTES(RangeFits(globals, footer.global_table.length, end),
                    "footer: {} global buffers need an offset table of {} bytes, there are {}",
                    footer.num_global_buffers, footer.global_table.length, end - globals);
  return footer;
}

Result<std::vector<ByteRange>> ParseOffsetTable(std::span<const uint8_t> table, uint64_t end,
                                                const char* what) {
  std::vector<ByteRange> out(table.size() / 16);
  for (size_t i = 0; i < out.size(); ++i) {
    out[i] = {LoadLE<uint64_t>(table.data() + 16 * i), LoadLE<uint64_t>(table.data() + 16 * i + 8)};
    LANCE_CHECK_BYTES(RangeFits(out[i].offset, out[i].length, end),
                      "{} {}: bytes at {} of length {} end behind {}", what, i, out[i].offset, out[i].length,
                      end);
  }
  return out;
}

}  // namespace lance::file
