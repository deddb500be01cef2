#include "lance/dataset/mutate/merge_insert/indexed_rows.h"

#include <algorithm>
#include <numeric>

#include <arrow/api.h>

#include "lance/dataset/index/live_addresses.h"
#include "lance/index/scalar/scalar_index.h"

namespace lance::dataset {
namespace {

// Reading a page of the index (key, id) and searching it costs about as much as scanning and looking up so
// many times its rows.
constexpr uint64_t kPageCost = 2;
// So few pages are read faster than anything is decided.
constexpr uint64_t kFewPages = 8;
// So many keys are not sorted just to find out.
constexpr uint64_t kManyKeys = 65'536;

// Rows of the source in the order of their keys, the first of each key.
std::vector<uint32_t> OrderOf(const index::Keys& keys) {
  std::vector<uint32_t> order;
  order.reserve(keys.size());
  for (size_t row = 0; row < keys.size(); ++row) {
    if (!keys.IsNull(row)) order.push_back(static_cast<uint32_t>(row));
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](uint32_t a, uint32_t b) { return keys.Compare(a, keys, b) < 0; });
  order.erase(std::unique(order.begin(), order.end(),
                          [&](uint32_t a, uint32_t b) { return keys.Compare(a, keys, b) == 0; }),
              order.end());
  return order;
}

// Rows of fragments that the index covers.
uint64_t CoveredRows(const table::Snapshot& snapshot, const index::ScalarIndex& index) {
  uint64_t rows = 0;
  for (const table::Fragment& fragment : snapshot.manifest().fragments) {
    if (index.covered.Contains(fragment.id)) rows += fragment.physical_rows;
  }
  return rows;
}

}  // namespace

Result<std::optional<IndexedRows>> FindIndexedRows(const table::Snapshot& snapshot, const MergeSource& source,
                                                   const MergeInsertOptions& options) {
  if (!options.use_index || source.on.size() != 1 ||
      options.when_not_matched_by_source != WhenNotMatchedBySource::kKeep) {
    return std::nullopt;
  }
  const schema::Field* field = snapshot.manifest().schema.FindTopLevel(source.on[0]);
  if (field == nullptr) return std::nullopt;
  ARROW_ASSIGN_OR_RAISE(const auto index, index::OpenScalarIndex(snapshot, field->id));
  const std::shared_ptr<arrow::Array> column = source.rows->GetColumnByName(source.on[0]);
  if (index == nullptr || !column->type()->Equals(*index->type().type())) return std::nullopt;
  const uint64_t rows = CoveredRows(snapshot, *index);
  const auto source_rows = static_cast<uint64_t>(column->length());
  if (source_rows > kManyKeys && source_rows > rows / 16) return std::nullopt;
  ARROW_ASSIGN_OR_RAISE(const index::Keys keys, index::Keys::Of(index->type(), column));
  const std::vector<uint32_t> order = OrderOf(keys);
  const index::SearchEstimate estimate = index->Estimate(keys, order);
  if (estimate.pages > kFewPages && estimate.rows_read * kPageCost > rows) return std::nullopt;
  IndexedRows out;
  out.covered = index->covered;
  ARROW_ASSIGN_OR_RAISE(out.matches, index->FindKeys(snapshot, keys, order));
  // Without rows that were deleted since the index was built.
  LiveAddresses live(snapshot, index->covered);
  size_t kept = 0;
  for (const index::KeyMatch& match : out.matches) {
    ARROW_ASSIGN_OR_RAISE(const bool alive, live.Contains(match.id));
    if (alive) out.matches[kept++] = match;
  }
  out.matches.resize(kept);
  return out;
}

}  // namespace lance::dataset
