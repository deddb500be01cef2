#include <atomic>
#include <cstring>

#include <arrow/api.h>
#include <arrow/util/bit_util.h>
#include <arrow/util/bitmap_ops.h>

#include "lance/base/checked_math.h"
#include "lance/encoding/core/array_output.h"
#include "lance/encoding/core/dictionary_indices.h"
#include "lance/encoding/v2_0/compound_decoders.h"
#include "lance/runtime/buffer_pool.h"

namespace lance::encoding::v2_0 {
namespace {

/// Strings up to this long are copied as one vector of this size; both sides have as many bytes to spare.
constexpr uint64_t kWideCopy = 32;

/// The items of a page's dictionary.
struct Items {
  std::shared_ptr<arrow::ArrayData> data;
  DictionaryItems arrow_items;  ///< the same for Arrow dictionaries
  // Strings only: where item k lies in `bytes`, which has kWideCopy bytes behind the last one. An entry more,
  // in front, when codes are one-based; null items have no bytes.
  struct Entry {
    uint32_t offset, length;
  };
  std::vector<Entry> entries;
  BufferPtr bytes;
};

/// Plain strings that were stored through a dictionary.
class ExpandTask final : public ArrayTask {
 public:
  ExpandTask(std::unique_ptr<ArrayTask> codes, std::shared_ptr<arrow::DataType> code_type,
             std::shared_ptr<const Items> items)
      : codes_(std::move(codes)), code_type_(std::move(code_type)), items_(std::move(items)) {}

  Status Decode(std::span<const BufferPtr> buffers, ArrayOutput* out) override {
    ARROW_ASSIGN_OR_RAISE(auto codes, DecodeWhole(codes_.get(), buffers, code_type_));
    const uint8_t* raw = codes->buffers[1]->data();
    const auto width = static_cast<uint64_t>(code_type_->byte_width());
    const auto rows = static_cast<uint64_t>(codes->length);
    const auto& entries = items_->entries;

    uint64_t largest = 0, total = 0;
    bool any_null = codes->buffers[0] != nullptr || items_->data->GetNullCount() != 0;
    ForEachCode(raw, width, rows, [&](uint64_t code) {
      largest = std::max(largest, code);
      any_null |= code == 0;
    });
    LANCE_CHECK_BYTES(rows == 0 || largest < entries.size(), "dictionary code {} of {}", largest,
                      entries.size());
    std::vector<uint64_t> ends(rows);
    uint64_t row = 0;
    ForEachCode(raw, width, rows, [&](uint64_t code) { ends[row++] = total += entries[code].length; });

    ARROW_ASSIGN_OR_RAISE(auto bytes, runtime::AllocatePooled(total + kWideCopy));
    uint8_t* to = bytes->mutable_data();
    const uint8_t* from = items_->bytes->data();
    ForEachCode(raw, width, rows, [&](uint64_t code) {
      const Items::Entry entry = entries[code];
      if (entry.length <= kWideCopy) [[likely]] {
        std::memcpy(to, from + entry.offset, kWideCopy);
      } else {
        std::memcpy(to, from + entry.offset, entry.length);
      }
      to += entry.length;
    });
    ARROW_RETURN_NOT_OK(out->AppendOffsets(ends.data(), rows, 0));
    const uint8_t* data = bytes->data();
    out->data().Append(std::move(bytes), data, total);
    if (any_null) return AppendValidity(*codes, raw, width, rows, out);
    return Status::OK();
  }

 private:
  Status AppendValidity(const arrow::ArrayData& codes, const uint8_t* raw, uint64_t width, uint64_t rows,
                        ArrayOutput* out) const {
    ARROW_ASSIGN_OR_RAISE(auto bits, runtime::AllocatePooled(CeilDiv(rows, 8)));
    uint8_t* bitmap = bits->mutable_data();
    std::memset(bitmap, 0, static_cast<size_t>(bits->size()));
    const auto& items = *items_->data;
    const uint8_t* item_bits = items.GetNullCount() != 0 ? items.buffers[0]->data() : nullptr;
    const uint8_t* code_bits = codes.buffers[0] != nullptr ? codes.buffers[0]->data() : nullptr;
    uint64_t row = 0;
    ForEachCode(raw, width, rows, [&](uint64_t code) {
      bool valid = code != 0;
      if (valid && item_bits != nullptr) {
        valid = arrow::bit_util::GetBit(item_bits, items.offset + static_cast<int64_t>(code) - 1);
      }
      if (code_bits != nullptr)
        valid &= arrow::bit_util::GetBit(code_bits, codes.offset + static_cast<int64_t>(row));
      bitmap[row / 8] |= static_cast<uint8_t>(valid) << (row % 8);
      ++row;
    });
    out->validity().Append(std::move(bits), 0, rows);
    return Status::OK();
  }

  std::unique_ptr<ArrayTask> codes_;
  std::shared_ptr<arrow::DataType> code_type_;
  std::shared_ptr<const Items> items_;
};

/// An Arrow dictionary column: indices stay.
class IndicesTask final : public ArrayTask {
 public:
  IndicesTask(std::unique_ptr<ArrayTask> codes, std::shared_ptr<arrow::DataType> code_type,
              std::shared_ptr<const Items> items)
      : codes_(std::move(codes)), code_type_(std::move(code_type)), items_(std::move(items)) {}

  Status Decode(std::span<const BufferPtr> buffers, ArrayOutput* out) override {
    ARROW_ASSIGN_OR_RAISE(auto codes, DecodeWhole(codes_.get(), buffers, code_type_));
    return AppendDictionaryIndices(*codes, items_->arrow_items, out);
  }

 private:
  std::unique_ptr<ArrayTask> codes_;
  std::shared_ptr<arrow::DataType> code_type_;
  std::shared_ptr<const Items> items_;
};

class DictionaryDecoder final : public ArrayDecoder {
 public:
  DictionaryDecoder(ArrayDecoderPtr codes, std::shared_ptr<arrow::DataType> code_type, ArrayDecoderPtr items,
                    std::shared_ptr<arrow::DataType> item_type, uint64_t num_items, bool one_based)
      : codes_(std::move(codes)),
        items_decoder_(std::move(items)),
        code_type_(std::move(code_type)),
        item_type_(std::move(item_type)),
        num_items_(num_items),
        one_based_(one_based) {}

  Result<std::unique_ptr<ArrayTask>> Plan(std::span<const RowRange> rows, ReadPlan* plan) const override {
    ARROW_ASSIGN_OR_RAISE(auto items, LoadItems(plan->source));
    ARROW_ASSIGN_OR_RAISE(auto codes, codes_->Plan(rows, plan));
    if (one_based_) return std::make_unique<ExpandTask>(std::move(codes), code_type_, std::move(items));
    return std::make_unique<IndicesTask>(std::move(codes), code_type_, std::move(items));
  }

 private:
  /// Reads the items once; two threads that come first both read, and agree.
  Result<std::shared_ptr<const Items>> LoadItems(ByteSource* source) const {
    if (auto there = items_.load()) return there;
    ReadPlan plan{source, {}};
    const RowRange all{0, num_items_};
    std::unique_ptr<ArrayTask> task;
    std::vector<BufferPtr> buffers;
    if (num_items_ != 0) {
      ARROW_ASSIGN_OR_RAISE(task, items_decoder_->Plan(std::span(&all, 1), &plan));
      ARROW_ASSIGN_OR_RAISE(buffers, source->ReadMany(plan.ranges));
    }
    ARROW_ASSIGN_OR_RAISE(auto out, ArrayOutput::Make(item_type_));
    if (task != nullptr) ARROW_RETURN_NOT_OK(task->Decode(buffers, out.get()));
    out->FillValidity();
    auto items = std::make_shared<Items>();
    ARROW_ASSIGN_OR_RAISE(items->data, out->Finish());
    LANCE_CHECK_BYTES(static_cast<uint64_t>(items->data->length) == num_items_, "{} of {} dictionary items",
                      items->data->length, num_items_);
    items->data->null_count = items->data->GetNullCount();
    items->arrow_items = DictionaryItems::Make(items->data);
    if (one_based_) ARROW_RETURN_NOT_OK(PrepareCopies(items.get(), out->large()));
    std::shared_ptr<const Items> ready = std::move(items);
    items_.store(ready);
    return ready;
  }

  static Status PrepareCopies(Items* items, bool large) {
    const auto& data = *items->data;
    const auto num_bytes = static_cast<uint64_t>(data.buffers[2]->size());
    LANCE_CHECK_BYTES(num_bytes <= UINT32_MAX, "a dictionary of {} bytes", num_bytes);
    ARROW_ASSIGN_OR_RAISE(auto bytes, runtime::AllocatePooled(num_bytes + kWideCopy));
    std::memcpy(bytes->mutable_data(), data.buffers[2]->data(), num_bytes);
    std::memset(bytes->mutable_data() + num_bytes, 0, kWideCopy);
    items->bytes = std::move(bytes);
    items->entries.push_back({0, 0});
    for (int64_t i = 0; i < data.length; ++i) {
      const uint64_t start = large ? static_cast<uint64_t>(data.GetValues<int64_t>(1)[i])
                                   : static_cast<uint64_t>(data.GetValues<int32_t>(1)[i]);
      const uint64_t end = large ? static_cast<uint64_t>(data.GetValues<int64_t>(1)[i + 1])
                                 : static_cast<uint64_t>(data.GetValues<int32_t>(1)[i + 1]);
      items->entries.push_back({static_cast<uint32_t>(start), static_cast<uint32_t>(end - start)});
    }
    return Status::OK();
  }

  ArrayDecoderPtr codes_, items_decoder_;
  std::shared_ptr<arrow::DataType> code_type_, item_type_;
  uint64_t num_items_;
  bool one_based_;
  mutable std::atomic<std::shared_ptr<const Items>> items_;
};

}  // namespace

ArrayDecoderPtr MakeDictionaryDecoder(ArrayDecoderPtr indices, std::shared_ptr<arrow::DataType> index_type,
                                      ArrayDecoderPtr items, std::shared_ptr<arrow::DataType> item_type,
                                      uint64_t num_items, bool one_based) {
  return std::make_unique<DictionaryDecoder>(std::move(indices), std::move(index_type), std::move(items),
                                             std::move(item_type), num_items, one_based);
}

}  // namespace lance::encoding::v2_0
