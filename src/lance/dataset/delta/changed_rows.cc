// Rows that changed between versions, by the lineage that tables with stable row ids keep: the version at
// which a row was created, and at which it was last updated.
#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include <arrow/api.h>

#include "lance/base/status.h"
#include "lance/refs.h"
#include "lance/table/row_ids.h"
#include "lance/table/snapshot.h"
#include "lance/table/table.h"

namespace lance {
namespace {

using table::Fragment;

constexpr const char* kCreatedAt = "_row_created_at_version";
constexpr const char* kUpdatedAt = "_row_last_updated_at_version";
constexpr int64_t kBatchRows = 64 << 10;

// Whether some row of the fragment has a version that `wanted` accepts; true when the manifest does not say.
template <typename Wanted>
Result<bool> MayHave(const table::Lineage& lineage,
                     const std::shared_ptr<const table::VersionSequence>& versions, Wanted wanted) {
  if (lineage.kind != table::Lineage::Kind::kInline || versions == nullptr) return true;
  return std::any_of(versions->runs().begin(), versions->runs().end(),
                     [&](const table::VersionSequence::Run& run) { return wanted(run.version); });
}

// Fragments that may hold rows of the kind; most of a large table's do not change.
Result<std::vector<uint64_t>> CandidateFragments(const table::Snapshot& snapshot, const VersionRange& range,
                                                 bool inserted) {
  std::vector<uint64_t> out;
  const auto inside = [&](uint64_t v) { return v > range.begin_version && v <= range.end_version; };
  const auto before = [&](uint64_t v) { return v <= range.begin_version; };
  for (const Fragment& fragment : snapshot.manifest().fragments) {
    ARROW_ASSIGN_OR_RAISE(auto created, snapshot.CreatedAt(fragment));
    bool may = false;
    if (inserted) {
      ARROW_ASSIGN_OR_RAISE(may, MayHave(fragment.created_at_versions, created, inside));
    } else {
      ARROW_ASSIGN_OR_RAISE(auto updated, snapshot.LastUpdatedAt(fragment));
      ARROW_ASSIGN_OR_RAISE(const bool touched, MayHave(fragment.last_updated_at_versions, updated, inside));
      ARROW_ASSIGN_OR_RAISE(const bool older, MayHave(fragment.created_at_versions, created, before));
      may = touched && older;
    }
    if (may) out.push_back(fragment.id);
  }
  return out;
}

Result<std::shared_ptr<arrow::RecordBatchReader>> ScanChanged(const Dataset& dataset,
                                                              const VersionRange& range, bool inserted) {
  ScanOptions scan;
  scan.columns.emplace();
  for (const auto& field : dataset.schema()->fields()) {
    std::string name = field->name();
    if (name.find_first_of(".`") != name.npos) name = "`" + name + "`";
    scan.columns->push_back({name, ""});
  }
  for (const char* name : {"_rowid", kCreatedAt, kUpdatedAt}) scan.columns->push_back({name, ""});
  const uint64_t begin = range.begin_version;
  const uint64_t end = range.end_version;
  scan.filter =
      inserted ? fmt::format("{0} > {1} AND {0} <= {2}", kCreatedAt, begin, end)
               : fmt::format("{0} <= {2} AND {1} > {2} AND {1} <= {3}", kCreatedAt, kUpdatedAt, begin, end);
  ARROW_ASSIGN_OR_RAISE(scan.fragments, CandidateFragments(*dataset.snapshot(), range, inserted));
  ARROW_ASSIGN_OR_RAISE(auto scanner, dataset.Scan(scan));
  return scanner->ToReader();
}

Result<std::shared_ptr<Dataset>> At(const Dataset& dataset, uint64_t version) {
  VersionRef ref;
  ref.number = version;
  return dataset.Checkout(ref);
}

// The row ids of a fragment's live rows.
Result<std::vector<uint64_t>> LiveIds(const table::Snapshot& snapshot, const Fragment& fragment) {
  RowRanges live;
  ARROW_RETURN_NOT_OK(snapshot.AppendLive(fragment, {0, fragment.physical_rows}, &live));
  ARROW_ASSIGN_OR_RAISE(auto ids, snapshot.RowIds(fragment));
  if (ids == nullptr || ids->size() < fragment.physical_rows) {
    return Corruption("fragment {} has row ids for {} of {} rows", fragment.id,
                      ids == nullptr ? 0 : ids->size(), fragment.physical_rows);
  }
  std::vector<uint64_t> out(CountRows(live));
  uint64_t* next = out.data();
  for (const RowRange& range : live) {
    ids->Read(range, next);
    next += range.length;
  }
  return out;
}

// Ids that are live at `begin` and not at `end`. Fragments with the same deletions at both are skipped.
Result<std::vector<uint64_t>> FindDeleted(const table::Snapshot& begin, const table::Snapshot& end) {
  std::unordered_map<uint64_t, const Fragment*> before;
  for (const Fragment& fragment : begin.manifest().fragments) before.emplace(fragment.id, &fragment);
  std::unordered_set<uint64_t> still_there;
  std::unordered_set<uint64_t> unchanged;
  for (const Fragment& fragment : end.manifest().fragments) {
    auto found = before.find(fragment.id);
    if (found != before.end() && found->second->deletion_file == fragment.deletion_file) {
      unchanged.insert(fragment.id);
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(auto ids, LiveIds(end, fragment));
    still_there.insert(ids.begin(), ids.end());
  }
  std::vector<uint64_t> out;
  for (const Fragment& fragment : begin.manifest().fragments) {
    if (unchanged.contains(fragment.id)) continue;
    ARROW_ASSIGN_OR_RAISE(auto ids, LiveIds(begin, fragment));
    for (uint64_t id : ids) {
      if (!still_there.contains(id)) out.push_back(id);
    }
  }
  return out;
}

Result<std::shared_ptr<arrow::RecordBatchReader>> IdReader(const std::vector<uint64_t>& ids) {
  auto schema = arrow::schema({arrow::field("_rowid", arrow::uint64())});
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  for (size_t start = 0; start < ids.size(); start += kBatchRows) {
    const size_t rows = std::min<size_t>(kBatchRows, ids.size() - start);
    arrow::UInt64Builder builder;
    ARROW_RETURN_NOT_OK(builder.AppendValues(ids.data() + start, static_cast<int64_t>(rows)));
    ARROW_ASSIGN_OR_RAISE(auto array, builder.Finish());
    batches.push_back(arrow::RecordBatch::Make(schema, static_cast<int64_t>(rows), {std::move(array)}));
  }
  return arrow::RecordBatchReader::Make(std::move(batches), schema);
}

}  // namespace

arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> InsertedRows(const Dataset& dataset,
                                                                      const VersionRange& range) {
  return ScanChanged(dataset, range, true);
}

arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> UpdatedRows(const Dataset& dataset,
                                                                     const VersionRange& range) {
  return ScanChanged(dataset, range, false);
}

arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> DeletedRowIds(const Dataset& dataset,
                                                                       const VersionRange& range) {
  LANCE_CHECK_ARG(range.begin_version <= range.end_version, "begin version {} is newer than end version {}",
                  range.begin_version, range.end_version);
  if (range.begin_version == 0) return IdReader({});
  ARROW_ASSIGN_OR_RAISE(auto begin, At(dataset, range.begin_version));
  ARROW_ASSIGN_OR_RAISE(auto end, At(dataset, range.end_version));
  for (const Dataset* endpoint : {begin.get(), end.get()}) {
    LANCE_CHECK_ARG(endpoint->snapshot()->manifest().has_stable_row_ids(),
                    "deleted row ids require stable row ids, version {} does not use them",
                    endpoint->version());
  }
  ARROW_ASSIGN_OR_RAISE(auto ids, FindDeleted(*begin->snapshot(), *end->snapshot()));
  return IdReader(ids);
}

arrow::Result<std::vector<std::pair<uint64_t, std::string>>> TransactionsBetween(const Dataset& dataset,
                                                                                 const VersionRange& range) {
  std::vector<std::pair<uint64_t, std::string>> out;
  for (uint64_t version = range.begin_version + 1; version <= range.end_version; ++version) {
    auto at = At(dataset, version);
    if (Is(at.status(), ErrorKind::kNotFound)) {
      return NotFound(
          "Version not found error: Can not find version {}, please check if it has been cleanup.", version);
    }
    ARROW_RETURN_NOT_OK(at.status());
    ARROW_ASSIGN_OR_RAISE(auto transaction, table::ReadTransaction(*(*at)->snapshot()));
    if (transaction.has_value()) out.emplace_back(version, std::move(transaction->serialized));
  }
  return out;
}

}  // namespace lance
