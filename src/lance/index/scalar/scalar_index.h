#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lance/base/status.h"
#include "lance/index/scalar/scalar_segment.h"
#include "lance/table/fragment_set.h"
#include "lance/table/snapshot.h"

namespace lance::index {

class RowMoves;

/// A scalar index as a snapshot may use it: its segments, open, and which fragments they speak for. Rows that
/// the table deleted since are found too; whoever reads them leaves them out. Immutable and thread-safe.
struct ScalarIndex {
  struct Part {
    const table::IndexMetadata* entry;  ///< of `entries`
    std::shared_ptr<const ScalarSegment> segment;
    table::FragmentSet covered;  ///< of the snapshot's fragments
    bool has_row_ids = false;    ///< ids are stable row ids, not addresses
  };
  std::string name;
  std::string kind;  ///< "BTree"
  std::vector<Part> parts;
  table::FragmentSet covered;  ///< by any part
  std::shared_ptr<const RowMoves> moves;
  std::shared_ptr<const std::vector<table::IndexMetadata>> entries;

  const KeyType& type() const { return parts.front().segment->type(); }
  SearchEstimate Estimate(const KeySet& set) const;
  SearchEstimate Estimate(const Keys& keys, std::span<const uint32_t> order) const;
  /// Addresses of the rows whose value is in `set`, ascending, of fragments that are covered.
  Result<std::vector<uint64_t>> Search(const table::Snapshot& snapshot, const KeySet& set,
                                       ScalarSearchCounts* counts = nullptr) const;
  /// Rows of fragments that are covered which have one of `keys` (rows `order` of them, by key, none null),
  /// by address.
  Result<std::vector<KeyMatch>> FindKeys(const table::Snapshot& snapshot, const Keys& keys,
                                         std::span<const uint32_t> order) const;
};

/// Whether entries with these details are of a kind that OpenScalarIndex opens.
bool IsScalarIndex(std::string_view details_type_url);

/// Opens an index on a field that finds rows by value, or finds it open in the session's cache; nullptr when
/// there is none, it covers nothing, or it is over values of a type that is not known here. Errors:
/// Corruption names the index.
Result<std::shared_ptr<const ScalarIndex>> OpenScalarIndex(const table::Snapshot& snapshot, int32_t field_id);

/// Opens one segment.
Result<std::shared_ptr<const ScalarSegment>> OpenScalarSegment(const table::Snapshot& snapshot,
                                                               const table::IndexMetadata& entry);

/// What a scalar index consists of, as JSON with the reference's keys. Errors: NotFound, NotSupported for
/// other kinds of indices, and those of opening.
Result<std::string> ScalarIndexStatistics(const table::Snapshot& snapshot, const std::string& name);

}  // namespace lance::index
