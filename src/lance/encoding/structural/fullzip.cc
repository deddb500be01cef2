// Full-zip pages: levels and value of each slot lie together, so that one range of bytes fetches one row.
#include <cstring>

#include <arrow/array/data.h>
#include <arrow/buffer.h>

#include "lance/base/checked_math.h"
#include "lance/base/span_reader.h"
#include "lance/encoding/codec/per_value_codec.h"
#include "lance/encoding/levels/level_layout.h"
#include "lance/encoding/levels/row_levels.h"
#include "lance/encoding/structural/structural.h"
#include "lance/proto/page_encodings.pb.h"

namespace lance::encoding {
namespace {

struct FullZipPage {
  std::string where;
  LeafShape shape;
  LevelLayout levels;
  ByteRange data;
  uint64_t num_rows = 0;
  unsigned bits_rep = 0;
  unsigned bits_def = 0;
  unsigned word_bytes = 0;    // of the control word: 0, 1, 2 or 4
  unsigned length_bytes = 0;  // 4 or 8 before each value; 0: values of one width
  uint64_t value_bytes = 0;   // of values of one width
  std::unique_ptr<PerValueCodec> codec;
  BufferPtr row_index;  // num_rows + 1 byte offsets; null when every row takes the same bytes
  unsigned row_index_width = 0;

  uint64_t RowStart(uint64_t row) const {
    if (row_index == nullptr) return row * (word_bytes + value_bytes);
    const uint8_t* at = row_index->data() + row * row_index_width;
    switch (row_index_width) {
      case 1:
        return *at;
      case 2:
        return LoadLE<uint16_t>(at);
      case 4:
        return LoadLE<uint32_t>(at);
      default:
        return LoadLE<uint64_t>(at);
    }
  }
};

// Rows that lie side by side, and where.
struct Piece {
  uint64_t num_rows = 0;
};

// Slots of the asked rows, pulled apart.
struct Slots {
  GrowableBytes rep;
  GrowableBytes def;
  std::vector<Bytes> values;
  uint64_t num_rows = 0;
  uint64_t num_levels = 0;
};

class FullZipTask : public PageTask {
 public:
  FullZipTask(std::shared_ptr<const FullZipPage> page) : page_(std::move(page)) {}

  Status Plan(std::span<const RowRange> rows) {
    for (const RowRange& range : rows) {
      uint64_t start = page_->RowStart(range.start);
      uint64_t end = page_->RowStart(range.end());
      LANCE_CHECK_BYTES(start <= end && end <= page_->data.length,
                        "rows [{}, +{}) are said to lie at [{}, {}) of {} bytes", range.start, range.length,
                        start, end, page_->data.length);
      uint64_t at = page_->data.offset + start;
      if (ranges_.empty() || ranges_.back().end() != at) {
        ranges_.push_back({at, 0});
        pieces_.push_back({});
      }
      ranges_.back().length += end - start;
      pieces_.back().num_rows += range.length;
      num_rows_ += range.length;
    }
    return Status::OK();
  }

  std::span<const ByteRange> ranges() const override { return ranges_; }

  Result<DecodedPage> Decode(std::vector<BufferPtr> buffers) override {
    auto decode = [&]() -> Result<DecodedPage> {
      ARROW_RETURN_NOT_OK(CheckArrived(ranges_, buffers));
      bool plain = page_->word_bytes == 0 && page_->codec->is_plain();
      return plain ? DecodePlain(buffers) : DecodeZipped(buffers);
    };
    return WithContext(decode(), page_->where);
  }

 private:
  // Rows are values as Arrow has them: used in place when they are one piece, else put side by side.
  Result<DecodedPage> DecodePlain(const std::vector<BufferPtr>& buffers) const {
    DecodedPage out;
    out.layers = page_->levels.layers;
    const uint64_t bytes = num_rows_ * page_->value_bytes;
    constexpr uintptr_t kAlignment = 8;
    if (buffers.size() == 1 && buffers[0]->address() % kAlignment == 0) {
      return WithValues(std::move(out), arrow::SliceBuffer(buffers[0], 0, static_cast<int64_t>(bytes)));
    }
    ARROW_ASSIGN_OR_RAISE(auto joined, AllocateOutput(bytes));
    uint8_t* to = joined->mutable_data();
    for (size_t i = 0; i < buffers.size(); ++i) {
      std::memcpy(to, buffers[i]->data(), ranges_[i].length);
      to += ranges_[i].length;
    }
    return WithValues(std::move(out), std::move(joined));
  }

  Result<DecodedPage> WithValues(DecodedPage out, BufferPtr bytes) const {
    ARROW_ASSIGN_OR_RAISE(out.values, MakeFixedArray(page_->shape, num_rows_, std::move(bytes), {}));
    return out;
  }

  Result<DecodedPage> DecodeZipped(const std::vector<BufferPtr>& buffers) const {
    Slots slots;
    if (!page_->levels.has_lists()) slots.values.reserve(num_rows_);
    for (size_t i = 0; i < ranges_.size(); ++i) {
      Status status = Unzip(Bytes(buffers[i]->data(), ranges_[i].length), pieces_[i].num_rows, &slots);
      if (!status.ok()) return WithContext(status, fmt::format("bytes at {}", ranges_[i].offset));
    }
    DecodedPage out;
    out.layers = page_->levels.layers;
    if (page_->bits_rep > 0) {
      ARROW_ASSIGN_OR_RAISE(out.rep, slots.rep.Finish());
    }
    if (page_->bits_def > 0) {
      ARROW_ASSIGN_OR_RAISE(out.def, slots.def.Finish());
    }
    if (page_->word_bytes > 0) out.num_levels = slots.num_levels;
    ARROW_RETURN_NOT_OK(DefToValidity(page_->levels, &out));
    std::vector<bool> flags = page_->codec->item_validity();
    ARROW_ASSIGN_OR_RAISE(ValueSink sink, ValueSink::Make(page_->shape, slots.values.size(), flags));
    ARROW_RETURN_NOT_OK(page_->codec->Decode(slots.values, &sink));
    ARROW_ASSIGN_OR_RAISE(out.values, sink.Finish(page_->shape, slots.values.size()));
    return out;
  }

  // Walks the slots of one piece.
  Status Unzip(Bytes bytes, uint64_t num_rows, Slots* slots) const {
    const FullZipPage& page = *page_;
    SpanReader reader(bytes);
    const uint32_t def_mask = static_cast<uint32_t>((uint64_t{1} << page.bits_def) - 1);
    const bool lists = page.levels.has_lists();
    uint64_t rows = 0;
    while (page.word_bytes + page.value_bytes > 0 ? reader.remaining() > 0 : rows < num_rows) {
      uint32_t word = 0;
      if (page.word_bytes > 0) {
        ARROW_ASSIGN_OR_RAISE(Bytes stored, reader.ReadBytes(page.word_bytes, "control word"));
        std::memcpy(&word, stored.data(), page.word_bytes);
      }
      const uint32_t def = word & def_mask;
      const uint32_t rep = page.bits_rep == 0 ? 0 : word >> page.bits_def;
      LANCE_CHECK_BYTES(def <= page.levels.max_def && rep <= page.levels.max_rep,
                        "control word {} has levels above {} and {}", word, page.levels.max_rep,
                        page.levels.max_def);
      const bool starts_row = !lists || rep == page.levels.max_rep;
      LANCE_CHECK_BYTES(starts_row || rows > 0, "the first slot of a row does not start one");
      rows += starts_row;
      ARROW_RETURN_NOT_OK(AppendLevels(static_cast<uint16_t>(rep), static_cast<uint16_t>(def), slots));
      if (lists && def > page.levels.max_visible) continue;
      if (page.length_bytes == 0) {
        ARROW_ASSIGN_OR_RAISE(Bytes value, reader.ReadBytes(page.value_bytes, "value"));
        slots->values.push_back(value);
      } else if (def != 0) {
        slots->values.push_back(Bytes());
      } else {
        uint64_t length = 0;
        ARROW_ASSIGN_OR_RAISE(Bytes stored, reader.ReadBytes(page.length_bytes, "length of a value"));
        std::memcpy(&length, stored.data(), page.length_bytes);
        ARROW_ASSIGN_OR_RAISE(Bytes value, reader.ReadBytes(length, "value"));
        slots->values.push_back(value);
      }
    }
    LANCE_CHECK_BYTES(rows == num_rows, "{} rows were found where {} were expected", rows, num_rows);
    return Status::OK();
  }

  Status AppendLevels(uint16_t rep, uint16_t def, Slots* slots) const {
    ++slots->num_levels;
    if (page_->bits_rep > 0) ARROW_RETURN_NOT_OK(slots->rep.Append(&rep, 2));
    if (page_->bits_def > 0) ARROW_RETURN_NOT_OK(slots->def.Append(&def, 2));
    return Status::OK();
  }

  std::shared_ptr<const FullZipPage> page_;
  std::vector<ByteRange> ranges_;
  std::vector<Piece> pieces_;
  uint64_t num_rows_ = 0;
};

class FullZipReader : public PageReader {
 public:
  explicit FullZipReader(std::shared_ptr<const FullZipPage> page) : page_(std::move(page)) {}

  Result<std::unique_ptr<PageTask>> Plan(std::span<const RowRange> rows) const override {
    auto plan = [&]() -> Result<std::unique_ptr<PageTask>> {
      ARROW_RETURN_NOT_OK(CheckRows(rows, page_->num_rows));
      auto task = std::make_unique<FullZipTask>(page_);
      ARROW_RETURN_NOT_OK(task->Plan(rows));
      return task;
    };
    return WithContext(plan(), page_->where);
  }

  uint64_t memory_bytes() const override {
    return sizeof(FullZipPage) + page_->where.size() + page_->codec->memory_bytes() +
           (page_->row_index == nullptr ? 0 : page_->row_index->size());
  }

 private:
  std::shared_ptr<const FullZipPage> page_;
};

Status ParseWidths(const pb21::FullZipLayout& layout, FullZipPage* page) {
  page->bits_rep = layout.bits_rep();
  page->bits_def = layout.bits_def();
  LANCE_CHECK_BYTES(page->bits_rep <= 16 && page->bits_def <= 16,
                    "control words of {} + {} bits: 16 + 16 at most", layout.bits_rep(), layout.bits_def());
  unsigned bits = page->bits_rep + page->bits_def;
  page->word_bytes = bits == 0 ? 0 : bits <= 8 ? 1 : bits <= 16 ? 2 : 4;
  LANCE_CHECK_BYTES((page->bits_rep > 0) == page->levels.has_lists(),
                    "full-zip page has {} lists and repetition levels of {} bits", page->levels.max_rep,
                    page->bits_rep);
  return Status::OK();
}

Status MakeCodec(const PageSource& source, const pb21::FullZipLayout& layout, FullZipPage* page) {
  LANCE_CHECK_BYTES(layout.has_value_compression(), "full-zip page without an encoding of its values");
  switch (layout.details_case()) {
    case pb21::FullZipLayout::kBitsPerValue: {
      ARROW_ASSIGN_OR_RAISE(page->codec,
                            MakeFixedPerValueCodec(layout.value_compression(), page->shape, source.format));
      page->value_bytes = page->codec->stored_bytes();
      LANCE_CHECK_BYTES(layout.bits_per_value() == page->value_bytes * 8,
                        "full-zip values have {} bits, their encoding {}", layout.bits_per_value(),
                        page->value_bytes * 8);
      return Status::OK();
    }
    case pb21::FullZipLayout::kBitsPerOffset: {
      LANCE_CHECK_BYTES(layout.bits_per_offset() == 32 || layout.bits_per_offset() == 64,
                        "full-zip lengths of {} bits: 32 and 64 exist", layout.bits_per_offset());
      page->length_bytes = layout.bits_per_offset() / 8;
      ARROW_ASSIGN_OR_RAISE(
          page->codec, MakeVariablePerValueCodec(layout.value_compression(), page->shape, source.format));
      return Status::OK();
    }
    default:
      return Corruption("full-zip page with neither bits per value nor bits per offset");
  }
}

Status ReadRowIndex(const PageSource& source, FullZipPage* page) {
  ARROW_ASSIGN_OR_RAISE(std::vector<BufferPtr> buffers, ReadPageBuffers(source, std::vector<size_t>{1}));
  uint64_t bytes = source.info.buffers[1].length;
  ARROW_ASSIGN_OR_RAISE(uint64_t entries, CheckedAdd(page->num_rows, 1, "rows of a full-zip page"));
  uint64_t width = bytes / entries;
  LANCE_CHECK_BYTES(bytes % entries == 0 && (width == 1 || width == 2 || width == 4 || width == 8),
                    "repetition index of {} bytes is not {} numbers of 1, 2, 4 or 8 bytes", bytes, entries);
  page->row_index = std::move(buffers[0]);
  page->row_index_width = static_cast<unsigned>(width);
  return Status::OK();
}

}  // namespace

Result<PageReaderPtr> OpenFullZip(const PageSource& source, const pb21::FullZipLayout& layout) {
  auto page = std::make_shared<FullZipPage>();
  page->where = source.info.where;
  page->shape = source.shape;
  page->num_rows = source.info.num_rows;
  ARROW_ASSIGN_OR_RAISE(page->levels,
                        ParseLayers({layout.layers().data(), static_cast<size_t>(layout.layers_size())}));
  ARROW_RETURN_NOT_OK(ParseWidths(layout, page.get()));
  ARROW_RETURN_NOT_OK(MakeCodec(source, layout, page.get()));
  LANCE_CHECK_BYTES(!source.info.buffers.empty(), "full-zip page without buffers");
  page->data = source.info.buffers[0];
  if (page->length_bytes > 0 || page->bits_rep > 0) {
    ARROW_RETURN_NOT_OK(ReadRowIndex(source, page.get()));
  } else {
    ARROW_ASSIGN_OR_RAISE(uint64_t needed, CheckedMul(page->num_rows, page->word_bytes + page->value_bytes,
                                                      "bytes of a full-zip page"));
    LANCE_CHECK_BYTES(needed <= page->data.length, "full-zip page of {} rows needs {} bytes, it has {}",
                      page->num_rows, needed, page->data.length);
  }
  return std::make_shared<FullZipReader>(std::move(page));
}

}  // namespace lance::encoding
