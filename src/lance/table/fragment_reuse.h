#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "lance/base/row_range.h"
#include "lance/base/status.h"
#include "lance/table/manifest.h"
#include "lance/table/snapshot.h"

namespace lance::table {

inline constexpr char kFragmentReuseDetailsUrl[] = "/lance.table.FragmentReuseIndexDetails";

/// What the fragment reuse index records: compactions that left indices as they were. Each group of fragments
/// was replaced by another whose rows are the surviving ones in order, so that the old address of a row gives
/// its new one.
struct FragmentReuse {
  struct Digest {
    uint64_t id = 0;
    uint64_t physical_rows = 0;
    uint64_t num_deleted_rows = 0;
    bool operator==(const Digest&) const = default;
  };
  struct Group {
    std::string live_addresses;  ///< serialized 64-bit Roaring map
    std::vector<Digest> old_fragments;
    std::vector<Digest> new_fragments;
    bool operator==(const Group&) const = default;
  };
  struct Version {
    uint64_t dataset_version = 0;
    std::vector<Group> groups;
    bool operator==(const Version&) const = default;
  };
  std::vector<Version> versions;
  bool operator==(const FragmentReuse&) const = default;
};

/// Live rows of one fragment.
struct LiveRows {
  uint64_t fragment_id = 0;
  RowRanges rows;
};
/// The 64-bit Roaring map of row addresses; fragments ascending.
std::string SerializeAddresses(std::span<const LiveRows> rows);

/// Parses the details of the index. Errors: Corruption; NotSupported for content in a file of its own and for
/// tagged histories.
Result<FragmentReuse> ParseFragmentReuse(std::span<const uint8_t> details);
/// The details, with the content inside.
std::string SerializeFragmentReuse(const FragmentReuse& reuse);

/// The index entry that has `version` besides what the snapshot's own entry records.
Result<IndexMetadata> AppendFragmentReuse(const Snapshot& snapshot, FragmentReuse::Version version);

}  // namespace lance::table
