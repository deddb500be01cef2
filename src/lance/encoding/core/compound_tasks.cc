#include "lance/encoding/core/compound_tasks.h"

#include <arrow/api.h>

namespace lance::encoding {
namespace {

class StructTask final : public FieldTask {
 public:
  StructTask(std::shared_ptr<arrow::DataType> type, uint64_t num_rows,
             std::vector<std::unique_ptr<FieldTask>> members)
      : type_(std::move(type)), num_rows_(num_rows), members_(std::move(members)) {
    for (const auto& member : members_) {
      auto ranges = member->ranges();
      ranges_.insert(ranges_.end(), ranges.begin(), ranges.end());
    }
  }

  std::span<const ByteRange> ranges() const override { return ranges_; }

  Result<std::shared_ptr<arrow::ArrayData>> Decode(std::vector<BufferPtr> buffers) override {
    if (buffers.size() != ranges_.size())
      return Internal("{} buffers for {} ranges", buffers.size(), ranges_.size());
    std::vector<std::shared_ptr<arrow::ArrayData>> children;
    auto next = buffers.begin();
    for (auto& member : members_) {
      auto end = next + static_cast<ptrdiff_t>(member->ranges().size());
      ARROW_ASSIGN_OR_RAISE(auto child,
                            member->Decode({std::make_move_iterator(next), std::make_move_iterator(end)}));
      children.push_back(std::move(child));
      next = end;
    }
    return arrow::ArrayData::Make(type_, static_cast<int64_t>(num_rows_), {nullptr}, std::move(children), 0);
  }

 private:
  std::shared_ptr<arrow::DataType> type_;
  uint64_t num_rows_;
  std::vector<std::unique_ptr<FieldTask>> members_;
  std::vector<ByteRange> ranges_;
};

class ListTask final : public FieldTask {
 public:
  ListTask(std::shared_ptr<arrow::DataType> type, std::shared_ptr<arrow::ArrayData> offsets,
           uint64_t num_items, std::unique_ptr<FieldTask> items)
      : type_(std::move(type)),
        offsets_(std::move(offsets)),
        num_items_(num_items),
        items_(std::move(items)) {}

  std::span<const ByteRange> ranges() const override { return items_->ranges(); }

  Result<std::shared_ptr<arrow::ArrayData>> Decode(std::vector<BufferPtr> buffers) override {
    ARROW_ASSIGN_OR_RAISE(auto items, items_->Decode(std::move(buffers)));
    LANCE_CHECK_BYTES(static_cast<uint64_t>(items->length) == num_items_,
                      "{} list items came where {} were asked for", items->length, num_items_);
    offsets_->type = type_;
    if (arrow::is_base_binary_like(type_->id())) {
      offsets_->buffers.push_back(items->buffers[1]);
    } else {
      offsets_->child_data.push_back(std::move(items));
    }
    return std::move(offsets_);
  }

 private:
  std::shared_ptr<arrow::DataType> type_;
  std::shared_ptr<arrow::ArrayData> offsets_;
  uint64_t num_items_;
  std::unique_ptr<FieldTask> items_;
};

class NullTask final : public FieldTask {
 public:
  NullTask(std::shared_ptr<arrow::DataType> type, uint64_t rows) : type_(std::move(type)), rows_(rows) {}
  std::span<const ByteRange> ranges() const override { return {}; }
  Result<std::shared_ptr<arrow::ArrayData>> Decode(std::vector<BufferPtr>) override {
    if (rows_ > INT64_MAX) return Corruption("an array of {} rows", rows_);
    ARROW_ASSIGN_OR_RAISE(auto array, arrow::MakeArrayOfNull(type_, static_cast<int64_t>(rows_)));
    return array->data();
  }

 private:
  std::shared_ptr<arrow::DataType> type_;
  uint64_t rows_;
};

}  // namespace

std::unique_ptr<FieldTask> MakeStructTask(std::shared_ptr<arrow::DataType> type, uint64_t num_rows,
                                          std::vector<std::unique_ptr<FieldTask>> members) {
  return std::make_unique<StructTask>(std::move(type), num_rows, std::move(members));
}
std::unique_ptr<FieldTask> MakeListTask(std::shared_ptr<arrow::DataType> type,
                                        std::shared_ptr<arrow::ArrayData> offsets, uint64_t num_items,
                                        std::unique_ptr<FieldTask> items) {
  return std::make_unique<ListTask>(std::move(type), std::move(offsets), num_items, std::move(items));
}
std::unique_ptr<FieldTask> MakeNullTask(std::shared_ptr<arrow::DataType> type, uint64_t rows) {
  return std::make_unique<NullTask>(std::move(type), rows);
}

}  // namespace lance::encoding
