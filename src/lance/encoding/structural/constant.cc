// Pages whose visible values are all the same, or all null: levels at most, and one value.
#include <cstring>

#include <arrow/array.h>
#include <arrow/array/data.h>
#include <arrow/array/util.h>
#include <arrow/type.h>

#include "lance/base/checked_math.h"
#include "lance/base/span_reader.h"
#include "lance/encoding/codec/block_codec.h"
#include "lance/encoding/core/buffers.h"
#include "lance/encoding/core/value_sink.h"
#include "lance/encoding/levels/row_levels.h"
#include "lance/encoding/structural/constant_values.h"
#include "lance/encoding/structural/structural.h"
#include "lance/proto/page_encodings.pb.h"

namespace lance::encoding {
namespace {

struct ConstantPage {
  std::string where;
  LeafShape shape;
  LevelLayout levels;
  std::optional<RowLevels> row_levels;
  std::optional<ConstantValue> value;  // none: all null
  uint64_t num_rows = 0;
};

class ConstantTask : public PageTask {
 public:
  ConstantTask(std::shared_ptr<const ConstantPage> page, std::span<const RowRange> rows)
      : page_(std::move(page)), rows_(rows.begin(), rows.end()) {}

  std::span<const ByteRange> ranges() const override { return {}; }

  Result<DecodedPage> Decode(std::vector<BufferPtr>) override { return WithContext(Decode(), page_->where); }

 private:
  Result<DecodedPage> Decode() const {
    DecodedPage out;
    out.layers = page_->levels.layers;
    uint64_t visible = CountRows(rows_);
    if (page_->row_levels.has_value()) {
      ARROW_ASSIGN_OR_RAISE(visible, page_->row_levels->Take(rows_, &out));
    } else if (!page_->value.has_value() && page_->levels.max_def > 0) {
      ARROW_RETURN_NOT_OK(AllNull(visible, &out));
    }
    ARROW_ASSIGN_OR_RAISE(out.values, page_->value.has_value()
                                          ? RepeatValue(page_->shape, *page_->value, visible)
                                          : NullValues(page_->shape, visible));
    return out;
  }

  // A page without levels where something is nullable: every leaf is null.
  Status AllNull(uint64_t count, DecodedPage* out) const {
    bool bits = page_->levels.only_validity();
    ARROW_ASSIGN_OR_RAISE(uint64_t bytes, CheckedMul(count, 2, "definition levels"));
    ARROW_ASSIGN_OR_RAISE(auto buffer, AllocateOutput(bits ? CeilDiv(count, 8) : bytes));
    if (bits) {
      std::memset(buffer->mutable_data(), 0, buffer->size());
      out->validity = std::move(buffer);
    } else {
      uint16_t* levels = reinterpret_cast<uint16_t*>(buffer->mutable_data());
      std::fill(levels, levels + count, uint16_t{1});
      out->def = std::move(buffer);
      out->num_levels = count;
    }
    return Status::OK();
  }

  std::shared_ptr<const ConstantPage> page_;
  RowRanges rows_;
};

class ConstantReader : public PageReader {
 public:
  explicit ConstantReader(std::shared_ptr<const ConstantPage> page) : page_(std::move(page)) {}

  Result<std::unique_ptr<PageTask>> Plan(std::span<const RowRange> rows) const override {
    ARROW_RETURN_NOT_OK(WithContext(CheckRows(rows, page_->num_rows), page_->where));
    return std::make_unique<ConstantTask>(page_, rows);
  }

  uint64_t memory_bytes() const override {
    return sizeof(ConstantPage) + page_->where.size() +
           (page_->row_levels ? page_->row_levels->memory_bytes() : 0) +
           (page_->value ? page_->value->bytes.size() : 0);
  }

 private:
  std::shared_ptr<const ConstantPage> page_;
};

// Levels of one kind out of their buffer: raw u16, or a block whose encoding and length the layout gives.
Result<BufferPtr> DecodeLevels(const PageFormat& format, const BufferPtr& stored, uint64_t stored_bytes,
                               const pb21::CompressiveEncoding* encoding, uint64_t count,
                               uint64_t* num_levels) {
  if (encoding == nullptr) {
    LANCE_CHECK_BYTES(stored_bytes % 2 == 0, "levels of {} bytes are not whole 16-bit numbers", stored_bytes);
    *num_levels = stored_bytes / 2;
    ARROW_ASSIGN_OR_RAISE(auto copy, AllocateOutput(stored_bytes));
    std::memcpy(copy->mutable_data(), stored->data(), stored_bytes);
    return copy;
  }
  if (format.minor < 2)
    return NotSupported("constant page with compressed levels, which file version 2.1 does not have");
  // Even zstd over runs does not turn one byte into more.
  LANCE_CHECK_BYTES(count / 65536 <= stored_bytes, "{} levels cannot come from {} bytes", count,
                    stored_bytes);
  ARROW_ASSIGN_OR_RAISE(auto codec, MakeBlockCodec(*encoding, 16, format));
  ARROW_ASSIGN_OR_RAISE(auto levels, AllocateOutput(count * 2));
  ARROW_RETURN_NOT_OK(codec->Decode(Bytes(stored->data(), stored_bytes), count, levels->mutable_data()));
  *num_levels = count;
  return levels;
}

Status ReadLevels(const PageSource& source, const pb21::ConstantLayout& layout, size_t first_buffer,
                  ConstantPage* page) {
  std::vector<size_t> which{first_buffer, first_buffer + 1};
  ARROW_ASSIGN_OR_RAISE(std::vector<BufferPtr> buffers, ReadPageBuffers(source, which));
  BufferPtr rep;
  BufferPtr def;
  uint64_t num_rep = 0;
  uint64_t num_def = 0;
  uint64_t rep_bytes = source.info.buffers[first_buffer].length;
  uint64_t def_bytes = source.info.buffers[first_buffer + 1].length;
  if (rep_bytes > 0) {
    ARROW_ASSIGN_OR_RAISE(rep,
                          DecodeLevels(source.format, buffers[0], rep_bytes,
                                       layout.has_rep_compression() ? &layout.rep_compression() : nullptr,
                                       layout.num_rep_values(), &num_rep));
  }
  if (def_bytes > 0) {
    ARROW_ASSIGN_OR_RAISE(def,
                          DecodeLevels(source.format, buffers[1], def_bytes,
                                       layout.has_def_compression() ? &layout.def_compression() : nullptr,
                                       layout.num_def_values(), &num_def));
  }
  if (rep == nullptr && def == nullptr) return Status::OK();
  LANCE_CHECK_BYTES(rep == nullptr || def == nullptr || num_rep == num_def,
                    "constant page has {} repetition and {} definition levels", num_rep, num_def);
  LANCE_CHECK_BYTES((rep != nullptr) == page->levels.has_lists(),
                    "constant page has {} lists and {} repetition levels", page->levels.max_rep, num_rep);
  ARROW_ASSIGN_OR_RAISE(
      page->row_levels,
      RowLevels::Make(page->levels, rep, def, rep != nullptr ? num_rep : num_def, page->num_rows));
  return Status::OK();
}

}  // namespace

// Which buffers there are says what the page is: [value] [rep def], each part optional, an inline value in
// place of the first. Two buffers or none without an inline value: all null.
Result<PageReaderPtr> OpenConstant(const PageSource& source, const pb21::ConstantLayout& layout) {
  auto page = std::make_shared<ConstantPage>();
  page->where = source.info.where;
  page->shape = source.shape;
  page->num_rows = source.info.num_rows;
  ARROW_ASSIGN_OR_RAISE(page->levels,
                        ParseLayers({layout.layers().data(), static_cast<size_t>(layout.layers_size())}));
  const size_t num_buffers = source.info.buffers.size();
  const bool in_buffer = !layout.has_inline_value() && num_buffers % 2 == 1;
  LANCE_CHECK_BYTES(num_buffers <= 3 && (!layout.has_inline_value() || num_buffers % 2 == 0),
                    "constant page has {} buffers and {} inline value", num_buffers,
                    layout.has_inline_value() ? "an" : "no");
  if ((layout.has_inline_value() || in_buffer) && source.format.minor < 2) {
    return NotSupported("constant page with a value, which file version 2.1 does not have");
  }
  if (layout.has_inline_value()) {
    const std::string& value = layout.inline_value();
    ARROW_ASSIGN_OR_RAISE(
        page->value,
        InlineConstant(page->shape, {reinterpret_cast<const uint8_t*>(value.data()), value.size()}));
  } else if (in_buffer) {
    ARROW_ASSIGN_OR_RAISE(std::vector<BufferPtr> buffers, ReadPageBuffers(source, std::vector<size_t>{0}));
    ARROW_ASSIGN_OR_RAISE(page->value,
                          StoredConstant(page->shape, {buffers[0]->data(), source.info.buffers[0].length}));
  }
  if (num_buffers >= 2) ARROW_RETURN_NOT_OK(ReadLevels(source, layout, in_buffer ? 1 : 0, page.get()));
  LANCE_CHECK_BYTES(page->row_levels.has_value() || !page->levels.has_lists(),
                    "constant page with lists has no repetition levels");
  return std::make_shared<ConstantReader>(std::move(page));
}

}  // namespace lance::encoding
