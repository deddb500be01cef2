// Blob columns of 2.0: the column holds packed descriptions (position, size) and each value lies somewhere
// else in the file. (0, 0) is the empty value, (1, 0) null.
#include <cstring>

#include <arrow/api.h>

#include "lance/base/checked_math.h"
#include "lance/encoding/v2_0/field_readers.h"
#include "lance/runtime/buffer_pool.h"

namespace lance::encoding::v2_0 {
namespace {

class BlobTask final : public FieldTask {
 public:
  BlobTask(std::shared_ptr<arrow::DataType> type, std::shared_ptr<arrow::Buffer> offsets, BufferPtr validity,
           int64_t rows, std::vector<ByteRange> ranges)
      : type_(std::move(type)),
        offsets_(std::move(offsets)),
        validity_(std::move(validity)),
        rows_(rows),
        ranges_(std::move(ranges)) {}

  std::span<const ByteRange> ranges() const override { return ranges_; }

  Result<std::shared_ptr<arrow::ArrayData>> Decode(std::vector<BufferPtr> buffers) override {
    if (buffers.size() != ranges_.size())
      return Internal("{} buffers for {} ranges", buffers.size(), ranges_.size());
    BufferPtr bytes;
    if (buffers.size() == 1) {
      bytes = std::move(buffers[0]);
    } else {
      const auto total = static_cast<uint64_t>(reinterpret_cast<const int64_t*>(offsets_->data())[rows_]);
      ARROW_ASSIGN_OR_RAISE(auto joined, runtime::AllocatePooled(total));
      uint8_t* to = joined->mutable_data();
      for (const BufferPtr& buffer : buffers) {
        std::memcpy(to, buffer->data(), static_cast<size_t>(buffer->size()));
        to += buffer->size();
      }
      bytes = std::move(joined);
    }
    return arrow::ArrayData::Make(type_, rows_, {validity_, offsets_, bytes},
                                  validity_ == nullptr ? 0 : arrow::kUnknownNullCount);
  }

 private:
  std::shared_ptr<arrow::DataType> type_;
  std::shared_ptr<arrow::Buffer> offsets_;
  BufferPtr validity_;
  int64_t rows_;
  std::vector<ByteRange> ranges_;
};

class BlobReader final : public Reader {
 public:
  BlobReader(std::shared_ptr<arrow::DataType> type, std::unique_ptr<Reader> descriptions,
             std::shared_ptr<ColumnSource> source)
      : type_(std::move(type)), descriptions_(std::move(descriptions)), source_(std::move(source)) {}

  const std::shared_ptr<arrow::DataType>& type() const override { return type_; }
  uint64_t num_rows() const override { return descriptions_->num_rows(); }
  std::vector<uint64_t> PageStarts() const override { return descriptions_->PageStarts(); }
  uint64_t StoredBytes() const override { return descriptions_->StoredBytes(); }

  Result<std::unique_ptr<FieldTask>> Plan(std::span<const RowRange> rows) override {
    ARROW_ASSIGN_OR_RAISE(auto task, descriptions_->Plan(rows));
    ARROW_ASSIGN_OR_RAISE(auto buffers, source_->bytes()->ReadMany(task->ranges()));
    ARROW_ASSIGN_OR_RAISE(auto described, task->Decode(std::move(buffers)));
    const auto* positions = described->child_data[0]->GetValues<uint64_t>(1);
    const auto* sizes = described->child_data[1]->GetValues<uint64_t>(1);
    const auto count = static_cast<uint64_t>(described->length);

    ARROW_ASSIGN_OR_RAISE(auto offsets, runtime::AllocatePooled((count + 1) * 8));
    auto* to = reinterpret_cast<uint64_t*>(offsets->mutable_data());
    uint64_t total = 0, nulls = 0;
    std::vector<ByteRange> ranges;
    for (uint64_t i = 0; i < count; ++i) {
      to[i] = total;
      if (sizes[i] == 0) {
        nulls += positions[i] == 1;
        continue;
      }
      LANCE_CHECK_BYTES(RangeFits(positions[i], sizes[i], source_->bytes()->size()),
                        "{}: blob of {} bytes at {} lies outside the file", source_->path(), sizes[i],
                        positions[i]);
      ranges.push_back({positions[i], sizes[i]});
      ARROW_ASSIGN_OR_RAISE(total, CheckedAdd(total, sizes[i], "bytes of blobs"));
    }
    to[count] = total;
    LANCE_CHECK_BYTES(total <= INT64_MAX, "{}: {} bytes of blobs", source_->path(), total);
    BufferPtr validity;
    if (nulls != 0) {
      ARROW_ASSIGN_OR_RAISE(auto bits, runtime::AllocatePooled(CeilDiv(count, 8)));
      std::memset(bits->mutable_data(), 0, static_cast<size_t>(bits->size()));
      for (uint64_t i = 0; i < count; ++i) {
        const bool valid = sizes[i] != 0 || positions[i] != 1;
        bits->mutable_data()[i / 8] |= static_cast<uint8_t>(valid) << (i % 8);
      }
      validity = std::move(bits);
    }
    return std::make_unique<BlobTask>(type_, std::move(offsets), std::move(validity), described->length,
                                      std::move(ranges));
  }

 private:
  std::shared_ptr<arrow::DataType> type_;
  std::unique_ptr<Reader> descriptions_;
  std::shared_ptr<ColumnSource> source_;
};

}  // namespace

std::unique_ptr<Reader> MakeBlobReader(std::shared_ptr<arrow::DataType> type,
                                       std::unique_ptr<Reader> descriptions,
                                       std::shared_ptr<ColumnSource> source) {
  return std::make_unique<BlobReader>(std::move(type), std::move(descriptions), std::move(source));
}

}  // namespace lance::encoding::v2_0
