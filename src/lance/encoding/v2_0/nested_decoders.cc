#include <cstring>

#include <arrow/api.h>

#include "lance/base/checked_math.h"
#include "lance/encoding/core/array_output.h"
#include "lance/encoding/v2_0/compound_decoders.h"
#include "lance/runtime/buffer_pool.h"

namespace lance::encoding::v2_0 {
namespace {

class NullableTask final : public ArrayTask {
 public:
  NullableTask(std::unique_ptr<ArrayTask> validity, std::unique_ptr<ArrayTask> values)
      : validity_(std::move(validity)), values_(std::move(values)) {}

  Status Decode(std::span<const BufferPtr> buffers, ArrayOutput* out) override {
    const uint64_t before = out->validity().length();
    ARROW_RETURN_NOT_OK(values_->Decode(buffers, out));
    LANCE_CHECK_BYTES(out->validity().length() == before,
                      "values that know their nulls have a validity bitmap, too");
    ARROW_ASSIGN_OR_RAISE(auto bits, ArrayOutput::Make(arrow::boolean()));
    ARROW_RETURN_NOT_OK(validity_->Decode(buffers, bits.get()));
    LANCE_CHECK_BYTES(bits->length() == out->length() - before, "{} validity bits for {} values",
                      bits->length(), out->length() - before);
    out->validity().AppendAll(std::move(bits->bits()));
    return Status::OK();
  }

 private:
  std::unique_ptr<ArrayTask> validity_, values_;
};

class NullableDecoder final : public ArrayDecoder {
 public:
  NullableDecoder(ArrayDecoderPtr validity, ArrayDecoderPtr values)
      : validity_(std::move(validity)), values_(std::move(values)) {}
  Result<std::unique_ptr<ArrayTask>> Plan(std::span<const RowRange> rows, ReadPlan* plan) const override {
    ARROW_ASSIGN_OR_RAISE(auto validity, validity_->Plan(rows, plan));
    ARROW_ASSIGN_OR_RAISE(auto values, values_->Plan(rows, plan));
    return std::make_unique<NullableTask>(std::move(validity), std::move(values));
  }

 private:
  ArrayDecoderPtr validity_, values_;
};

/// More nulls than this are not made at once: nothing in the file backs them.
constexpr uint64_t kMaxNullRows = uint64_t{1} << 28;

class AllNullTask final : public ArrayTask {
 public:
  explicit AllNullTask(uint64_t rows) : rows_(rows) {}
  Status Decode(std::span<const BufferPtr>, ArrayOutput* out) override {
    if (rows_ > kMaxNullRows) {
      return MakeError(ErrorKind::kResourceExhausted,
                       fmt::format("{} nulls at once; read fewer rows at a time", rows_));
    }
    ARROW_RETURN_NOT_OK(out->AppendEmpty(rows_));
    out->validity().AppendConstant(false, rows_);
    return Status::OK();
  }

 private:
  uint64_t rows_;
};

class AllNullDecoder final : public ArrayDecoder {
 public:
  Result<std::unique_ptr<ArrayTask>> Plan(std::span<const RowRange> rows, ReadPlan*) const override {
    return std::make_unique<AllNullTask>(CountRows(rows));
  }
};

class FixedSizeListTask final : public ArrayTask {
 public:
  FixedSizeListTask(std::unique_ptr<ArrayTask> items, uint64_t rows)
      : items_(std::move(items)), rows_(rows) {}
  Status Decode(std::span<const BufferPtr> buffers, ArrayOutput* out) override {
    ARROW_RETURN_NOT_OK(items_->Decode(buffers, out->child(0)));
    out->child(0)->FillValidity();
    out->AppendRows(rows_);
    return Status::OK();
  }

 private:
  std::unique_ptr<ArrayTask> items_;
  uint64_t rows_;
};

class FixedSizeListDecoder final : public ArrayDecoder {
 public:
  FixedSizeListDecoder(uint64_t dimension, ArrayDecoderPtr items)
      : dimension_(dimension), items_(std::move(items)) {}
  Result<std::unique_ptr<ArrayTask>> Plan(std::span<const RowRange> rows, ReadPlan* plan) const override {
    RowRanges items;
    items.reserve(rows.size());
    for (const RowRange& range : rows) {
      ARROW_RETURN_NOT_OK(CheckedMul(range.end(), dimension_, "item position").status());
      AppendRange(&items, {range.start * dimension_, range.length * dimension_});
    }
    ARROW_ASSIGN_OR_RAISE(auto task, items_->Plan(items, plan));
    return std::make_unique<FixedSizeListTask>(std::move(task), CountRows(rows));
  }

 private:
  uint64_t dimension_;
  ArrayDecoderPtr items_;
};

/// Copies `width` bytes of each of `rows` rows that lie `stride` bytes apart.
template <uint64_t kWidth>
void GatherFixed(const uint8_t* from, uint64_t stride, uint64_t rows, uint8_t* to) {
  for (uint64_t i = 0; i < rows; ++i, from += stride, to += kWidth) std::memcpy(to, from, kWidth);
}

void Gather(const uint8_t* from, uint64_t stride, uint64_t rows, uint64_t width, uint8_t* to) {
  switch (width) {
    case 1:
      return GatherFixed<1>(from, stride, rows, to);
    case 2:
      return GatherFixed<2>(from, stride, rows, to);
    case 4:
      return GatherFixed<4>(from, stride, rows, to);
    case 8:
      return GatherFixed<8>(from, stride, rows, to);
    case 16:
      return GatherFixed<16>(from, stride, rows, to);
    default:
      for (uint64_t i = 0; i < rows; ++i, from += stride, to += width) std::memcpy(to, from, width);
  }
}

class PackedStructTask final : public ArrayTask {
 public:
  PackedStructTask(size_t first_slot, size_t num_slots, uint64_t rows, uint64_t row_bytes,
                   const std::vector<uint64_t>* widths)
      : first_slot_(first_slot), num_slots_(num_slots), rows_(rows), row_bytes_(row_bytes), widths_(widths) {}

  Status Decode(std::span<const BufferPtr> buffers, ArrayOutput* out) override {
    uint64_t offset = 0;
    for (size_t member = 0; member < widths_->size(); ++member) {
      const uint64_t width = (*widths_)[member];
      ARROW_ASSIGN_OR_RAISE(auto values, runtime::AllocatePooled(rows_ * width));
      uint8_t* to = values->mutable_data();
      for (const BufferPtr& buffer : buffers.subspan(first_slot_, num_slots_)) {
        const uint64_t rows = static_cast<uint64_t>(buffer->size()) / row_bytes_;
        Gather(buffer->data() + offset, row_bytes_, rows, width, to);
        to += rows * width;
      }
      offset += width;
      const uint8_t* data = values->data();
      ARROW_RETURN_NOT_OK(out->child(member)->AppendFixed(std::move(values), data, rows_ * width));
    }
    out->AppendRows(rows_);
    return Status::OK();
  }

 private:
  size_t first_slot_, num_slots_;
  uint64_t rows_, row_bytes_;
  const std::vector<uint64_t>* widths_;  // the decoder outlives its tasks
};

class PackedStructDecoder final : public ArrayDecoder {
 public:
  PackedStructDecoder(ByteRange buffer, std::vector<uint64_t> widths)
      : buffer_(buffer), widths_(std::move(widths)) {
    for (uint64_t width : widths_) row_bytes_ += width;
  }

  Result<std::unique_ptr<ArrayTask>> Plan(std::span<const RowRange> rows, ReadPlan* plan) const override {
    const size_t first = plan->ranges.size();
    for (const RowRange& range : rows) {
      ARROW_ASSIGN_OR_RAISE(uint64_t start, CheckedMul(range.start, row_bytes_, "row position"));
      ARROW_ASSIGN_OR_RAISE(uint64_t length, CheckedMul(range.length, row_bytes_, "row size"));
      LANCE_CHECK_BYTES(RangeFits(start, length, buffer_.length),
                        "rows {}..{} of {} bytes each lie outside a buffer of {} bytes", range.start,
                        range.end(), row_bytes_, buffer_.length);
      plan->Add({buffer_.offset + start, length});
    }
    return std::make_unique<PackedStructTask>(first, plan->ranges.size() - first, CountRows(rows), row_bytes_,
                                              &widths_);
  }

 private:
  ByteRange buffer_;
  uint64_t row_bytes_ = 0;
  std::vector<uint64_t> widths_;
};

}  // namespace

ArrayDecoderPtr MakeNullableDecoder(ArrayDecoderPtr validity, ArrayDecoderPtr values) {
  return std::make_unique<NullableDecoder>(std::move(validity), std::move(values));
}
ArrayDecoderPtr MakeAllNullDecoder() { return std::make_unique<AllNullDecoder>(); }
ArrayDecoderPtr MakeFixedSizeListDecoder(uint64_t dimension, ArrayDecoderPtr items) {
  return std::make_unique<FixedSizeListDecoder>(dimension, std::move(items));
}
ArrayDecoderPtr MakePackedStructDecoder(ByteRange buffer, std::vector<uint64_t> widths) {
  return std::make_unique<PackedStructDecoder>(buffer, std::move(widths));
}

}  // namespace lance::encoding::v2_0
