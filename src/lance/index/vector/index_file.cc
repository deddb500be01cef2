#include "lance/index/vector/index_file.h"

#include <algorithm>
#include <numeric>

#include <arrow/api.h>

#include "lance/encoding/core/column_source.h"
#include "lance/encoding/core/page.h"

namespace lance::index {
namespace {

// How much more than the rows that are wanted is read to spare requests.
struct Excess {
  uint64_t factor;  // pages may have so many times the bytes of their wanted rows,
  uint64_t bytes;   // and so many more
  store::FetchBudget joined;
};
// A read of a local disk costs about what 64 KiB of it cost, a request of a remote store as much as a MiB.
constexpr Excess kLocal = {8, 1 << 20, {64 << 10, 1 << 20}};
constexpr Excess kRemote = {8, 8 << 20, {4 << 20, 16 << 20}};
// What is larger is read in pieces that are decoded one after the other.
constexpr uint64_t kMostFetched = 64 << 20;

// What a page takes up in the file.
ByteRange Extent(const encoding::PageInfo& page) {
  uint64_t begin = UINT64_MAX, end = 0;
  for (const ByteRange& buffer : page.buffers) {
    if (buffer.length == 0) continue;
    begin = std::min(begin, buffer.offset);
    end = std::max(end, buffer.end());
  }
  return end == 0 ? ByteRange{0, 0} : ByteRange{begin, end - begin};
}

// Adds the pages that hold rows of a range; gives about how many bytes these rows have in them.
uint64_t AddPages(const encoding::ColumnInfo& column, const RowRange& rows, std::vector<ByteRange>* out) {
  auto page = std::upper_bound(column.pages.begin(), column.pages.end(), rows.start,
                               [](uint64_t row, const encoding::PageInfo& of) { return row < of.first_row; });
  if (page != column.pages.begin()) --page;
  uint64_t wanted = 0;
  for (; page != column.pages.end() && page->first_row < rows.end(); ++page) {
    const uint64_t begin = std::max(rows.start, page->first_row);
    const uint64_t end = std::min(rows.end(), page->first_row + page->num_rows);
    const ByteRange extent = Extent(*page);
    if (begin >= end || extent.length == 0) continue;
    out->push_back(extent);
    wanted += static_cast<uint64_t>(static_cast<double>(extent.length) * static_cast<double>(end - begin) /
                                    static_cast<double>(page->num_rows));
  }
  return wanted;
}

}  // namespace

Result<std::unique_ptr<const IndexFile>> IndexFile::Open(const table::ObjectPlace& folder, const char* name) {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<store::ReadableObject> object,
                        folder.store->Open(folder.key + "/" + name));
  auto out = std::unique_ptr<IndexFile>(new IndexFile);
  out->is_local_ = folder.store->capabilities().is_local;
  out->object_ = std::make_shared<store::AheadObject>(std::move(object));
  ARROW_ASSIGN_OR_RAISE(out->reader_, file::FileReader::Open(out->object_));
  return std::unique_ptr<const IndexFile>(std::move(out));
}

Result<IndexFile::Fetched> IndexFile::FetchPages(const std::vector<std::string_view>& columns,
                                                 const std::vector<RowRange>& ranges) const {
  const std::vector<schema::Field>& fields = reader_->schema().fields;
  const file::Version version = reader_->version();
  // Before 2.1 a list has columns of its own.
  const bool one_each = version.minor >= 1 && static_cast<size_t>(reader_->num_columns()) == fields.size();
  if (!one_each || ranges.empty()) return nullptr;
  std::vector<ByteRange> pages;
  uint64_t wanted = 0;
  for (size_t i = 0; i < fields.size(); ++i) {
    if (std::find(columns.begin(), columns.end(), fields[i].name) == columns.end()) continue;
    ARROW_ASSIGN_OR_RAISE(const encoding::ColumnInfo* column, reader_->StoredColumn(static_cast<int>(i)));
    for (const RowRange& range : ranges) wanted += AddPages(*column, range, &pages);
  }
  const Excess& excess = is_local_ ? kLocal : kRemote;
  uint64_t bytes = 0;
  pages = store::JoinRanges(std::move(pages), {});
  for (const ByteRange& page : pages) bytes += page.length;
  if (bytes > wanted * excess.factor + excess.bytes || bytes > kMostFetched) return nullptr;
  return object_->Fetch(std::move(pages), excess.joined);
}

Result<std::vector<std::shared_ptr<arrow::RecordBatch>>> IndexFile::ReadColumns(
    const std::vector<std::string_view>& columns, const std::vector<RowRange>& ranges) const {
  schema::Schema projection;
  for (std::string_view name : columns) {
    const schema::Field* field = reader_->schema().FindTopLevel(name);
    LANCE_CHECK_BYTES(field != nullptr, "{}: column {} is missing", reader_->path(), name);
    projection.fields.push_back(*field);
  }
  ARROW_ASSIGN_OR_RAISE(const Fetched fetched, FetchPages(columns, ranges));
  std::vector<size_t> order(ranges.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return ranges[a].start < ranges[b].start; });
  std::vector<std::shared_ptr<arrow::RecordBatch>> out(ranges.size());
  for (size_t first = 0; first < order.size();) {
    RowRanges rows;
    size_t end = first;
    uint64_t count = 0;
    while (end < order.size() && (end == first || ranges[order[end]].start >= ranges[order[end - 1]].end())) {
      AppendRange(&rows, ranges[order[end]]);
      count += ranges[order[end++]].length;
    }
    ARROW_ASSIGN_OR_RAISE(const auto batch, reader_->Read(projection, rows));
    for (int i = 0; i < batch->num_columns(); ++i) {
      LANCE_CHECK_BYTES(batch->column(i)->length() == static_cast<int64_t>(count),
                        "{}: column {} gave {} rows instead of {}", reader_->path(), columns[i],
                        batch->column(i)->length(), count);
      LANCE_CHECK_BYTES(batch->column(i)->null_count() == 0, "{}: column {} has nulls", reader_->path(),
                        columns[i]);
    }
    for (int64_t at = 0; first < end; ++first) {
      const auto length = static_cast<int64_t>(ranges[order[first]].length);
      out[order[first]] = batch->Slice(at, length);
      at += length;
    }
  }
  return out;
}

}  // namespace lance::index
