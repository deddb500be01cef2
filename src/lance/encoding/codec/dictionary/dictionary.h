#pragma once

#include "lance/encoding/codec/chunk_codec.h"
#include "lance/encoding/codec/dictionary/page_dictionary.h"

namespace lance::encoding {

/// Returns the width in bits of the fixed-width values that `encoding` makes (8, 16, 32 or 64), which for the
/// indices of a page dictionary only the encoding knows.
Result<unsigned> IndexBits(const pb21::CompressiveEncoding& encoding);

/// Values by their index into the dictionary of the page: expanded, or for an Arrow dictionary type the
/// indices at the width of its index type. An index outside the dictionary becomes 0 and is noted in
/// DecodeScratch::bad_indices, since slots that are null may hold anything.
Result<std::unique_ptr<ChunkCodec>> MakeDictionaryCodec(const pb21::CompressiveEncoding& indices,
                                                        const LeafShape& shape, const PageFormat& format,
                                                        std::shared_ptr<const PageDictionary> dictionary);

}  // namespace lance::encoding
