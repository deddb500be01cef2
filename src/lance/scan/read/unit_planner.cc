#include "lance/scan/read/unit_planner.h"

#include <algorithm>

#include <arrow/api.h>

#include "lance/table/deletion.h"

namespace lance::scan {

UnitPlanner::UnitPlanner(std::shared_ptr<const ReadContext> context,
                         std::vector<const table::Fragment*> fragments, UnitOptions options)
    : context_(std::move(context)),
      fragments_(std::move(fragments)),
      options_(options),
      needs_offsets_(context_->columns.Find(VirtualName(ColumnSource::kRowOffset)) >= 0),
      grown_rows_(options.first_unit_rows) {}

namespace {

RowRanges Intersect(const RowRanges& a, const RowRanges& b) {
  RowRanges out;
  for (size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    const uint64_t start = std::max(a[i].start, b[j].start), end = std::min(a[i].end(), b[j].end());
    if (start < end) AppendRange(&out, {start, end - start});
    ++(a[i].end() < b[j].end() ? i : j);
  }
  return out;
}

}  // namespace

// Rows that the fragment has to give; with a mask or rows that were found they are settled here.
Result<uint64_t> UnitPlanner::RowsOf(const FragmentReader& reader) {
  const uint64_t id = reader.fragment().id;
  const bool found = options_.found != nullptr && options_.found->covered.Contains(id);
  passed_ = found && options_.found->passed;
  is_masked_ = found || options_.mask != nullptr;
  if (!is_masked_) return context_->include_deleted ? reader.physical_rows() : reader.live_rows();
  masked_.clear();
  if (options_.mask != nullptr) {
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<const table::RowIdSequence> ids,
                          context_->snapshot->RowIds(reader.fragment()));
    masked_ = options_.mask->RowsOf(id, reader.physical_rows(), ids.get());
  }
  if (found) {
    const auto rows = options_.found->rows.find(id);
    RowRanges own = rows == options_.found->rows.end() ? RowRanges() : rows->second;
    LANCE_CHECK_BYTES(own.empty() || own.back().end() <= reader.physical_rows(),
                      "an index has row {} of fragment {}, which has {}", own.back().end() - 1, id,
                      reader.physical_rows());
    masked_ = options_.mask == nullptr ? std::move(own) : Intersect(masked_, own);
  }
  if (reader.deletions() != nullptr && !context_->include_deleted) {
    RowRanges live;
    for (const RowRange& range : masked_) reader.deletions()->AppendLive(range, &live);
    masked_ = std::move(live);
  }
  masked_range_ = 0;
  masked_before_ = 0;
  return CountRows(masked_);
}

// The physical rows of positions among those to give; positions only ever ascend.
void UnitPlanner::AppendRows(RowRange positions, RowRanges* out) {
  if (!is_masked_) {
    if (context_->include_deleted) {
      AppendRange(out, positions);
    } else {
      current_->AppendPhysical(positions, out);
    }
    return;
  }
  uint64_t at = positions.start;
  while (at < positions.end()) {
    const RowRange& range = masked_[masked_range_];
    const uint64_t inside = at - masked_before_;
    if (inside >= range.length) {
      masked_before_ += range.length;
      ++masked_range_;
      continue;
    }
    const uint64_t take = std::min(range.length - inside, positions.end() - at);
    AppendRange(out, {range.start + inside, take});
    at += take;
  }
}

// Leaves current_ at the next fragment that has rows inside the window, or null.
Status UnitPlanner::OpenNextFragment() {
  current_ = nullptr;
  while (next_fragment_ < fragments_.size() && options_.limit != 0) {
    const table::Fragment& fragment = *fragments_[next_fragment_++];
    // Skipping whole fragments needs their counts only, which the manifest usually has.
    if (options_.mask == nullptr && options_.found == nullptr && options_.skip > 0 &&
        fragment.num_rows().has_value() && fragment.physical_rows > 0 && !context_->include_deleted &&
        *fragment.num_rows() <= options_.skip) {
      options_.skip -= *fragment.num_rows();
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<FragmentReader> reader, FragmentReader::Open(context_, fragment));
    ARROW_ASSIGN_OR_RAISE(const uint64_t rows, RowsOf(*reader));
    if (rows <= options_.skip) {
      options_.skip -= rows;
      continue;
    }
    current_position_ = options_.skip;
    options_.skip = 0;
    current_end_ = rows;
    if (options_.limit.has_value()) {
      current_end_ = std::min(current_end_, current_position_ + std::min(*options_.limit, rows));
      *options_.limit -= current_end_ - current_position_;
    }
    if (needs_offsets_) {
      // Positions count over the whole table, also where only some fragments are scanned.
      ARROW_ASSIGN_OR_RAISE(auto starts, context_->snapshot->LiveRowStarts());
      live_rows_before_ =
          (*starts)[static_cast<size_t>(&fragment - context_->snapshot->manifest().fragments.data())];
    }
    current_ = std::move(reader);
    return Status::OK();
  }
  return Status::OK();
}

Result<std::shared_ptr<FragmentReader>> UnitPlanner::PeekFragment() {
  if (current_ == nullptr) ARROW_RETURN_NOT_OK(OpenNextFragment());
  return current_;
}

Result<std::optional<Unit>> UnitPlanner::Next() {
  if (current_ == nullptr || current_position_ == current_end_) {
    ARROW_RETURN_NOT_OK(OpenNextFragment());
    if (current_ == nullptr) return std::nullopt;
  }
  uint64_t rows = options_.unit_rows;
  if (grown_rows_ > 0 && grown_rows_ < rows) {
    rows = grown_rows_;
    grown_rows_ *= 2;
  }
  rows = std::min(rows, current_end_ - current_position_);
  // A remainder that is much smaller than a unit is not worth a unit of its own, but it would change where
  // batches end, so it stays one.
  Unit unit;
  unit.fragment = current_;
  unit.live_rows_before = live_rows_before_;
  unit.passed = passed_;
  AppendRows({current_position_, rows}, &unit.rows);
  current_position_ += rows;
  return unit;
}

namespace {

// Bytes a value of a fixed-width type takes; 0 when its width varies.
uint64_t FixedBytes(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::NA:
      return 0;
    case arrow::Type::BOOL:
      return 1;
    case arrow::Type::FIXED_SIZE_LIST: {
      const auto& list = static_cast<const arrow::FixedSizeListType&>(type);
      return FixedBytes(*list.value_type()) * static_cast<uint64_t>(list.list_size());
    }
    case arrow::Type::EXTENSION:
      return FixedBytes(*static_cast<const arrow::ExtensionType&>(type).storage_type());
    case arrow::Type::STRUCT: {
      uint64_t bytes = 1;
      for (const auto& field : type.fields()) {
        const uint64_t member = FixedBytes(*field->type());
        if (member == 0) return 0;
        bytes += member;
      }
      return bytes;
    }
    default:
      return type.byte_width() > 0 ? static_cast<uint64_t>(type.byte_width()) : 0;
  }
}

}  // namespace

Result<uint64_t> EstimateRowBytes(FragmentReader& fragment, const ColumnSet& set,
                                  std::span<const int> columns) {
  // Variable-width columns are stored compressed by a factor of about two.
  constexpr uint64_t kExpansion = 2;
  uint64_t bytes = 1;
  for (int index : columns) {
    const arrow::DataType& type = *set.columns[index].arrow->type();
    uint64_t width = FixedBytes(type);
    if (width == 0 && type.id() != arrow::Type::NA) {
      ARROW_ASSIGN_OR_RAISE(uint64_t stored, fragment.StoredBytes(index));
      width = 8 + kExpansion * stored / std::max<uint64_t>(fragment.physical_rows(), 1);
    }
    bytes += width;
  }
  return bytes;
}

}  // namespace lance::scan
