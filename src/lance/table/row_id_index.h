#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "lance/base/status.h"
#include "lance/table/row_ids.h"

namespace lance::table {

/// Finds the addresses of stable row ids over all fragments. Ranges, with or without gaps, are kept as they
/// are stored; array segments are flattened and sorted, 16 bytes an id. Immutable and thread-safe.
class RowIdIndex {
 public:
  struct Source {
    uint64_t fragment_id;
    std::shared_ptr<const RowIdSequence> ids;
  };
  static std::shared_ptr<const RowIdIndex> Build(std::vector<Source> sources);

  /// Calls `visit` with every address at which `id` is stored until it returns true, which stops and is the
  /// result. An updated row has its id in its old fragment, deleted there, and in its new one.
  bool VisitAddresses(uint64_t id, const std::function<bool(uint64_t address)>& visit) const;
  uint64_t memory_bytes() const;

 private:
  // One segment that finds ids by itself.
  struct Piece {
    uint64_t min;
    uint64_t max;
    uint64_t max_so_far;  // of this and all pieces before
    const U64Segment* segment;
    uint64_t first_address;
  };
  struct Entry {
    uint64_t id;
    uint64_t address;
  };
  std::vector<Source> sources_;
  std::vector<Piece> pieces_;   // by min
  std::vector<Entry> entries_;  // by id
};

}  // namespace lance::table
