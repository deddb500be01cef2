#include "lance/dataset/compact/moved_lineage.h"

#include "lance/table/row_ids.h"

namespace lance::dataset {
namespace {

using table::Fragment;
using table::VersionSequence;
using Runs = std::vector<VersionSequence::Run>;

// Appends the versions of live rows; `versions` null: `fallback` for all.
void AppendVersions(const VersionSequence* versions, std::span<const RowRange> rows, uint64_t fallback,
                    Runs* out) {
  const auto append = [&](uint64_t count, uint64_t version) {
    const uint64_t start = out->empty() ? 0 : out->back().end;
    if (!out->empty() && out->back().version == version) {
      out->back().end += count;
    } else if (count > 0) {
      out->push_back({start + count, version});
    }
  };
  if (versions == nullptr) {
    append(CountRows(rows), fallback);
    return;
  }
  std::span<const VersionSequence::Run> runs = versions->runs();
  size_t run = 0;
  for (const RowRange& range : rows) {
    uint64_t row = range.start;
    while (row < range.end()) {
      while (runs[run].end <= row) ++run;
      const uint64_t end = std::min(runs[run].end, range.end());
      append(end - row, runs[run].version);
      row = end;
    }
  }
}

// The runs of rows [start, start + count), counted from 0.
Runs Slice(const Runs& runs, uint64_t start, uint64_t count) {
  Runs out;
  for (const VersionSequence::Run& run : runs) {
    if (run.end <= start) continue;
    out.push_back({std::min(run.end - start, count), run.version});
    if (run.end >= start + count) break;
  }
  return out;
}

void SetInline(std::string bytes, table::Lineage* lineage) {
  lineage->kind = table::Lineage::Kind::kInline;
  lineage->inline_bytes = std::move(bytes);
}

}  // namespace

Status CarryLineage(const table::Snapshot& snapshot, std::span<const Fragment* const> old_fragments,
                    std::span<Fragment> new_fragments) {
  std::vector<uint64_t> ids;
  Runs created;
  Runs updated;
  for (const Fragment* fragment : old_fragments) {
    RowRanges live;
    ARROW_RETURN_NOT_OK(snapshot.AppendLive(*fragment, {0, fragment->physical_rows}, &live));
    ARROW_ASSIGN_OR_RAISE(auto row_ids, snapshot.RowIds(*fragment));
    if (row_ids == nullptr || row_ids->size() < fragment->physical_rows) {
      return Corruption("fragment {} has row ids for {} of {} rows", fragment->id,
                        row_ids == nullptr ? 0 : row_ids->size(), fragment->physical_rows);
    }
    for (const RowRange& range : live) {
      const size_t before = ids.size();
      ids.resize(before + range.length);
      row_ids->Read(range, ids.data() + before);
    }
    ARROW_ASSIGN_OR_RAISE(auto created_at, snapshot.CreatedAt(*fragment));
    ARROW_ASSIGN_OR_RAISE(auto updated_at, snapshot.LastUpdatedAt(*fragment));
    if (updated_at == nullptr) updated_at = created_at;
    for (const auto* versions : {created_at.get(), updated_at.get()}) {
      if (versions != nullptr && versions->size() < fragment->physical_rows) {
        return Corruption("fragment {} has versions for {} of {} rows", fragment->id, versions->size(),
                          fragment->physical_rows);
      }
    }
    AppendVersions(created_at.get(), live, 1, &created);
    AppendVersions(updated_at.get(), live, 1, &updated);
  }
  uint64_t start = 0;
  for (Fragment& fragment : new_fragments) {
    const uint64_t rows = fragment.physical_rows;
    if (start + rows > ids.size()) return Internal("{} rows became {} or more", ids.size(), start + rows);
    SetInline(table::SerializeRowIds(std::span(ids).subspan(start, rows)), &fragment.row_ids);
    SetInline(table::SerializeVersions(Slice(created, start, rows)), &fragment.created_at_versions);
    SetInline(table::SerializeVersions(Slice(updated, start, rows)), &fragment.last_updated_at_versions);
    start += rows;
  }
  if (start != ids.size()) return Internal("{} rows became {}", ids.size(), start);
  return Status::OK();
}

}  // namespace lance::dataset
