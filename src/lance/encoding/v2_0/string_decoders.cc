#include <algorithm>
#include <cstring>

#include <arrow/api.h>

#include "lance/base/checked_math.h"
#include "lance/encoding/core/array_output.h"
#include "lance/encoding/v2_0/compound_decoders.h"
#include "lance/encoding/v2_0/ends.h"
#include "lance/runtime/buffer_pool.h"

namespace lance::encoding::v2_0 {
namespace {

/// A page of strings whose ends and bytes together are at most this is read in one go: the second round trip
/// would cost more than the bytes.
constexpr uint64_t kReadTogetherBytes = 64 << 10;

/// Ends were read while planning; the bytes asked for are exactly those of the rows.
class PlannedStringsTask final : public ArrayTask {
 public:
  PlannedStringsTask(Ends ends, std::unique_ptr<ArrayTask> bytes)
      : ends_(std::move(ends)), bytes_(std::move(bytes)) {}
  Status Decode(std::span<const BufferPtr> buffers, ArrayOutput* out) override {
    ARROW_RETURN_NOT_OK(ends_.AppendOffsets(out));
    if (bytes_ == nullptr) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(auto bytes, ArrayOutput::Make(arrow::uint8()));
    ARROW_RETURN_NOT_OK(bytes_->Decode(buffers, bytes.get()));
    out->data().AppendAll(std::move(bytes->data()));
    return Status::OK();
  }

 private:
  Ends ends_;
  std::unique_ptr<ArrayTask> bytes_;
};

/// Ends and bytes of the whole page are read together.
class WholeStringsTask final : public ArrayTask {
 public:
  WholeStringsTask(RowRanges rows, uint64_t null_adjustment, std::unique_ptr<ArrayTask> ends,
                   std::unique_ptr<ArrayTask> bytes)
      : rows_(std::move(rows)),
        null_adjustment_(null_adjustment),
        ends_(std::move(ends)),
        bytes_(std::move(bytes)) {}
  Status Decode(std::span<const BufferPtr> buffers, ArrayOutput* out) override {
    ARROW_ASSIGN_OR_RAISE(auto raw, DecodeWhole(ends_.get(), buffers, arrow::uint64()));
    ARROW_ASSIGN_OR_RAISE(auto ends, Ends::Make(std::move(raw), rows_, null_adjustment_));
    ARROW_ASSIGN_OR_RAISE(auto bytes, DecodeWhole(bytes_.get(), buffers, arrow::uint8()));
    const BufferPtr& data = bytes->buffers[1];
    const auto size = static_cast<uint64_t>(data->size());
    for (const RowRange& range : ends.ValueRanges()) {
      LANCE_CHECK_BYTES(range.end() <= size, "a string ends at byte {} of {}", range.end(), size);
      out->data().Append(data, data->data() + range.start, range.length);
    }
    return ends.AppendOffsets(out);
  }

 private:
  RowRanges rows_;
  uint64_t null_adjustment_;
  std::unique_ptr<ArrayTask> ends_, bytes_;
};

class BinaryDecoder final : public ArrayDecoder {
 public:
  BinaryDecoder(ArrayDecoderPtr indices, ArrayDecoderPtr bytes, uint64_t null_adjustment, uint64_t num_rows)
      : indices_(std::move(indices)),
        bytes_(std::move(bytes)),
        null_adjustment_(null_adjustment),
        num_rows_(num_rows) {}

  Result<std::unique_ptr<ArrayTask>> Plan(std::span<const RowRange> rows, ReadPlan* plan) const override {
    const RowRanges index_rows = Ends::RowsToRead(rows);
    const uint64_t wanted = CountRows(rows);
    const auto num_bytes = bytes_->num_values();
    if (num_bytes && (wanted >= num_rows_ / 2 || num_rows_ * 8 + *num_bytes <= kReadTogetherBytes)) {
      ARROW_ASSIGN_OR_RAISE(auto ends, indices_->Plan(index_rows, plan));
      const RowRange all{0, *num_bytes};
      ARROW_ASSIGN_OR_RAISE(auto bytes, bytes_->Plan(std::span(&all, *num_bytes == 0 ? 0 : 1), plan));
      return std::make_unique<WholeStringsTask>(RowRanges(rows.begin(), rows.end()), null_adjustment_,
                                                std::move(ends), std::move(bytes));
    }
    // Which bytes to read is known only after the ends were: read those now.
    ReadPlan first{plan->source, {}};
    ARROW_ASSIGN_OR_RAISE(auto index_task, indices_->Plan(index_rows, &first));
    ARROW_ASSIGN_OR_RAISE(auto buffers, plan->source->ReadMany(first.ranges));
    ARROW_ASSIGN_OR_RAISE(auto raw, DecodeWhole(index_task.get(), buffers, arrow::uint64()));
    ARROW_ASSIGN_OR_RAISE(auto ends, Ends::Make(std::move(raw), rows, null_adjustment_));
    const RowRanges byte_rows = ends.ValueRanges();
    std::unique_ptr<ArrayTask> bytes;
    if (!byte_rows.empty()) {
      ARROW_ASSIGN_OR_RAISE(bytes, bytes_->Plan(byte_rows, plan));
    }
    return std::make_unique<PlannedStringsTask>(std::move(ends), std::move(bytes));
  }

 private:
  ArrayDecoderPtr indices_, bytes_;
  uint64_t null_adjustment_, num_rows_;
};

class FixedBinaryTask final : public ArrayTask {
 public:
  FixedBinaryTask(std::unique_ptr<ArrayTask> bytes, uint64_t rows, uint64_t width)
      : bytes_(std::move(bytes)), rows_(rows), width_(width) {}
  Status Decode(std::span<const BufferPtr> buffers, ArrayOutput* out) override {
    ARROW_ASSIGN_OR_RAISE(auto bytes, ArrayOutput::Make(arrow::uint8()));
    if (bytes_ != nullptr) ARROW_RETURN_NOT_OK(bytes_->Decode(buffers, bytes.get()));
    LANCE_CHECK_BYTES(bytes->data().size() == rows_ * width_, "{} bytes for {} strings of {}",
                      bytes->data().size(), rows_, width_);
    std::vector<uint64_t> ends(rows_);
    for (uint64_t i = 0; i < rows_; ++i) ends[i] = (i + 1) * width_;
    ARROW_RETURN_NOT_OK(out->AppendOffsets(ends.data(), rows_, 0));
    out->data().AppendAll(std::move(bytes->data()));
    return Status::OK();
  }

 private:
  std::unique_ptr<ArrayTask> bytes_;
  uint64_t rows_, width_;
};

class FixedBinaryDecoder final : public ArrayDecoder {
 public:
  FixedBinaryDecoder(ArrayDecoderPtr bytes, uint64_t width) : bytes_(std::move(bytes)), width_(width) {}
  Result<std::unique_ptr<ArrayTask>> Plan(std::span<const RowRange> rows, ReadPlan* plan) const override {
    RowRanges bytes;
    for (const RowRange& range : rows) {
      ARROW_RETURN_NOT_OK(CheckedMul(range.end(), width_, "string position").status());
      AppendRange(&bytes, {range.start * width_, range.length * width_});
    }
    std::unique_ptr<ArrayTask> task;
    if (!bytes.empty()) {
      ARROW_ASSIGN_OR_RAISE(task, bytes_->Plan(bytes, plan));
    }
    return std::make_unique<FixedBinaryTask>(std::move(task), CountRows(rows), width_);
  }

 private:
  ArrayDecoderPtr bytes_;
  uint64_t width_;
};

}  // namespace

ArrayDecoderPtr MakeBinaryDecoder(ArrayDecoderPtr indices, ArrayDecoderPtr bytes, uint64_t null_adjustment,
                                  uint64_t num_rows) {
  return std::make_unique<BinaryDecoder>(std::move(indices), std::move(bytes), null_adjustment, num_rows);
}
ArrayDecoderPtr MakeFixedBinaryDecoder(ArrayDecoderPtr bytes, uint64_t byte_width) {
  return std::make_unique<FixedBinaryDecoder>(std::move(bytes), byte_width);
}

}  // namespace lance::encoding::v2_0
