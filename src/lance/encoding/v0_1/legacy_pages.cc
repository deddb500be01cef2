#include "lance/encoding/v0_1/legacy_pages.h"

#include <cstring>

#include <arrow/api.h>

#include "lance/base/checked_math.h"
#include "lance/base/span_reader.h"
#include "lance/encoding/core/array_output.h"
#include "lance/encoding/core/dictionary_indices.h"
#include "lance/runtime/buffer_pool.h"

namespace lance::encoding::v0_1 {

Result<PageTable> PageTable::Parse(std::span<const uint8_t> bytes, int32_t min_field_id, uint64_t num_fields,
                                   uint64_t num_batches) {
  ARROW_ASSIGN_OR_RAISE(uint64_t count, CheckedMul(num_fields, num_batches, "size of the page table"));
  LANCE_CHECK_BYTES(bytes.size() / 16 == count && bytes.size() % 16 == 0,
                    "a page table of {} bytes for {} pages", bytes.size(), count);
  PageTable out;
  out.min_field_id_ = min_field_id;
  out.num_batches_ = num_batches;
  out.pages_.resize(count);
  for (uint64_t i = 0; i < count; ++i) {
    const auto position = LoadLE<int64_t>(bytes.data() + i * 16);
    const auto length = LoadLE<int64_t>(bytes.data() + i * 16 + 8);
    LANCE_CHECK_BYTES(position >= 0 && length >= 0, "page {} of the page table has {} values at {}", i,
                      length, position);
    out.pages_[i] = {static_cast<uint64_t>(position), static_cast<uint64_t>(length)};
  }
  return out;
}

Page PageTable::Find(int32_t field_id, uint64_t batch) const {
  const int64_t field = static_cast<int64_t>(field_id) - min_field_id_;
  if (field < 0 || static_cast<uint64_t>(field) >= num_fields() || batch >= num_batches_) return {};
  return pages_[static_cast<uint64_t>(field) * num_batches_ + batch];
}

bool PageTable::Holds(int32_t field_id) const {
  for (uint64_t batch = 0; batch < num_batches_; ++batch) {
    if (Find(field_id, batch).length != 0) return true;
  }
  return false;
}

namespace {

/// Checks that `length` bytes `start` bytes behind `position` exist, and names them.
Result<ByteRange> Locate(uint64_t position, uint64_t start, uint64_t length, const ByteSource& source) {
  ARROW_ASSIGN_OR_RAISE(uint64_t from, CheckedAdd(position, start, "file position"));
  LANCE_CHECK_BYTES(RangeFits(from, length, source.size()), "{} bytes at {} lie outside the file of {}",
                    length, from, source.size());
  return ByteRange{from, length};
}

Status CheckRows(const PageRows& part) {
  if (part.rows.empty()) return Status::OK();
  LANCE_CHECK_BYTES(part.rows.back().end() <= part.page.length, "rows up to {} of a page with {} values",
                    part.rows.back().end(), part.page.length);
  return Status::OK();
}

/// What one row of a plain page is made of: `items` values of `leaf`, which is no list.
struct PlainShape {
  uint64_t items = 1;
  const arrow::DataType* leaf = nullptr;

  static Result<PlainShape> Of(const arrow::DataType& type) {
    PlainShape out{1, &type};
    while (out.leaf->id() == arrow::Type::FIXED_SIZE_LIST) {
      const auto& list = static_cast<const arrow::FixedSizeListType&>(*out.leaf);
      LANCE_CHECK_BYTES(list.list_size() > 0, "a fixed-size list of {} items", list.list_size());
      ARROW_ASSIGN_OR_RAISE(out.items,
                            CheckedMul(out.items, static_cast<uint64_t>(list.list_size()), "items a row"));
      out.leaf = list.value_type().get();
    }
    return out;
  }
};

class PlainTask final : public FieldTask {
 public:
  struct Piece {
    uint64_t rows;
    uint64_t bit_offset;  ///< booleans only
  };
  PlainTask(std::shared_ptr<arrow::DataType> type, PlainShape shape, std::vector<ByteRange> ranges,
            std::vector<Piece> pieces)
      : type_(std::move(type)), shape_(shape), ranges_(std::move(ranges)), pieces_(std::move(pieces)) {}

  std::span<const ByteRange> ranges() const override { return ranges_; }

  Result<std::shared_ptr<arrow::ArrayData>> Decode(std::vector<BufferPtr> buffers) override {
    if (buffers.size() != ranges_.size())
      return Internal("{} buffers for {} ranges", buffers.size(), ranges_.size());
    ARROW_ASSIGN_OR_RAISE(auto out, ArrayOutput::Make(type_));
    for (size_t i = 0; i < buffers.size(); ++i) {
      const BufferPtr& buffer = buffers[i];
      if (shape_.leaf->id() == arrow::Type::BOOL) {
        AppendBits(buffer, pieces_[i], out.get());
      } else {
        ARROW_RETURN_NOT_OK(out->AppendFixed(buffer, buffer->data(), static_cast<uint64_t>(buffer->size())));
      }
    }
    out->FillValidity();
    return out->Finish();
  }

 private:
  void AppendBits(const BufferPtr& buffer, const Piece& piece, ArrayOutput* out) const {
    uint64_t rows = piece.rows;
    while (out->kind() == ArrayOutput::Kind::kFixedSizeList) {
      out->AppendRows(rows);
      rows *= out->list_size();
      out = out->child(0);
    }
    out->AppendBits(buffer, piece.bit_offset, rows);
  }

  std::shared_ptr<arrow::DataType> type_;
  PlainShape shape_;  // its leaf is a part of type_
  std::vector<ByteRange> ranges_;
  std::vector<Piece> pieces_;
};

}  // namespace

Result<std::unique_ptr<FieldTask>> PlanPlain(std::span<const PageRows> pages,
                                             const std::shared_ptr<arrow::DataType>& type,
                                             ByteSource* source) {
  ARROW_ASSIGN_OR_RAISE(PlainShape shape, PlainShape::Of(*type));
  const bool bits = shape.leaf->id() == arrow::Type::BOOL;
  const auto width = bits ? std::optional<uint64_t>(0) : FixedRowBytes(*shape.leaf);
  if (!width) return NotSupported("values of type {} in a 0.1 file", type->ToString());
  std::vector<ByteRange> ranges;
  std::vector<PlainTask::Piece> pieces;
  for (const PageRows& part : pages) {
    ARROW_RETURN_NOT_OK(CheckRows(part));
    for (const RowRange& range : part.rows) {
      ARROW_ASSIGN_OR_RAISE(uint64_t first, CheckedMul(range.start, shape.items, "item position"));
      ARROW_ASSIGN_OR_RAISE(uint64_t count, CheckedMul(range.length, shape.items, "number of items"));
      uint64_t start, length;
      if (bits) {
        start = first / 8;
        ARROW_ASSIGN_OR_RAISE(uint64_t end, CheckedAdd(first, count, "item position"));
        length = CeilDiv(end, 8) - start;
      } else {
        ARROW_ASSIGN_OR_RAISE(start, CheckedMul(first, *width, "value position"));
        ARROW_ASSIGN_OR_RAISE(length, CheckedMul(count, *width, "size of values"));
      }
      ARROW_ASSIGN_OR_RAISE(ByteRange bytes, Locate(part.page.position, start, length, *source));
      ranges.push_back(bytes);
      pieces.push_back({range.length, first % 8});
    }
  }
  return std::make_unique<PlainTask>(type, shape, std::move(ranges), std::move(pieces));
}

namespace {

/// Offsets of one range of rows: row i lies in [offsets[i], offsets[i + 1]).
using RangeOffsets = std::vector<uint64_t>;

/// Reads the offsets around every range of all pages; T is how they are stored.
template <typename T>
Result<std::vector<RangeOffsets>> ReadOffsets(std::span<const PageRows> pages, ByteSource* source) {
  std::vector<ByteRange> ranges;
  for (const PageRows& part : pages) {
    for (const RowRange& range : part.rows) {
      ARROW_ASSIGN_OR_RAISE(uint64_t start, CheckedMul(range.start, sizeof(T), "offset position"));
      ARROW_ASSIGN_OR_RAISE(uint64_t length, CheckedMul(range.length + 1, sizeof(T), "size of offsets"));
      ARROW_ASSIGN_OR_RAISE(ByteRange bytes, Locate(part.page.position, start, length, *source));
      ranges.push_back(bytes);
    }
  }
  std::vector<RangeOffsets> out(ranges.size());
  if (ranges.empty()) return out;
  ARROW_ASSIGN_OR_RAISE(auto buffers, source->ReadMany(ranges));
  for (size_t i = 0; i < buffers.size(); ++i) {
    const uint8_t* from = buffers[i]->data();
    out[i].resize(static_cast<size_t>(buffers[i]->size()) / sizeof(T));
    bool descends = false;
    T before = 0;
    for (uint64_t& offset : out[i]) {
      const T value = LoadLE<T>(from);
      from += sizeof(T);
      descends |= value < before;  // a negative one, too
      before = value;
      offset = static_cast<uint64_t>(value);
    }
    LANCE_CHECK_BYTES(!descends, "offsets descend");
  }
  return out;
}

class StringsTask final : public FieldTask {
 public:
  StringsTask(std::shared_ptr<arrow::DataType> type, bool nullable, std::vector<RangeOffsets> offsets,
              std::vector<ByteRange> ranges)
      : type_(std::move(type)),
        nullable_(nullable),
        offsets_(std::move(offsets)),
        ranges_(std::move(ranges)) {}

  std::span<const ByteRange> ranges() const override { return ranges_; }

  Result<std::shared_ptr<arrow::ArrayData>> Decode(std::vector<BufferPtr> buffers) override {
    if (buffers.size() != ranges_.size())
      return Internal("{} buffers for {} ranges", buffers.size(), ranges_.size());
    ARROW_ASSIGN_OR_RAISE(auto out, ArrayOutput::Make(type_));
    uint64_t rows = 0;
    for (const RangeOffsets& offsets : offsets_) rows += offsets.size() - 1;
    out->Reserve(rows);
    for (const RangeOffsets& offsets : offsets_) {
      ARROW_RETURN_NOT_OK(out->AppendOffsets(offsets.data() + 1, offsets.size() - 1, offsets[0]));
      if (nullable_) ARROW_RETURN_NOT_OK(AppendValidity(offsets, out.get()));
      out->FillValidity();
    }
    for (const BufferPtr& buffer : buffers) out->data().Append(buffer);
    return out->Finish();
  }

 private:
  static Status AppendValidity(const RangeOffsets& offsets, ArrayOutput* out) {
    const uint64_t rows = offsets.size() - 1;
    ARROW_ASSIGN_OR_RAISE(auto bits, runtime::AllocatePooled(CeilDiv(rows, 8)));
    uint8_t* bitmap = bits->mutable_data();
    std::memset(bitmap, 0, static_cast<size_t>(bits->size()));
    bool any_null = false;
    for (uint64_t i = 0; i < rows; ++i) {
      const bool valid = offsets[i] != offsets[i + 1];
      any_null |= !valid;
      bitmap[i / 8] |= static_cast<uint8_t>(valid) << (i % 8);
    }
    if (any_null) out->validity().Append(std::move(bits), 0, rows);
    return Status::OK();
  }

  std::shared_ptr<arrow::DataType> type_;
  bool nullable_;
  std::vector<RangeOffsets> offsets_;
  std::vector<ByteRange> ranges_;
};

}  // namespace

Result<std::unique_ptr<FieldTask>> PlanStrings(std::span<const PageRows> pages,
                                               const std::shared_ptr<arrow::DataType>& type, bool nullable,
                                               ByteSource* source) {
  for (const PageRows& part : pages) ARROW_RETURN_NOT_OK(CheckRows(part));
  ARROW_ASSIGN_OR_RAISE(auto offsets, ReadOffsets<int64_t>(pages, source));
  std::vector<ByteRange> ranges;
  for (const RangeOffsets& part : offsets) {
    if (part.front() == part.back()) continue;
    ARROW_ASSIGN_OR_RAISE(ByteRange bytes, Locate(part.front(), 0, part.back() - part.front(), *source));
    ranges.push_back(bytes);
  }
  return std::make_unique<StringsTask>(type, nullable, std::move(offsets), std::move(ranges));
}

Result<ListOffsets> ReadListOffsets(std::span<const PageRows> pages, bool large, ByteSource* source) {
  for (const PageRows& part : pages) {
    LANCE_CHECK_BYTES(part.rows.empty() || part.rows.back().end() < part.page.length,
                      "lists up to {} of a page with {} offsets",
                      part.rows.empty() ? 0 : part.rows.back().end(), part.page.length);
  }
  ARROW_ASSIGN_OR_RAISE(auto offsets,
                        large ? ReadOffsets<int64_t>(pages, source) : ReadOffsets<int32_t>(pages, source));
  ARROW_ASSIGN_OR_RAISE(auto out, ArrayOutput::Make(large ? arrow::large_binary() : arrow::binary()));
  uint64_t rows = 0;
  for (const PageRows& part : pages) rows += CountRows(part.rows);
  out->Reserve(rows);
  ListOffsets lists;
  size_t range = 0;
  for (const PageRows& part : pages) {
    RowRanges& items = lists.item_rows.emplace_back();
    for (size_t i = 0; i < part.rows.size(); ++i, ++range) {
      const RangeOffsets& own = offsets[range];
      LANCE_CHECK_BYTES(items.empty() || own.front() >= items.back().end(), "list offsets descend");
      ARROW_RETURN_NOT_OK(out->AppendOffsets(own.data() + 1, own.size() - 1, own.front()));
      AppendRange(&items, {own.front(), own.back() - own.front()});
    }
  }
  ARROW_ASSIGN_OR_RAISE(lists.offsets, out->FinishOffsets(&lists.num_items));
  return lists;
}

namespace {

class DictionaryTask final : public FieldTask {
 public:
  DictionaryTask(std::shared_ptr<arrow::DataType> type, std::unique_ptr<FieldTask> codes,
                 DictionaryItems dictionary)
      : type_(std::move(type)), codes_(std::move(codes)), dictionary_(std::move(dictionary)) {}
  std::span<const ByteRange> ranges() const override { return codes_->ranges(); }
  Result<std::shared_ptr<arrow::ArrayData>> Decode(std::vector<BufferPtr> buffers) override {
    ARROW_ASSIGN_OR_RAISE(auto codes, codes_->Decode(std::move(buffers)));
    ARROW_ASSIGN_OR_RAISE(auto out, ArrayOutput::Make(type_));
    ARROW_RETURN_NOT_OK(AppendDictionaryIndices(*codes, dictionary_, out.get()));
    out->FillValidity();
    return out->Finish();
  }

 private:
  std::shared_ptr<arrow::DataType> type_;
  std::unique_ptr<FieldTask> codes_;
  DictionaryItems dictionary_;
};

}  // namespace

Result<std::unique_ptr<FieldTask>> PlanDictionary(std::span<const PageRows> pages,
                                                  const std::shared_ptr<arrow::DataType>& type,
                                                  DictionaryItems dictionary, ByteSource* source) {
  const auto& index_type = static_cast<const arrow::DictionaryType&>(*type).index_type();
  ARROW_ASSIGN_OR_RAISE(auto codes, PlanPlain(pages, index_type, source));
  return std::make_unique<DictionaryTask>(type, std::move(codes), std::move(dictionary));
}

}  // namespace lance::encoding::v0_1
