#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "lance/encoding/write/leaf_values.h"

namespace lance::encoding {

struct DictionaryLimits {
  uint64_t max_entries = 0;
  uint64_t max_encoded_bytes = 0;  ///< entries and indices together
  /// Up to so many entries indices count as packed, above as 32 bits each: then other encodings may be
  /// shorter.
  uint64_t max_packed_entries = 4096;
  uint64_t max_entry_bytes = 0;   ///< entries
  uint64_t expected_entries = 0;  ///< about so many there may be
};

/// Numbers the distinct values of a page in the order of their first use. `nulls` has one flag a value or is
/// empty; nulls take the index of the value before. Nothing when a limit is passed: then the values are
/// better stored as they are. The result is of kind kDictionary, its indices of 32 bits.
Result<std::optional<LeafValues>> BuildDictionary(const LeafValues& values, const std::vector<bool>& nulls,
                                                  const DictionaryLimits& limits);

/// About how many distinct values the page has, going by some that are spread over it: as many as would be
/// met so often twice. Infinite when next to none is; nothing when there are too few values to tell.
std::optional<double> EstimateDistinct(const LeafValues& values);

}  // namespace lance::encoding
