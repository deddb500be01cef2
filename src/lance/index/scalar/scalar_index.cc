#include "lance/index/scalar/scalar_index.h"

#include <algorithm>
#include <cctype>

#include "lance/base/row_address.h"
#include "lance/index/join_statistics.h"
#include "lance/index/row_moves.h"
#include "lance/index/scalar/btree/names.h"
#include "lance/index/scalar/btree/segment.h"
#include "lance/runtime/session.h"
#include "lance/table/index_maintenance.h"

namespace lance::index {
namespace {

bool IsUsable(const table::IndexMetadata& entry, int32_t field_id) {
  return IsScalarIndex(entry.details_type_url) && entry.fields.size() == 1 &&
         entry.fields.front() == field_id && entry.fragment_bitmap.has_value() &&
         entry.index_version.value_or(0) <= kBTreeAddressVersion && !table::IsSystemIndex(entry);
}

Status AddSegment(const table::Snapshot& snapshot, const table::IndexMetadata& entry, ScalarIndex* out) {
  ARROW_ASSIGN_OR_RAISE(auto indexed, table::FragmentSet::Parse(*entry.fragment_bitmap));
  if (out->moves != nullptr) indexed = out->moves->Covered(std::move(indexed));
  ScalarIndex::Part part;
  part.entry = &entry;
  for (const table::Fragment& fragment : snapshot.manifest().fragments) {
    if (!indexed.Contains(fragment.id)) continue;
    part.covered.Add(fragment.id);
    out->covered.Add(fragment.id);
  }
  if (part.covered.empty()) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(part.segment, OpenScalarSegment(snapshot, entry));
  LANCE_CHECK_BYTES(out->parts.empty() || out->type().type()->Equals(*part.segment->type().type()),
                    "segments of index '{}' are over values of different types", entry.name);
  part.has_row_ids = snapshot.manifest().has_stable_row_ids() && !table::HoldsRowAddresses(entry);
  out->parts.push_back(std::move(part));
  return Status::OK();
}

Result<std::shared_ptr<const ScalarIndex>> Open(
    const table::Snapshot& snapshot, int32_t field_id,
    const std::shared_ptr<const std::vector<table::IndexMetadata>>& entries) {
  std::vector<std::string> tried;
  for (const table::IndexMetadata& first : *entries) {
    if (!IsUsable(first, field_id)) continue;
    if (std::find(tried.begin(), tried.end(), first.name) != tried.end()) continue;
    tried.push_back(first.name);
    auto out = std::make_shared<ScalarIndex>();
    out->entries = entries;
    out->name = first.name;
    out->kind = "BTree";
    ARROW_ASSIGN_OR_RAISE(out->moves, RowMoves::Load(snapshot));
    Status status;
    for (const table::IndexMetadata& entry : *entries) {
      if (entry.name != first.name || !IsUsable(entry, field_id)) continue;
      status = AddSegment(snapshot, entry, out.get());
      if (!status.ok()) break;
    }
    // Over values of a type that is not known here, it is like an index of an unknown kind: not there.
    if (Is(status, ErrorKind::kNotSupported)) continue;
    ARROW_RETURN_NOT_OK(status);
    if (!out->parts.empty()) return out;
  }
  return nullptr;
}

// Makes addresses of the ids of rows that a part found, and drops those of rows that it does not speak for.
// `id_of` gives the id of a T.
template <typename T, typename IdOf>
Status ToAddresses(const table::Snapshot& snapshot, const ScalarIndex& index, const ScalarIndex::Part& part,
                   const IdOf& id_of, std::vector<T>* rows) {
  std::vector<std::optional<uint64_t>> resolved;
  if (part.has_row_ids) {
    std::vector<uint64_t> ids;
    ids.reserve(rows->size());
    for (T& row : *rows) ids.push_back(id_of(row));
    ARROW_ASSIGN_OR_RAISE(resolved, snapshot.ResolveRowIds(ids));
  }
  size_t kept = 0;
  uint64_t last_fragment = UINT64_MAX;
  bool last_covered = false;
  for (size_t i = 0; i < rows->size(); ++i) {
    T row = (*rows)[i];
    std::optional<uint64_t> address = id_of(row);
    if (part.has_row_ids) {
      address = resolved[i];
    } else if (index.moves != nullptr) {
      address = index.moves->Find(*address);
    }
    if (!address.has_value()) continue;
    const uint64_t fragment = RowAddress{*address}.fragment_id();
    if (fragment != last_fragment) {
      last_fragment = fragment;
      last_covered = part.covered.Contains(fragment);
    }
    if (!last_covered) continue;
    id_of(row) = *address;
    (*rows)[kept++] = row;
  }
  rows->resize(kept);
  return Status::OK();
}

}  // namespace

SearchEstimate ScalarIndex::Estimate(const KeySet& set) const {
  SearchEstimate out;
  for (const Part& part : parts) out += part.segment->Estimate(set);
  return out;
}

SearchEstimate ScalarIndex::Estimate(const Keys& keys, std::span<const uint32_t> order) const {
  SearchEstimate out;
  for (const Part& part : parts) out += part.segment->Estimate(keys, order);
  return out;
}

Result<std::vector<uint64_t>> ScalarIndex::Search(const table::Snapshot& snapshot, const KeySet& set,
                                                  ScalarSearchCounts* counts) const {
  std::vector<uint64_t> out;
  for (const Part& part : parts) {
    ARROW_ASSIGN_OR_RAISE(auto found, part.segment->Search(set, snapshot.session()->thread_pool(), counts));
    const auto id_of = [](uint64_t& id) -> uint64_t& { return id; };
    ARROW_RETURN_NOT_OK(ToAddresses(snapshot, *this, part, id_of, &found));
    out.insert(out.end(), found.begin(), found.end());
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

Result<std::vector<KeyMatch>> ScalarIndex::FindKeys(const table::Snapshot& snapshot, const Keys& keys,
                                                    std::span<const uint32_t> order) const {
  std::vector<KeyMatch> out;
  for (const Part& part : parts) {
    ARROW_ASSIGN_OR_RAISE(auto found, part.segment->FindKeys(keys, order, snapshot.session()->thread_pool()));
    const auto id_of = [](KeyMatch& match) -> uint64_t& { return match.id; };
    ARROW_RETURN_NOT_OK(ToAddresses(snapshot, *this, part, id_of, &found));
    out.insert(out.end(), found.begin(), found.end());
  }
  std::sort(out.begin(), out.end(), [](const KeyMatch& a, const KeyMatch& b) { return a.id < b.id; });
  out.erase(
      std::unique(out.begin(), out.end(), [](const KeyMatch& a, const KeyMatch& b) { return a.id == b.id; }),
      out.end());
  return out;
}

bool IsScalarIndex(std::string_view details_type_url) {
  constexpr std::string_view kName = "btreeindexdetails";
  if (details_type_url.size() < kName.size()) return false;
  const std::string_view end = details_type_url.substr(details_type_url.size() - kName.size());
  return std::equal(end.begin(), end.end(), kName.begin(),
                    [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; });
}

Result<std::shared_ptr<const ScalarSegment>> OpenScalarSegment(const table::Snapshot& snapshot,
                                                               const table::IndexMetadata& entry) {
  return BTreeSegment::Open(snapshot, entry);
}

Result<std::string> ScalarIndexStatistics(const table::Snapshot& snapshot, const std::string& name) {
  // An index that covers nothing has no type, as the reference says.
  ARROW_ASSIGN_OR_RAISE(const auto entries, snapshot.Indices());
  const bool covers = std::any_of(entries->begin(), entries->end(), [&](const table::IndexMetadata& entry) {
    const auto covered = table::FragmentSet::Parse(entry.fragment_bitmap.value_or(""));
    return entry.name == name && covered.ok() && !covered->empty();
  });
  return JoinStatistics(snapshot, name, covers ? "BTree" : "N/A",
                        [&](const table::IndexMetadata& entry) -> Result<std::string> {
                          if (!IsScalarIndex(entry.details_type_url)) {
                            return NotSupported("statistics of index {}, a {}", name, entry.details_type_url);
                          }
                          if (!covers) return "{}";
                          ARROW_ASSIGN_OR_RAISE(const auto segment, OpenScalarSegment(snapshot, entry));
                          return segment->StatisticsJson();
                        });
}

Result<std::shared_ptr<const ScalarIndex>> OpenScalarIndex(const table::Snapshot& snapshot,
                                                           int32_t field_id) {
  ARROW_ASSIGN_OR_RAISE(auto entries, snapshot.Indices());
  const auto usable = [&](const table::IndexMetadata& entry) { return IsUsable(entry, field_id); };
  if (entries == nullptr || std::none_of(entries->begin(), entries->end(), usable)) return nullptr;
  runtime::Cache& cache = snapshot.session()->index_cache();
  const std::string key = fmt::format("scalars-of/{}/{}", snapshot.uri(), field_id);
  if (auto found = std::static_pointer_cast<const ScalarIndex>(cache.Find(key))) {
    // Another version of the table has other entries; these live as long as the index does.
    if (found->entries == entries) return found;
  }
  ARROW_ASSIGN_OR_RAISE(auto index, Open(snapshot, field_id, entries));
  if (index != nullptr) cache.Insert(key, index, 4096 + 1024 * index->parts.size());
  return index;
}

}  // namespace lance::index
