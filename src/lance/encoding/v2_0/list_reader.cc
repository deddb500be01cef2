#include <arrow/api.h>

#include "lance/encoding/core/array_output.h"
#include "lance/encoding/core/compound_tasks.h"
#include "lance/encoding/v2_0/array_decoder.h"
#include "lance/encoding/v2_0/column_pages.h"
#include "lance/encoding/v2_0/ends.h"
#include "lance/encoding/v2_0/field_readers.h"
#include "lance/proto/array_encodings.pb.h"
#include "lance/proto/parse.h"

namespace lance::encoding::v2_0 {
namespace {

/// One page of list ends.
struct EndsPage {
  std::unique_ptr<ArrayDecoder> decoder;
  uint64_t null_adjustment = 0;
  uint64_t first_item = 0;  ///< items of all pages before
  uint64_t num_items = 0;
};

class ListReader final : public Reader {
 public:
  ListReader(std::shared_ptr<arrow::DataType> type, std::shared_ptr<ColumnSource> source,
             const ColumnInfo* column, PageIndex starts, std::vector<EndsPage> pages,
             std::unique_ptr<Reader> items)
      : type_(std::move(type)),
        source_(std::move(source)),
        column_(column),
        starts_(std::move(starts)),
        pages_(std::move(pages)),
        items_(std::move(items)) {}

  const std::shared_ptr<arrow::DataType>& type() const override { return type_; }
  uint64_t num_rows() const override { return starts_.num_rows(); }
  uint64_t StoredBytes() const override { return StoredBytesOf(*column_) + items_->StoredBytes(); }
  std::vector<uint64_t> PageStarts() const override {
    std::vector<uint64_t> out(starts_.starts().begin(), starts_.starts().end() - 1);
    if (out.empty()) out.push_back(0);
    return out;
  }

  Result<std::unique_ptr<FieldTask>> Plan(std::span<const RowRange> rows) override {
    // Ends of all touched pages in one read, then the items they lead to.
    struct Part {
      size_t page;
      RowRanges rows;
      std::unique_ptr<ArrayTask> task;
    };
    ReadPlan plan{source_->bytes(), {}};
    std::vector<Part> parts;
    ARROW_RETURN_NOT_OK(starts_.ForEach(rows, [&](size_t page, std::span<const RowRange> in_page) -> Status {
      auto task = pages_[page].decoder->Plan(Ends::RowsToRead(in_page), &plan);
      if (!task.ok()) return WithContext(task.status(), where(page));
      parts.push_back({page, RowRanges(in_page.begin(), in_page.end()), std::move(*task)});
      return Status::OK();
    }));
    ARROW_ASSIGN_OR_RAISE(auto buffers, source_->bytes()->ReadMany(plan.ranges));

    ARROW_ASSIGN_OR_RAISE(auto offsets,
                          ArrayOutput::Make(is_large() ? arrow::large_binary() : arrow::binary()));
    offsets->Reserve(CountRows(rows));
    RowRanges item_rows;
    for (Part& part : parts) {
      Status status = DecodeEnds(part.page, part.rows, part.task.get(), buffers, offsets.get(), &item_rows);
      if (!status.ok()) return WithContext(status, where(part.page));
    }
    uint64_t num_items = 0;
    ARROW_ASSIGN_OR_RAISE(auto data, offsets->FinishOffsets(&num_items));
    ARROW_ASSIGN_OR_RAISE(auto items, items_->Plan(item_rows));
    return MakeListTask(type_, std::move(data), num_items, std::move(items));
  }

 private:
  const std::string& where(size_t page) const { return column_->pages[starts_.page(page)].where; }
  bool is_large() const {
    switch (type_->id()) {
      case arrow::Type::LARGE_LIST:
      case arrow::Type::LARGE_BINARY:
      case arrow::Type::LARGE_STRING:
        return true;
      default:
        return false;
    }
  }

  Status DecodeEnds(size_t page, std::span<const RowRange> rows, ArrayTask* task,
                    std::span<const BufferPtr> buffers, ArrayOutput* offsets, RowRanges* item_rows) const {
    const EndsPage& info = pages_[page];
    ARROW_ASSIGN_OR_RAISE(auto raw, DecodeWhole(task, buffers, arrow::uint64()));
    ARROW_ASSIGN_OR_RAISE(auto ends, Ends::Make(std::move(raw), rows, info.null_adjustment));
    for (const RowRange& range : ends.ValueRanges()) {
      LANCE_CHECK_BYTES(range.end() <= info.num_items, "a list ends at item {} of {}", range.end(),
                        info.num_items);
      AppendRange(item_rows, {info.first_item + range.start, range.length});
    }
    ARROW_RETURN_NOT_OK(ends.AppendOffsets(offsets));
    offsets->FillValidity();
    return Status::OK();
  }

  std::shared_ptr<arrow::DataType> type_;
  std::shared_ptr<ColumnSource> source_;
  const ColumnInfo* column_;
  PageIndex starts_;
  std::vector<EndsPage> pages_;
  std::unique_ptr<Reader> items_;
};

Result<EndsPage> OpenEndsPage(const PageInfo& page, const PageBuffers& buffers) {
  pb20::ArrayEncoding encoding;
  LANCE_CHECK_BYTES(pb::Parse(page.encoding, &encoding), "the array encoding is no valid message");
  LANCE_CHECK_BYTES(encoding.has_list(), "a list column has a page with array encoding number {}",
                    static_cast<int>(encoding.array_encoding_case()));
  const pb20::List& list = encoding.list();
  LANCE_CHECK_BYTES(list.null_offset_adjustment() > list.num_items(),
                    "null adjustment {} of a page with {} items", list.null_offset_adjustment(),
                    list.num_items());
  EndsPage out;
  ARROW_ASSIGN_OR_RAISE(out.decoder,
                        MakeArrayDecoder(list.offsets(), arrow::uint64(), page.num_rows, buffers));
  out.null_adjustment = list.null_offset_adjustment();
  out.num_items = list.num_items();
  return out;
}

}  // namespace

Result<std::unique_ptr<Reader>> OpenList(int column, const std::shared_ptr<arrow::DataType>& type,
                                         std::unique_ptr<Reader> items,
                                         std::shared_ptr<ColumnSource> source) {
  ARROW_ASSIGN_OR_RAISE(const ColumnInfo* info, source->Column(column));
  ARROW_ASSIGN_OR_RAISE(auto starts, PageIndex::Make(*info));
  std::vector<EndsPage> pages;
  uint64_t first_item = 0;
  for (size_t i = 0; i < starts.num_pages(); ++i) {
    const PageInfo& page = info->pages[starts.page(i)];
    auto opened = OpenEndsPage(page, {page.buffers, info->buffers, source->global_buffers()});
    if (!opened.ok()) return WithContext(opened.status(), page.where);
    opened->first_item = first_item;
    auto end = CheckedAdd(first_item, opened->num_items, "number of list items");
    if (!end.ok() || *end > items->num_rows()) {
      return WithContext(Corruption("lists refer to {} items, {} are stored", end.ok() ? *end : UINT64_MAX,
                                    items->num_rows()),
                         page.where);
    }
    first_item = *end;
    pages.push_back(std::move(*opened));
  }
  return std::make_unique<ListReader>(type, std::move(source), info, std::move(starts), std::move(pages),
                                      std::move(items));
}

}  // namespace lance::encoding::v2_0
