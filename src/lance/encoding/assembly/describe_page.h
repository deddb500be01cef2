#pragma once

#include <string>

namespace lance::encoding {

/// Names the encoding of a 2.1 or 2.2 page (a serialized PageLayout) in one line, such as
/// "MiniBlock{InlineBitpacking{64}, def: OutOfLineBitpacking{16 -> 1}}". Never fails: what cannot be parsed
/// is said in the text.
std::string DescribePage(const std::string& encoding);

}  // namespace lance::encoding
