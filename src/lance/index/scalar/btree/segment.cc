#include "lance/index/scalar/btree/segment.h"

#include <algorithm>
#include <charconv>

#include <arrow/api.h>

#include "lance/base/json.h"
#include "lance/file/file_reader.h"
#include "lance/index/scalar/btree/names.h"
#include "lance/index/scalar/value_text.h"
#include "lance/runtime/parallel_for.h"
#include "lance/runtime/session.h"
#include "lance/store/object_store.h"
#include "lance/table/bases.h"

namespace lance::index {
namespace {

// Pages of one piece of work: read together, searched by one thread.
constexpr size_t kPiecePages = 32;
constexpr uint64_t kMaxPageRows = 1 << 20;

Result<std::shared_ptr<file::FileReader>> OpenFile(const table::Snapshot& snapshot,
                                                   const table::IndexMetadata& index,
                                                   const std::string& name) {
  ARROW_ASSIGN_OR_RAISE(table::ObjectPlace folder, snapshot.IndexFolder(index));
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<store::ReadableObject> object,
                        folder.store->Open(folder.key + "/" + name));
  ARROW_ASSIGN_OR_RAISE(auto file, file::FileReader::Open(std::move(object)));
  if (file->version().is_legacy()) {
    return NotSupported("BTREE indices in files of version {}", file->version().ToString());
  }
  return file;
}

// "part_12_page_lookup.lance" where that is the only one: what one worker of a distributed build wrote.
std::string LookupName(const table::IndexMetadata& index) {
  std::string found;
  for (const table::IndexFile& file : index.files) {
    if (file.path == kBTreeLookupFile) return file.path;
    if (file.path.starts_with("part_") && file.path.ends_with(kBTreeLookupFile)) {
      if (!found.empty()) return kBTreeLookupFile;
      found = file.path;
    }
  }
  return found.empty() ? kBTreeLookupFile : found;
}

Result<uint64_t> PageRows(const schema::Metadata& metadata) {
  const auto found = metadata.find(kBTreeBatchSizeKey);
  if (found == metadata.end()) return kBTreePageRows;
  const std::string& text = found->second;
  uint64_t rows = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), rows);
  LANCE_CHECK_BYTES(
      error == std::errc() && end == text.data() + text.size() && rows > 0 && rows <= kMaxPageRows,
      "schema metadata '{}' is '{}'", kBTreeBatchSizeKey, text);
  return rows;
}

// Reads "[[part id, pages], ...]". Errors: Corruption.
Result<std::vector<std::pair<uint64_t, uint64_t>>> ParsePartPages(const std::string& json) {
  ARROW_ASSIGN_OR_RAISE(const JsonValue parsed, WithContext(ParseJson(json), kBTreePagesPerPartKey));
  std::vector<std::pair<uint64_t, uint64_t>> out;
  for (const JsonValue& item : parsed.items()) {
    const bool pair = item.items().size() == 2;
    const auto id = pair ? item.items()[0].AsUint64() : std::nullopt;
    const auto pages = pair ? item.items()[1].AsUint64() : std::nullopt;
    LANCE_CHECK_BYTES(id.has_value() && pages.has_value(), "schema metadata '{}' is '{}'",
                      kBTreePagesPerPartKey, json);
    out.emplace_back(*id, *pages);
  }
  return out;
}

}  // namespace

BTreeSegment::~BTreeSegment() = default;

Result<std::shared_ptr<const BTreeSegment>> BTreeSegment::Open(const table::Snapshot& snapshot,
                                                               const table::IndexMetadata& index) {
  return snapshot.session()->index_cache().GetOrLoad<BTreeSegment>(
      "btree/" + index.uuid,
      [&]() -> Result<std::shared_ptr<const BTreeSegment>> {
        return WithContext(OpenFiles(snapshot, index),
                           fmt::format("opening BTREE index '{}' ({})", index.name, index.uuid));
      },
      [](const BTreeSegment& segment) { return sizeof(segment) + 4096 + segment.lookup_.memory_bytes(); });
}

Result<std::shared_ptr<const BTreeSegment>> BTreeSegment::OpenFiles(const table::Snapshot& snapshot,
                                                                    const table::IndexMetadata& index) {
  std::shared_ptr<BTreeSegment> segment(new BTreeSegment());
  segment->uuid_ = index.uuid;
  segment->session_ = snapshot.session();
  const std::string name = LookupName(index);
  ARROW_ASSIGN_OR_RAISE(const auto file, OpenFile(snapshot, index, name));
  const schema::Metadata& metadata = file->schema().metadata;
  ARROW_ASSIGN_OR_RAISE(segment->page_rows_, WithContext(PageRows(metadata), name));
  ARROW_RETURN_NOT_OK(segment->OpenParts(snapshot, index, metadata));
  const RowRange all{0, file->num_rows()};
  ARROW_ASSIGN_OR_RAISE(const auto batch, file->Read(file->schema(), {&all, all.length > 0 ? 1u : 0u}));
  const Part& last = segment->parts_.back();
  auto lookup = BTreeLookup::Parse(*batch, last.first_page + last.num_pages);
  ARROW_ASSIGN_OR_RAISE(segment->lookup_, WithContext(std::move(lookup), name));
  for (const Part& part : segment->parts_) {
    ARROW_ASSIGN_OR_RAISE(const auto type, part.columns.fields[0].ArrowType());
    LANCE_CHECK_BYTES(type->Equals(*segment->type().type()), "values are {} in {} and {} in {}",
                      type->ToString(), part.file->path(), segment->type().type()->ToString(), name);
  }
  return segment;
}

Status BTreeSegment::OpenParts(const table::Snapshot& snapshot, const table::IndexMetadata& index,
                               const schema::Metadata& metadata) {
  const auto parts = metadata.find(kBTreePagesPerPartKey);
  if (parts == metadata.end()) {
    std::string name = LookupName(index);
    name.replace(name.size() - std::string_view(kBTreeLookupFile).size(), std::string::npos, kBTreePagesFile);
    return AddPart(snapshot, index, name, std::nullopt);
  }
  ARROW_ASSIGN_OR_RAISE(const auto pages, ParsePartPages(parts->second));
  LANCE_CHECK_BYTES(!pages.empty() && pages.size() <= index.files.size() + 1,
                    "there are {} parts in {} files", pages.size(), index.files.size());
  for (const auto& [id, count] : pages) {
    ARROW_RETURN_NOT_OK(AddPart(snapshot, index, fmt::format("part_{}_{}", id, kBTreePagesFile), count));
  }
  return Status::OK();
}

Status BTreeSegment::AddPart(const table::Snapshot& snapshot, const table::IndexMetadata& index,
                             const std::string& name, std::optional<uint64_t> num_pages) {
  Part part;
  if (!parts_.empty()) part.first_page = parts_.back().first_page + parts_.back().num_pages;
  ARROW_ASSIGN_OR_RAISE(part.file, OpenFile(snapshot, index, name));
  const uint64_t rows = part.file->num_rows();
  part.num_pages = rows / page_rows_ + (rows % page_rows_ != 0 ? 1 : 0);
  LANCE_CHECK_BYTES(num_pages.value_or(part.num_pages) == part.num_pages, "{} has {} pages instead of {}",
                    name, part.num_pages, num_pages.value_or(0));
  LANCE_CHECK_BYTES(part.first_page + part.num_pages <= UINT32_MAX, "{} has {} pages", name, part.num_pages);
  for (const char* column : {kBTreeValuesColumn, kBTreeIdsColumn}) {
    const schema::Field* field = part.file->schema().FindTopLevel(column);
    LANCE_CHECK_BYTES(field != nullptr, "column {} is missing in {}", column, name);
    part.columns.fields.push_back(*field);
  }
  parts_.push_back(std::move(part));
  return Status::OK();
}

uint64_t BTreeSegment::num_rows() const {
  uint64_t out = 0;
  for (const Part& part : parts_) out += part.file->num_rows();
  return out;
}

std::vector<BTreeSegment::Wanted> BTreeSegment::WantedBy(const KeySet& set) const {
  std::vector<Wanted> out;
  size_t reached = 0;  // pages before are listed already
  if (set.nulls()) {
    for (; reached < lookup_.num_pages() && lookup_.null_count(reached) > 0; ++reached) {
      out.push_back({reached, 0, 0});
    }
  }
  const auto ranges = set.ranges();
  for (uint32_t r = 0; r < ranges.size(); ++r) {
    const auto [first, end] = lookup_.Find(ranges[r]);
    for (size_t page = first; page < end; ++page) {
      if (page < reached) {
        // Pages are listed in order without gaps, so that this is one of the last.
        auto listed = std::lower_bound(out.begin(), out.end(), page,
                                       [](const Wanted& a, size_t index) { return a.index < index; });
        if (listed != out.end() && listed->index == page) {
          if (listed->end == 0) listed->first = r;
          listed->end = r + 1;
          continue;
        }
      }
      out.push_back({page, r, r + 1});
      reached = page + 1;
    }
  }
  return out;
}

SearchEstimate BTreeSegment::Estimate(const KeySet& set) const {
  SearchEstimate out;
  for (const Wanted& wanted : WantedBy(set)) {
    ++out.pages;
    out.rows_read += page_rows_;
    out.rows += wanted.end == 0 ? lookup_.null_count(wanted.index) : page_rows_;
  }
  return out;
}

std::vector<BTreeSegment::Wanted> BTreeSegment::WantedBy(const Keys& keys,
                                                         std::span<const uint32_t> order) const {
  std::vector<Wanted> out;
  size_t page = 0;
  for (uint32_t i = 0; i < order.size(); ++i) {
    page = lookup_.FindPage(keys, order[i], page);
    // A key may go on over several pages; the first of them may be listed for keys before.
    for (size_t p = page; p < lookup_.num_pages() && !lookup_.BeginsAfter(p, keys, order[i]); ++p) {
      auto listed = std::find_if(out.rbegin(), out.rend(), [&](const Wanted& w) { return w.index <= p; });
      if (listed != out.rend() && listed->index == p) {
        listed->end = i + 1;
      } else {
        out.push_back({p, i, i + 1});
      }
    }
  }
  return out;
}

SearchEstimate BTreeSegment::Estimate(const Keys& keys, std::span<const uint32_t> order) const {
  const uint64_t pages = WantedBy(keys, order).size();
  return {pages, pages * page_rows_, pages * page_rows_};
}

std::string BTreeSegment::PageKey(uint32_t page) const { return fmt::format("btree/{}/{}", uuid_, page); }

Result<BTreeSegment::Pages> BTreeSegment::Load(std::span<const Wanted> wanted,
                                               ScalarSearchCounts* counts) const {
  const std::shared_ptr<runtime::Session> session = session_.lock();
  if (session == nullptr) return InvalidArgument("the session of BTREE index {} has ended", uuid_);
  runtime::Cache& cache = session->index_cache();
  Pages out(wanted.size());
  std::vector<uint32_t> missing;  // pages
  std::vector<size_t> places;
  for (size_t i = 0; i < wanted.size(); ++i) {
    const uint32_t page = lookup_.page(wanted[i].index);
    out[i] = std::static_pointer_cast<const BTreePage>(cache.Find(PageKey(page)));
    if (out[i] != nullptr) continue;
    missing.push_back(page);
    places.push_back(i);
  }
  if (counts != nullptr) {
    counts->pages_read.fetch_add(missing.size(), std::memory_order_relaxed);
    counts->rows.fetch_add(wanted.size() * page_rows_, std::memory_order_relaxed);
  }
  for (size_t first = 0; first < missing.size();) {
    const auto part = std::find_if(parts_.begin(), parts_.end(), [&](const Part& p) {
      return missing[first] < p.first_page + p.num_pages;
    });
    size_t end = first + 1;  // of those in the part, ascending as ranges to read are
    while (end < missing.size() && missing[end] > missing[end - 1] &&
           missing[end] < part->first_page + part->num_pages) {
      ++end;
    }
    Pages read;
    ARROW_RETURN_NOT_OK(ReadPages(*part, std::span(missing).subspan(first, end - first), &read));
    for (size_t i = first; i < end; ++i) {
      out[places[i]] = read[i - first];
      cache.Insert(PageKey(missing[i]), read[i - first], read[i - first]->memory_bytes() + 128);
    }
    first = end;
  }
  return out;
}

Status BTreeSegment::ReadPages(const Part& part, std::span<const uint32_t> pages, Pages* out) const {
  RowRanges rows;
  for (const uint32_t page : pages) {
    const uint64_t start = (page - part.first_page) * page_rows_;
    AppendRange(&rows, {start, std::min(page_rows_, part.file->num_rows() - start)});
  }
  ARROW_ASSIGN_OR_RAISE(const auto batch, part.file->Read(part.columns, rows));
  int64_t at = 0;
  for (const uint32_t page : pages) {
    const uint64_t start = (page - part.first_page) * page_rows_;
    const auto count = static_cast<int64_t>(std::min(page_rows_, part.file->num_rows() - start));
    ARROW_ASSIGN_OR_RAISE(
        out->emplace_back(),
        WithContext(BTreePage::Parse(type(), *batch->Slice(at, count)),
                    fmt::format("page {} of {}", page - part.first_page, part.file->path())));
    at += count;
  }
  return Status::OK();
}

Status BTreeSegment::ForEachPage(
    std::span<const Wanted> wanted, runtime::ThreadPool* pool, ScalarSearchCounts* counts,
    const std::function<void(size_t piece, const Wanted&, const BTreePage&)>& visit) const {
  const size_t pieces = (wanted.size() + kPiecePages - 1) / kPiecePages;
  return runtime::ParallelFor(pool, pieces, [&](size_t piece) -> Status {
    const size_t first = piece * kPiecePages;
    const auto mine = wanted.subspan(first, std::min(kPiecePages, wanted.size() - first));
    ARROW_ASSIGN_OR_RAISE(const Pages pages, Load(mine, counts));
    for (size_t i = 0; i < mine.size(); ++i) visit(piece, mine[i], *pages[i]);
    return Status::OK();
  });
}

namespace {

template <typename T>
std::vector<T> Join(std::vector<std::vector<T>> pieces) {
  if (pieces.empty()) return {};
  std::vector<T> out = std::move(pieces[0]);
  for (size_t i = 1; i < pieces.size(); ++i) out.insert(out.end(), pieces[i].begin(), pieces[i].end());
  return out;
}

}  // namespace

Result<std::vector<uint64_t>> BTreeSegment::Search(const KeySet& set, runtime::ThreadPool* pool,
                                                   ScalarSearchCounts* counts) const {
  const std::vector<Wanted> wanted = WantedBy(set);
  std::vector<std::vector<uint64_t>> found(wanted.size() / kPiecePages + 1);
  ARROW_RETURN_NOT_OK(
      ForEachPage(wanted, pool, counts, [&](size_t piece, const Wanted& what, const BTreePage& page) {
        if (set.nulls()) page.FindNulls(&found[piece]);
        for (uint32_t r = what.first; r < what.end; ++r) page.FindRange(set.ranges()[r], &found[piece]);
      }));
  return Join(std::move(found));
}

Result<std::vector<KeyMatch>> BTreeSegment::FindKeys(const Keys& keys, std::span<const uint32_t> order,
                                                     runtime::ThreadPool* pool) const {
  const std::vector<Wanted> wanted = WantedBy(keys, order);
  std::vector<std::vector<KeyMatch>> found(wanted.size() / kPiecePages + 1);
  ARROW_RETURN_NOT_OK(
      ForEachPage(wanted, pool, nullptr, [&](size_t piece, const Wanted& what, const BTreePage& page) {
        size_t at = 0;
        for (uint32_t i = what.first; i < what.end; ++i) {
          at = page.LowerBound(keys, order[i], at);
          for (size_t p = at; p < page.keys().size() && page.keys().Compare(p, keys, order[i]) == 0; ++p) {
            found[piece].push_back({page.id(p), order[i]});
          }
        }
      }));
  return Join(std::move(found));
}

std::string BTreeSegment::StatisticsJson() const {
  const auto text = [](const std::shared_ptr<arrow::Scalar>& value) {
    return value == nullptr ? std::string("N/A") : ValueText(*value);
  };
  return fmt::format(R"({{"min":{},"max":{},"num_pages":{}}})", QuoteJson(text(lookup_.min())),
                     QuoteJson(text(lookup_.max())), lookup_.num_pages());
}

Status BTreeSegment::Prewarm(runtime::ThreadPool* pool) const {
  std::vector<Wanted> all;
  for (size_t i = 0; i < lookup_.num_pages(); ++i) all.push_back({i, 0, 0});
  return ForEachPage(all, pool, nullptr, [](size_t, const Wanted&, const BTreePage&) {});
}

Status BTreeSegment::Scan(const std::function<Status(const arrow::RecordBatch& page)>& visit) const {
  for (const Part& part : parts_) {
    for (uint64_t start = 0; start < part.file->num_rows(); start += page_rows_) {
      const RowRange rows{start, std::min(page_rows_, part.file->num_rows() - start)};
      ARROW_ASSIGN_OR_RAISE(const auto batch, part.file->Read(part.columns, {&rows, 1}));
      ARROW_RETURN_NOT_OK(visit(*batch));
    }
  }
  return Status::OK();
}

}  // namespace lance::index
