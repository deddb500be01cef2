#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lance/base/row_range.h"
#include "lance/base/status.h"
#include "lance/table/u64_segment.h"

namespace lance::table {

/// The stable row ids of a fragment in physical order, deleted rows included. Immutable and thread-safe.
class RowIdSequence {
 public:
  /// Parses serialized bytes (protobuf RowIdSequence). Memory is bounded by their size. Errors: Corruption.
  static Result<std::shared_ptr<const RowIdSequence>> Parse(std::span<const uint8_t> bytes);
  static std::shared_ptr<const RowIdSequence> FromValues(std::vector<uint64_t> ids);

  uint64_t size() const { return ends_.empty() ? 0 : ends_.back(); }
  /// The id at a physical offset, which must be below size(). O(log).
  uint64_t Get(uint64_t offset) const;
  /// The first offset that holds `id`. O(log) per segment; linear for unsorted array segments.
  std::optional<uint64_t> Find(uint64_t id) const;
  /// Writes the ids of physical rows, which must lie inside size().
  void Read(RowRange rows, uint64_t* out) const;

  std::span<const U64Segment> segments() const { return segments_; }
  /// Offset of the first id of a segment.
  uint64_t SegmentStart(size_t index) const { return index == 0 ? 0 : ends_[index - 1]; }
  uint64_t memory_bytes() const;

 private:
  std::vector<U64Segment> segments_;
  std::vector<uint64_t> ends_;  // cumulative sizes
};

/// The table version at which each row of a fragment was created, or last updated, in physical order.
/// Immutable and thread-safe.
class VersionSequence {
 public:
  /// Rows up to (not including) `end`, from the previous run's end, carry `version`.
  struct Run {
    uint64_t end;
    uint64_t version;
    bool operator==(const Run&) const = default;
  };
  /// Parses serialized bytes (protobuf RowDatasetVersionSequence). Runs are positional: of a run's span only
  /// the number of elements counts. Errors: Corruption.
  static Result<std::shared_ptr<const VersionSequence>> Parse(std::span<const uint8_t> bytes);
  static std::shared_ptr<const VersionSequence> FromValues(std::span<const uint64_t> versions);
  /// Every one of `rows` rows carries `version`.
  static std::shared_ptr<const VersionSequence> Constant(uint64_t rows, uint64_t version);

  uint64_t size() const { return runs_.empty() ? 0 : runs_.back().end; }
  /// The version at a physical offset, which must be below size(). O(log).
  uint64_t Get(uint64_t offset) const;
  /// Writes the versions of physical rows, which must lie inside size().
  void Read(RowRange rows, uint64_t* out) const;
  std::span<const Run> runs() const { return runs_; }
  uint64_t memory_bytes() const { return sizeof(*this) + runs_.size() * sizeof(Run); }

 private:
  std::vector<Run> runs_;
};

/// The serialized form (protobuf RowIdSequence) of ids in physical order: one segment, of the kind that is
/// smallest by the format's estimate.
std::string SerializeRowIds(std::span<const uint64_t> ids);
/// The same for ids [start, start + count).
std::string SerializeRowIdRange(uint64_t start, uint64_t count);
/// Rewrites bitmap segments as one range segment per run where that is smaller, as the table's config key
/// lance.row_ids.range_segments asks for. Errors: Corruption.
Result<std::string> WithRangeSegments(const std::string& serialized);

/// The serialized form (protobuf RowDatasetVersionSequence) of versions in physical order.
std::string SerializeVersions(std::span<const VersionSequence::Run> runs);

}  // namespace lance::table
