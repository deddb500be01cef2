#pragma once

#include <memory>
#include <optional>

#include "lance/base/status.h"
#include "lance/encoding/write/encoded_page.h"
#include "lance/encoding/write/encoding_hints.h"

namespace lance::encoding {

/// Picks how the values of a page go into chunks: the smallest of runs, packed bits and plain values, and
/// what the hints ask for. The values must outlive the encoder.
Result<std::unique_ptr<ChunkEncoder>> ChooseChunkEncoder(const LeafShape& shape, const LeafValues& values,
                                                         const EncodingHints& hints);

/// Whether strings of this page are worth a symbol table: text by default, not binary, and enough of it.
bool WantsFsst(const LeafShape& shape, const LeafValues& values, const EncodingHints& hints);

/// Numbers the distinct values of a page when that is expected to pay; else nothing.
Result<std::optional<LeafValues>> ChooseDictionary(const LeafShape& shape, const LeafValues& values,
                                                   const PageLevels& levels, const EncodingHints& hints,
                                                   const PageFormat& format);

/// Writes the entries of a dictionary as one block.
Result<DictionaryBlock> EncodeDictionary(const LeafValues& entries, const EncodingHints& hints);

}  // namespace lance::encoding
