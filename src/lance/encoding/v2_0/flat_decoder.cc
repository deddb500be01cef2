#include "lance/encoding/v2_0/flat_decoder.h"

#include <arrow/buffer.h>

#include "lance/base/checked_math.h"
#include "lance/encoding/core/array_output.h"

namespace lance::encoding::v2_0 {
namespace {

/// Rows of a bitmap closer than this are fetched with one read; 512 bytes cost less than a request anywhere.
constexpr uint64_t kBitmapGapRows = 4096;

/// Rows of an uncompressed buffer: the bytes asked for are the bytes handed out.
class PlainTask final : public ArrayTask {
 public:
  PlainTask(size_t first_slot, size_t num_slots) : first_slot_(first_slot), num_slots_(num_slots) {}
  Status Decode(std::span<const BufferPtr> buffers, ArrayOutput* out) override {
    for (const BufferPtr& buffer : buffers.subspan(first_slot_, num_slots_)) {
      ARROW_RETURN_NOT_OK(out->AppendFixed(buffer, buffer->data(), static_cast<uint64_t>(buffer->size())));
    }
    return Status::OK();
  }

 private:
  size_t first_slot_, num_slots_;
};

/// Rows of a compressed buffer: all of it is read and expanded, whatever the rows.
class CompressedTask final : public ArrayTask {
 public:
  CompressedTask(size_t slot, RowRanges rows, uint64_t width, uint64_t num_rows,
                 BufferCompression compression)
      : slot_(slot), rows_(std::move(rows)), width_(width), num_rows_(num_rows), compression_(compression) {}

  Status Decode(std::span<const BufferPtr> buffers, ArrayOutput* out) override {
    uint64_t expected = kAnySize;
    if (num_rows_ != kUnknownRows) {
      ARROW_ASSIGN_OR_RAISE(expected, CheckedMul(num_rows_, width_, "uncompressed size"));
    }
    ARROW_ASSIGN_OR_RAISE(auto plain, Decompress(compression_, *buffers[slot_], expected));
    const auto size = static_cast<uint64_t>(plain->size());
    for (const RowRange& range : rows_) {
      ARROW_ASSIGN_OR_RAISE(uint64_t start, CheckedMul(range.start, width_, "value position"));
      ARROW_ASSIGN_OR_RAISE(uint64_t length, CheckedMul(range.length, width_, "value size"));
      LANCE_CHECK_BYTES(RangeFits(start, length, size),
                        "rows {}..{} lie outside the {} bytes of a compressed buffer", range.start,
                        range.end(), size);
      ARROW_RETURN_NOT_OK(out->AppendFixed(plain, plain->data() + start, length));
    }
    return Status::OK();
  }

 private:
  size_t slot_;
  RowRanges rows_;
  uint64_t width_, num_rows_;
  BufferCompression compression_;
};

class FlatDecoder final : public ArrayDecoder {
 public:
  FlatDecoder(ByteRange buffer, uint64_t width, uint64_t num_rows, BufferCompression compression)
      : buffer_(buffer), width_(width), num_rows_(num_rows), compression_(compression) {}

  std::optional<uint64_t> num_values() const override {
    if (compression_ != BufferCompression::kNone) return std::nullopt;
    return buffer_.length / width_;
  }

  Result<std::unique_ptr<ArrayTask>> Plan(std::span<const RowRange> rows, ReadPlan* plan) const override {
    if (compression_ != BufferCompression::kNone) {
      const size_t slot = plan->Add(buffer_);
      return std::make_unique<CompressedTask>(slot, RowRanges(rows.begin(), rows.end()), width_, num_rows_,
                                              compression_);
    }
    const size_t first = plan->ranges.size();
    for (size_t i = 0; i < rows.size(); ++i) {
      RowRange range = rows[i];
      while (i + 1 < rows.size() && rows[i + 1].start == range.end()) range.length += rows[++i].length;
      ARROW_ASSIGN_OR_RAISE(uint64_t start, CheckedMul(range.start, width_, "value position"));
      ARROW_ASSIGN_OR_RAISE(uint64_t length, CheckedMul(range.length, width_, "value size"));
      LANCE_CHECK_BYTES(RangeFits(start, length, buffer_.length),
                        "rows {}..{} of {} bytes each lie outside a buffer of {} bytes", range.start,
                        range.end(), width_, buffer_.length);
      plan->Add({buffer_.offset + start, length});
    }
    return std::make_unique<PlainTask>(first, plan->ranges.size() - first);
  }

 private:
  ByteRange buffer_;
  uint64_t width_, num_rows_;
  BufferCompression compression_;
};

/// Rows of a bitmap; several rows share a read.
class BitTask final : public ArrayTask {
 public:
  struct Piece {
    size_t slot;
    uint64_t bit_offset;
    uint64_t rows;
  };
  explicit BitTask(std::vector<Piece> pieces) : pieces_(std::move(pieces)) {}
  Status Decode(std::span<const BufferPtr> buffers, ArrayOutput* out) override {
    for (const Piece& piece : pieces_) out->AppendBits(buffers[piece.slot], piece.bit_offset, piece.rows);
    return Status::OK();
  }

 private:
  std::vector<Piece> pieces_;
};

class BitDecoder final : public ArrayDecoder {
 public:
  explicit BitDecoder(ByteRange buffer) : buffer_(buffer) {}

  Result<std::unique_ptr<ArrayTask>> Plan(std::span<const RowRange> rows, ReadPlan* plan) const override {
    std::vector<BitTask::Piece> pieces;
    for (size_t i = 0; i < rows.size();) {
      const uint64_t first_byte = rows[i].start / 8;
      uint64_t end = rows[i].end();
      size_t last = i + 1;
      while (last < rows.size() && rows[last].start - end <= kBitmapGapRows) end = rows[last++].end();
      const uint64_t length = CeilDiv(end, 8) - first_byte;
      LANCE_CHECK_BYTES(RangeFits(first_byte, length, buffer_.length),
                        "rows {}..{} lie outside a bitmap of {} bytes", rows[i].start, end, buffer_.length);
      const size_t slot = plan->Add({buffer_.offset + first_byte, length});
      for (; i < last; ++i) pieces.push_back({slot, rows[i].start - first_byte * 8, rows[i].length});
    }
    return std::make_unique<BitTask>(std::move(pieces));
  }

 private:
  ByteRange buffer_;
};

}  // namespace

Result<std::unique_ptr<ArrayDecoder>> MakeFlatDecoder(ByteRange buffer, uint64_t bytes_per_value,
                                                      uint64_t num_rows, BufferCompression compression) {
  LANCE_CHECK_BYTES(bytes_per_value > 0, "a flat encoding of values without bytes");
  if (compression == BufferCompression::kNone && num_rows != kUnknownRows) {
    ARROW_ASSIGN_OR_RAISE(uint64_t size, CheckedMul(num_rows, bytes_per_value, "size of flat values"));
    LANCE_CHECK_BYTES(size <= buffer.length, "{} values of {} bytes do not fit a buffer of {} bytes",
                      num_rows, bytes_per_value, buffer.length);
  }
  return std::make_unique<FlatDecoder>(buffer, bytes_per_value, num_rows, compression);
}

Result<std::unique_ptr<ArrayDecoder>> MakeBitDecoder(ByteRange buffer, uint64_t num_rows) {
  LANCE_CHECK_BYTES(num_rows == kUnknownRows || CeilDiv(num_rows, 8) <= buffer.length,
                    "{} bits do not fit a buffer of {} bytes", num_rows, buffer.length);
  return std::make_unique<BitDecoder>(buffer);
}

}  // namespace lance::encoding::v2_0
