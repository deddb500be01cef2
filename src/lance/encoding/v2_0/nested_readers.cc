#include <algorithm>

#include <arrow/api.h>

#include "lance/base/row_range.h"
#include "lance/encoding/core/compound_tasks.h"
#include "lance/encoding/v2_0/field_readers.h"

namespace lance::encoding::v2_0 {
namespace {

class StructReader final : public Reader {
 public:
  StructReader(std::shared_ptr<arrow::DataType> type, std::vector<std::unique_ptr<Reader>> members,
               uint64_t num_rows)
      : type_(std::move(type)), members_(std::move(members)), num_rows_(num_rows) {}

  const std::shared_ptr<arrow::DataType>& type() const override { return type_; }
  uint64_t num_rows() const override { return num_rows_; }

  Result<std::unique_ptr<FieldTask>> Plan(std::span<const RowRange> rows) override {
    for (const RowRange& range : rows) {
      LANCE_CHECK_BYTES(range.end() <= num_rows_, "rows {}..{} of a struct that has {}", range.start,
                        range.end(), num_rows_);
    }
    std::vector<std::unique_ptr<FieldTask>> tasks;
    for (const auto& member : members_) {
      ARROW_ASSIGN_OR_RAISE(auto task, member->Plan(rows));
      tasks.push_back(std::move(task));
    }
    return MakeStructTask(type_, CountRows(rows), std::move(tasks));
  }

  std::vector<uint64_t> PageStarts() const override {
    const Reader* widest = nullptr;
    for (const auto& member : members_) {
      if (widest == nullptr || member->StoredBytes() > widest->StoredBytes()) widest = member.get();
    }
    return widest == nullptr ? std::vector<uint64_t>{0} : widest->PageStarts();
  }
  uint64_t StoredBytes() const override {
    uint64_t total = 0;
    for (const auto& member : members_) total += member->StoredBytes();
    return total;
  }

 private:
  std::shared_ptr<arrow::DataType> type_;
  std::vector<std::unique_ptr<Reader>> members_;
  uint64_t num_rows_;
};

/// Runs another task and changes what comes out.
template <typename Change>
class ChangedTask final : public FieldTask {
 public:
  ChangedTask(std::unique_ptr<FieldTask> inner, Change change)
      : inner_(std::move(inner)), change_(std::move(change)) {}
  std::span<const ByteRange> ranges() const override { return inner_->ranges(); }
  Result<std::shared_ptr<arrow::ArrayData>> Decode(std::vector<BufferPtr> buffers) override {
    ARROW_ASSIGN_OR_RAISE(auto data, inner_->Decode(std::move(buffers)));
    return change_(std::move(data));
  }

 private:
  std::unique_ptr<FieldTask> inner_;
  Change change_;
};

class MemberPicker final : public Reader {
 public:
  MemberPicker(std::shared_ptr<arrow::DataType> type, std::unique_ptr<Reader> packed,
               std::vector<int> members)
      : type_(std::move(type)), packed_(std::move(packed)), members_(std::move(members)) {}

  const std::shared_ptr<arrow::DataType>& type() const override { return type_; }
  uint64_t num_rows() const override { return packed_->num_rows(); }
  std::vector<uint64_t> PageStarts() const override { return packed_->PageStarts(); }
  uint64_t StoredBytes() const override { return packed_->StoredBytes(); }

  Result<std::unique_ptr<FieldTask>> Plan(std::span<const RowRange> rows) override {
    ARROW_ASSIGN_OR_RAISE(auto task, packed_->Plan(rows));
    auto change = [type = type_, members = members_](
                      std::shared_ptr<arrow::ArrayData> data) -> Result<std::shared_ptr<arrow::ArrayData>> {
      std::vector<std::shared_ptr<arrow::ArrayData>> children;
      for (int member : members) children.push_back(data->child_data[member]);
      data->child_data = std::move(children);
      data->type = type;
      return data;
    };
    return std::make_unique<ChangedTask<decltype(change)>>(std::move(task), std::move(change));
  }

 private:
  std::shared_ptr<arrow::DataType> type_;
  std::unique_ptr<Reader> packed_;
  std::vector<int> members_;
};

class NullReader final : public Reader {
 public:
  NullReader(std::shared_ptr<arrow::DataType> type, uint64_t num_rows)
      : type_(std::move(type)), num_rows_(num_rows) {}
  const std::shared_ptr<arrow::DataType>& type() const override { return type_; }
  uint64_t num_rows() const override { return num_rows_; }
  std::vector<uint64_t> PageStarts() const override { return {0}; }
  uint64_t StoredBytes() const override { return 0; }
  Result<std::unique_ptr<FieldTask>> Plan(std::span<const RowRange> rows) override {
    return MakeNullTask(type_, CountRows(rows));
  }

 private:
  std::shared_ptr<arrow::DataType> type_;
  uint64_t num_rows_;
};

}  // namespace

std::unique_ptr<Reader> MakeStructReader(std::shared_ptr<arrow::DataType> type,
                                         std::vector<std::unique_ptr<Reader>> members, uint64_t num_rows) {
  return std::make_unique<StructReader>(std::move(type), std::move(members), num_rows);
}
std::unique_ptr<Reader> MakeMemberPicker(std::shared_ptr<arrow::DataType> type,
                                         std::unique_ptr<Reader> packed, std::vector<int> members) {
  return std::make_unique<MemberPicker>(std::move(type), std::move(packed), std::move(members));
}
std::unique_ptr<Reader> MakeNullReader(std::shared_ptr<arrow::DataType> type, uint64_t num_rows) {
  return std::make_unique<NullReader>(std::move(type), num_rows);
}

}  // namespace lance::encoding::v2_0
