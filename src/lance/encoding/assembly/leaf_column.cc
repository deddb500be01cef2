#include "lance/encoding/assembly/leaf_column.h"

#include <algorithm>

#include <arrow/api.h>

#include "lance/base/checked_math.h"
#include "lance/encoding/assembly/join_values.h"
#include "lance/encoding/core/buffers.h"

namespace lance::encoding {
namespace {

class PagedLeafColumn;

constexpr uint64_t kMaxPrefetchBytes = 16 << 20;

// Serves ranges that were read ahead from memory, all others from the file. One thread at a time.
class PrefetchedBytes final : public ByteSource {
 public:
  explicit PrefetchedBytes(ByteSource* source) : source_(source) {}

  Status Read(std::vector<ByteRange> ranges) {
    ARROW_ASSIGN_OR_RAISE(buffers_, source_->ReadMany(ranges));
    ranges_ = std::move(ranges);
    return Status::OK();
  }

  uint64_t size() const override { return source_->size(); }
  Result<std::vector<BufferPtr>> ReadMany(std::span<const ByteRange> ranges) override {
    std::vector<BufferPtr> out;
    for (const ByteRange& range : ranges) {
      // Pages are opened in the order in which they were read ahead.
      while (next_ < ranges_.size() && !(ranges_[next_] == range)) ++next_;
      if (next_ == ranges_.size()) {
        next_ = 0;
        return source_->ReadMany(ranges);
      }
      out.push_back(buffers_[next_]);
    }
    return out;
  }

 private:
  ByteSource* source_;
  std::vector<ByteRange> ranges_;
  std::vector<BufferPtr> buffers_;
  size_t next_ = 0;
};

struct PlannedPage {
  std::unique_ptr<PageTask> task;
  const PageInfo* info = nullptr;
  std::shared_ptr<const PageReader> kept_alive;  ///< when the page is not kept by the file
};

class PagedLeafTask final : public LeafTask {
 public:
  PagedLeafTask(const PagedLeafColumn& column, std::vector<PlannedPage> pages)
      : column_(column), pages_(std::move(pages)) {
    for (const PlannedPage& page : pages_) num_ranges_ += page.task->ranges().size();
  }

  void AppendRanges(std::vector<ByteRange>* out) const override {
    for (const PlannedPage& page : pages_) {
      auto ranges = page.task->ranges();
      out->insert(out->end(), ranges.begin(), ranges.end());
    }
  }
  size_t num_ranges() const override { return num_ranges_; }
  Result<DecodedLeaf> Decode(std::span<BufferPtr> buffers) override;

 private:
  const PagedLeafColumn& column_;
  std::vector<PlannedPage> pages_;
  size_t num_ranges_ = 0;
};

class PagedLeafColumn final : public LeafColumn {
 public:
  PagedLeafColumn(const ColumnInfo* info, std::shared_ptr<arrow::DataType> type, std::vector<LayerKind> shape,
                  std::vector<uint64_t> page_ends, ColumnSource* source)
      : info_(info),
        type_(std::move(type)),
        shape_(std::move(shape)),
        page_ends_(std::move(page_ends)),
        source_(source) {}

  const std::shared_ptr<arrow::DataType>& type() const override { return type_; }
  const ColumnInfo& info() const override { return *info_; }
  const std::vector<LayerKind>& shape() const { return shape_; }

  Result<std::unique_ptr<LeafTask>> Plan(std::span<const RowRange> rows) const override {
    std::vector<RowsOfPage> touched;
    std::vector<RowRange, PooledAllocator<RowRange>> in_pages;
    in_pages.reserve(rows.size());
    RowRange rest = rows.empty() ? RowRange{} : rows[0];
    for (size_t next = 0; next < rows.size();) {
      const size_t page = PageOf(rest.start);
      const uint64_t page_start = page == 0 ? 0 : page_ends_[page - 1];
      const size_t first = in_pages.size();
      while (next < rows.size() && rest.start < page_ends_[page]) {
        const uint64_t end = std::min(rest.end(), page_ends_[page]);
        in_pages.push_back({rest.start - page_start, end - rest.start});
        rest = {end, rest.end() - end};
        if (rest.length == 0 && ++next < rows.size()) rest = rows[next];
      }
      touched.push_back({page, first, in_pages.size() - first});
    }
    PrefetchedBytes prefetched(source_->bytes());
    ARROW_RETURN_NOT_OK(Prefetch(touched, &prefetched));
    std::vector<PlannedPage> planned;
    planned.reserve(touched.size());
    for (const RowsOfPage& one : touched) {
      std::span<const RowRange> own = std::span<const RowRange>(in_pages).subspan(one.first, one.count);
      ARROW_ASSIGN_OR_RAISE(PlannedPage page, PlanPage(one.page, own, &prefetched));
      planned.push_back(std::move(page));
    }
    return std::make_unique<PagedLeafTask>(*this, std::move(planned));
  }

 private:
  struct RowsOfPage {
    size_t page;
    size_t first;  ///< into the page-relative ranges
    size_t count;
  };

  // A scan's first touch opens many pages, and each would read its chunk table by itself: one request a page
  // where one for all does. What a mini-block page reads when it is opened is all but its largest buffer.
  Status Prefetch(std::span<const RowsOfPage> touched, PrefetchedBytes* into) const {
    std::vector<ByteRange> wanted;
    uint64_t bytes = 0;
    size_t pages = 0;
    for (const RowsOfPage& one : touched) {
      const PageInfo& page = info_->pages[one.page];
      if (page.buffers.size() < 2 || !IsMiniBlock(page) || info_->open_pages->Find(one.page) != nullptr)
        continue;
      auto longest = std::max_element(page.buffers.begin(), page.buffers.end(),
                                      [](const auto& a, const auto& b) { return a.length < b.length; });
      for (auto buffer = page.buffers.begin(); buffer != page.buffers.end(); ++buffer) {
        if (buffer == longest || buffer->length == 0) continue;
        wanted.push_back(*buffer);
        bytes += buffer->length;
      }
      ++pages;
    }
    if (pages < 2 || bytes > kMaxPrefetchBytes) return Status::OK();
    return into->Read(std::move(wanted));
  }

  // The serialized PageLayout starts with the tag of its only member.
  static bool IsMiniBlock(const PageInfo& page) {
    constexpr char kMiniBlockTag = (1 << 3) | 2;
    return !page.encoding.empty() && page.encoding[0] == kMiniBlockTag;
  }

  size_t PageOf(uint64_t row) const {
    return static_cast<size_t>(std::upper_bound(page_ends_.begin(), page_ends_.end(), row) -
                               page_ends_.begin());
  }

  Result<PlannedPage> PlanPage(size_t page, std::span<const RowRange> rows, ByteSource* bytes) const {
    PlannedPage out;
    out.info = &info_->pages[page];
    const OpenPages::Entry* kept = info_->open_pages->Find(page);
    if (kept != nullptr && (kept->type == type_ || kept->type->Equals(*type_))) {
      ARROW_ASSIGN_OR_RAISE(out.task, kept->reader->Plan(rows));
      return out;
    }
    ARROW_ASSIGN_OR_RAISE(out.kept_alive, OpenStructuralPage(*out.info, source_->format(), type_, bytes));
    ARROW_ASSIGN_OR_RAISE(out.task, out.kept_alive->Plan(rows));
    if (kept == nullptr) info_->open_pages->Offer(page, {out.kept_alive, type_});
    return out;
  }

  const ColumnInfo* info_;
  std::shared_ptr<arrow::DataType> type_;
  std::vector<LayerKind> shape_;
  std::vector<uint64_t> page_ends_;  ///< exclusive, ascending
  ColumnSource* source_;
};

Result<DecodedLeaf> PagedLeafTask::Decode(std::span<BufferPtr> buffers) {
  std::vector<std::shared_ptr<arrow::ArrayData>> values;
  std::vector<PageLevels> levels;
  values.reserve(pages_.size());
  levels.reserve(pages_.size());
  size_t next = 0;
  for (PlannedPage& page : pages_) {
    const size_t count = page.task->ranges().size();
    auto own = buffers.subspan(next, count);
    next += count;
    ARROW_ASSIGN_OR_RAISE(DecodedPage decoded, page.task->Decode({std::make_move_iterator(own.begin()),
                                                                  std::make_move_iterator(own.end())}));
    if (decoded.values == nullptr) return Internal("{}: decoded to nothing", page.info->where);
    values.push_back(decoded.values);
    ARROW_ASSIGN_OR_RAISE(PageLevels one,
                          PageLevels::Make(std::move(decoded), column_.shape(), page.info->where));
    levels.push_back(std::move(one));
  }
  DecodedLeaf out;
  ARROW_ASSIGN_OR_RAISE(out.values, JoinValues(std::move(values), column_.type()));
  out.levels = LeafLevels(std::move(levels));
  return out;
}

}  // namespace

Result<std::unique_ptr<LeafColumn>> OpenLeafColumn(const ColumnInfo* info,
                                                   std::shared_ptr<arrow::DataType> type,
                                                   uint64_t expected_rows, std::vector<LayerKind> shape,
                                                   ColumnSource* source) {
  std::vector<uint64_t> ends;
  ends.reserve(info->pages.size());
  uint64_t total = 0;
  for (const PageInfo& page : info->pages) {
    ARROW_ASSIGN_OR_RAISE(total, CheckedAdd(total, page.num_rows, "rows of the column's pages"));
    ends.push_back(total);
  }
  LANCE_CHECK_BYTES(total == expected_rows, "{}, column {}: its pages hold {} rows, {} are expected",
                    source->path(), info->index, total, expected_rows);
  return std::make_unique<PagedLeafColumn>(info, std::move(type), std::move(shape), std::move(ends), source);
}

}  // namespace lance::encoding
