#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lance/encoding/codec/chunk_encoder.h"
#include "lance/encoding/core/page.h"
#include "lance/encoding/write/leaf_values.h"
#include "lance/encoding/write/page_levels.h"

namespace lance::pb21 {
class PageLayout;
}

namespace lance::encoding {

struct EncodingHints;

/// A page ready to be written: its buffers, in order, and the message that says how to read them.
struct EncodedPage {
  std::vector<BufferPtr> buffers;
  std::string encoding;    ///< serialized PageLayout (ArrayEncoding in 2.0)
  uint64_t num_rows = 0;   ///< Page.length
  uint64_t first_row = 0;  ///< Page.priority
};

/// The dictionary that the values of a mini-block page index.
struct DictionaryBlock {
  BufferPtr bytes;
  std::string encoding;  ///< serialized CompressiveEncoding
  uint64_t num_items = 0;
};

/// The parts below fill `page` and `layout`; rows are the caller's to set.

/// Writes values in chunks. False when the levels of a chunk do not fit: the page needs fewer rows.
Result<bool> EncodeMiniBlock(const PageLevels& levels, ChunkEncoder* values,
                             const DictionaryBlock* dictionary, const PageFormat& format, EncodedPage* page,
                             pb21::PageLayout* layout);

/// Writes levels and value of each slot side by side. Values are of one width (whole bytes or single bits;
/// lists, packed structs) or of varying length.
Status EncodeFullZip(const LeafShape& shape, const PageLevels& levels, const LeafValues& values,
                     const EncodingHints& hints, EncodedPage* page, pb21::PageLayout* layout);

/// Writes a page whose valid values are all the same (2.2 and later). False when they are not, or when
/// another layout is shorter.
Result<bool> EncodeConstant(const LeafShape& shape, const PageLevels& levels, const LeafValues& values,
                            EncodedPage* page, pb21::PageLayout* layout);

/// Writes a page without a single valid value: levels only, or nothing when `simple`.
Status EncodeAllNull(const PageLevels& levels, bool simple, const PageFormat& format, EncodedPage* page,
                     pb21::PageLayout* layout);

}  // namespace lance::encoding
