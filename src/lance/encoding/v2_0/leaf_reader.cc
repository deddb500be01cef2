#include <arrow/api.h>

#include "lance/encoding/core/array_output.h"
#include "lance/encoding/v2_0/array_decoder.h"
#include "lance/encoding/v2_0/column_pages.h"
#include "lance/encoding/v2_0/field_readers.h"

namespace lance::encoding::v2_0 {

Result<PageIndex> PageIndex::Make(const ColumnInfo& column) {
  PageIndex out;
  for (size_t i = 0; i < column.pages.size(); ++i) {
    const PageInfo& page = column.pages[i];
    if (page.num_rows == 0) continue;
    auto end = CheckedAdd(out.num_rows(), page.num_rows, "row count");
    if (!end.ok()) return WithContext(end.status(), page.where);
    out.pages_.push_back(i);
    out.starts_.push_back(*end);
  }
  return out;
}

uint64_t StoredBytesOf(const ColumnInfo& column) {
  uint64_t total = 0;
  for (const PageInfo& page : column.pages) {
    for (const ByteRange& buffer : page.buffers) total += buffer.length;
  }
  return total;
}

namespace {

/// The parts of a read that lie in one page.
struct PagePart {
  std::unique_ptr<ArrayTask> task;
  const std::string* where;
};

class LeafTask final : public FieldTask {
 public:
  LeafTask(std::shared_ptr<arrow::DataType> type, uint64_t num_rows, ReadPlan plan,
           std::vector<PagePart> parts)
      : type_(std::move(type)), num_rows_(num_rows), plan_(std::move(plan)), parts_(std::move(parts)) {}

  std::span<const ByteRange> ranges() const override { return plan_.ranges; }

  Result<std::shared_ptr<arrow::ArrayData>> Decode(std::vector<BufferPtr> buffers) override {
    if (buffers.size() != plan_.ranges.size()) {
      return Internal("{} buffers for {} ranges", buffers.size(), plan_.ranges.size());
    }
    ARROW_ASSIGN_OR_RAISE(auto out, ArrayOutput::Make(type_));
    out->Reserve(num_rows_);
    for (PagePart& part : parts_) {
      Status status = part.task->Decode(buffers, out.get());
      if (!status.ok()) return WithContext(status, *part.where);
      out->FillValidity();
    }
    LANCE_CHECK_BYTES(out->length() == num_rows_, "{} rows were decoded where {} were asked for",
                      out->length(), num_rows_);
    return out->Finish();
  }

 private:
  std::shared_ptr<arrow::DataType> type_;
  uint64_t num_rows_;
  ReadPlan plan_;
  std::vector<PagePart> parts_;
};

class LeafReader final : public Reader {
 public:
  LeafReader(std::shared_ptr<arrow::DataType> type, std::shared_ptr<ColumnSource> source,
             const ColumnInfo* column, PageIndex starts, std::vector<std::unique_ptr<ArrayDecoder>> pages)
      : type_(std::move(type)),
        source_(std::move(source)),
        column_(column),
        starts_(std::move(starts)),
        pages_(std::move(pages)) {}

  const std::shared_ptr<arrow::DataType>& type() const override { return type_; }
  uint64_t num_rows() const override { return starts_.num_rows(); }
  uint64_t StoredBytes() const override { return StoredBytesOf(*column_); }
  std::vector<uint64_t> PageStarts() const override {
    std::vector<uint64_t> out(starts_.starts().begin(), starts_.starts().end() - 1);
    if (out.empty()) out.push_back(0);
    return out;
  }

  Result<std::unique_ptr<FieldTask>> Plan(std::span<const RowRange> rows) override {
    ReadPlan plan{source_->bytes(), {}};
    std::vector<PagePart> parts;
    ARROW_RETURN_NOT_OK(starts_.ForEach(rows, [&](size_t page, std::span<const RowRange> in_page) -> Status {
      const std::string& where = column_->pages[starts_.page(page)].where;
      auto task = pages_[page]->Plan(in_page, &plan);
      if (!task.ok()) return WithContext(task.status(), where);
      parts.push_back({std::move(*task), &where});
      return Status::OK();
    }));
    return std::make_unique<LeafTask>(type_, CountRows(rows), std::move(plan), std::move(parts));
  }

 private:
  std::shared_ptr<arrow::DataType> type_;
  std::shared_ptr<ColumnSource> source_;
  const ColumnInfo* column_;
  PageIndex starts_;
  std::vector<std::unique_ptr<ArrayDecoder>> pages_;
};

}  // namespace

Result<std::unique_ptr<Reader>> OpenLeaf(int column, const std::shared_ptr<arrow::DataType>& type,
                                         std::shared_ptr<ColumnSource> source) {
  ARROW_ASSIGN_OR_RAISE(const ColumnInfo* info, source->Column(column));
  ARROW_ASSIGN_OR_RAISE(auto starts, PageIndex::Make(*info));
  std::vector<std::unique_ptr<ArrayDecoder>> pages;
  for (size_t i = 0; i < starts.num_pages(); ++i) {
    const PageInfo& page = info->pages[starts.page(i)];
    const PageBuffers buffers{page.buffers, info->buffers, source->global_buffers()};
    auto decoder = ParseArrayDecoder(page.encoding, type, page.num_rows, buffers);
    if (!decoder.ok()) return WithContext(decoder.status(), page.where);
    pages.push_back(std::move(*decoder));
  }
  return std::make_unique<LeafReader>(type, std::move(source), info, std::move(starts), std::move(pages));
}

}  // namespace lance::encoding::v2_0
