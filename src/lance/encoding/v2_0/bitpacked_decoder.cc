#include <algorithm>
#include <cstring>

#include <arrow/buffer.h>

#include "lance/base/checked_math.h"
#include "lance/base/span_reader.h"
#include "lance/encoding/codec/bitpack/fastlanes.h"
#include "lance/encoding/core/array_output.h"
#include "lance/encoding/v2_0/flat_decoder.h"
#include "lance/runtime/buffer_pool.h"

namespace lance::encoding::v2_0 {
namespace {

/// Reads `width` <= 64 bits at `bit` of `data`, which holds `size` bytes and the bits asked for.
uint64_t LoadBits(const uint8_t* data, uint64_t size, uint64_t bit, uint64_t width) {
  const uint64_t byte = bit / 8;
  const unsigned shift = bit % 8;
  uint64_t low = 0;
  const uint64_t there = std::min<uint64_t>(8, size - byte);
  if (there == 8) {
    low = LoadLE<uint64_t>(data + byte);
  } else {
    std::memcpy(&low, data + byte, there);
  }
  low >>= shift;
  if (shift + width > 64) low |= static_cast<uint64_t>(data[byte + 8]) << (64 - shift);
  return width == 64 ? low : low & ((uint64_t{1} << width) - 1);
}

template <typename T>
void UnpackBits(const uint8_t* data, uint64_t size, uint64_t bit, uint64_t width, bool is_signed,
                uint64_t count, uint8_t* out) {
  auto* values = reinterpret_cast<T*>(out);
  const uint64_t sign = is_signed ? uint64_t{1} << (width - 1) : 0;
  for (uint64_t i = 0; i < count; ++i, bit += width) {
    const uint64_t raw = LoadBits(data, size, bit, width);
    values[i] = static_cast<T>((raw ^ sign) - sign);
  }
}

class BitpackedTask final : public ArrayTask {
 public:
  BitpackedTask(size_t first_slot, RowRanges rows, uint64_t width, uint64_t bytes, bool is_signed)
      : first_slot_(first_slot),
        rows_(std::move(rows)),
        width_(width),
        bytes_(bytes),
        is_signed_(is_signed) {}

  Status Decode(std::span<const BufferPtr> buffers, ArrayOutput* out) override {
    ARROW_ASSIGN_OR_RAISE(uint64_t size, CheckedMul(CountRows(rows_), bytes_, "size of bit-packed values"));
    ARROW_ASSIGN_OR_RAISE(auto values, runtime::AllocatePooled(size));
    uint8_t* to = values->mutable_data();
    for (size_t i = 0; i < rows_.size(); ++i) {
      const auto& buffer = *buffers[first_slot_ + i];
      const auto buffer_size = static_cast<uint64_t>(buffer.size());
      const uint64_t bit = rows_[i].start * width_ % 8;
      switch (bytes_) {
        case 1:
          UnpackBits<uint8_t>(buffer.data(), buffer_size, bit, width_, is_signed_, rows_[i].length, to);
          break;
        case 2:
          UnpackBits<uint16_t>(buffer.data(), buffer_size, bit, width_, is_signed_, rows_[i].length, to);
          break;
        case 4:
          UnpackBits<uint32_t>(buffer.data(), buffer_size, bit, width_, is_signed_, rows_[i].length, to);
          break;
        default:
          UnpackBits<uint64_t>(buffer.data(), buffer_size, bit, width_, is_signed_, rows_[i].length, to);
      }
      to += rows_[i].length * bytes_;
    }
    const uint8_t* data = values->data();
    return out->AppendFixed(std::move(values), data, size);
  }

 private:
  size_t first_slot_;
  RowRanges rows_;
  uint64_t width_, bytes_;
  bool is_signed_;
};

class BitpackedDecoder final : public ArrayDecoder {
 public:
  BitpackedDecoder(ByteRange buffer, uint64_t width, uint64_t bytes, bool is_signed)
      : buffer_(buffer), width_(width), bytes_(bytes), is_signed_(is_signed) {}

  Result<std::unique_ptr<ArrayTask>> Plan(std::span<const RowRange> rows, ReadPlan* plan) const override {
    const size_t first = plan->ranges.size();
    for (const RowRange& range : rows) {
      ARROW_ASSIGN_OR_RAISE(uint64_t end_bit, CheckedMul(range.end(), width_, "bit position"));
      const uint64_t start = range.start * width_ / 8;
      const uint64_t length = CeilDiv(end_bit, 8) - start;
      LANCE_CHECK_BYTES(RangeFits(start, length, buffer_.length),
                        "rows {}..{} of {} bits each lie outside a buffer of {} bytes", range.start,
                        range.end(), width_, buffer_.length);
      plan->Add({buffer_.offset + start, length});
    }
    return std::make_unique<BitpackedTask>(first, RowRanges(rows.begin(), rows.end()), width_, bytes_,
                                           is_signed_);
  }

 private:
  ByteRange buffer_;
  uint64_t width_, bytes_;
  bool is_signed_;
};

/// One read of whole blocks and the rows wanted from it.
struct BlockRun {
  size_t slot;
  uint64_t first_row;  ///< row of the run's first value, a multiple of 1024
  RowRanges rows;
};

class FastLanesTask final : public ArrayTask {
 public:
  FastLanesTask(std::vector<BlockRun> runs, uint64_t num_rows, uint64_t width, uint64_t bytes)
      : runs_(std::move(runs)), num_rows_(num_rows), width_(width), bytes_(bytes) {}

  Status Decode(std::span<const BufferPtr> buffers, ArrayOutput* out) override {
    ARROW_ASSIGN_OR_RAISE(uint64_t size, CheckedMul(num_rows_, bytes_, "size of bit-packed values"));
    ARROW_ASSIGN_OR_RAISE(auto values, runtime::AllocatePooled(size));
    uint8_t* to = values->mutable_data();
    alignas(64) uint8_t block[kFastLanesValues * 8];
    for (const BlockRun& run : runs_) {
      const uint8_t* packed = buffers[run.slot]->data();
      uint64_t unpacked = UINT64_MAX;  // which block lies in `block`
      for (const RowRange& range : run.rows) {
        for (uint64_t row = range.start; row < range.end();) {
          const uint64_t index = (row - run.first_row) / kFastLanesValues;
          const uint64_t in_block = row % kFastLanesValues;
          const uint64_t count = std::min(kFastLanesValues - in_block, range.end() - row);
          const uint8_t* from = packed + index * FastLanesBytes(static_cast<unsigned>(width_));
          if (count == kFastLanesValues) {
            FastLanesUnpack(word_bits(), static_cast<unsigned>(width_), from, to);
          } else {
            if (unpacked != index) FastLanesUnpack(word_bits(), static_cast<unsigned>(width_), from, block);
            unpacked = index;
            std::memcpy(to, block + in_block * bytes_, count * bytes_);
          }
          to += count * bytes_;
          row += count;
        }
      }
    }
    const uint8_t* data = values->data();
    return out->AppendFixed(std::move(values), data, size);
  }

 private:
  unsigned word_bits() const { return static_cast<unsigned>(bytes_ * 8); }
  std::vector<BlockRun> runs_;
  uint64_t num_rows_, width_, bytes_;
};

class FastLanesDecoder final : public ArrayDecoder {
 public:
  FastLanesDecoder(ByteRange buffer, uint64_t width, uint64_t bytes)
      : buffer_(buffer), width_(width), bytes_(bytes) {}

  Result<std::unique_ptr<ArrayTask>> Plan(std::span<const RowRange> rows, ReadPlan* plan) const override {
    const uint64_t block_bytes = FastLanesBytes(static_cast<unsigned>(width_));
    std::vector<BlockRun> runs;
    for (size_t i = 0; i < rows.size();) {
      const uint64_t first_block = rows[i].start / kFastLanesValues;
      uint64_t end_block = CeilDiv(rows[i].end(), kFastLanesValues);
      BlockRun run{0, first_block * kFastLanesValues, {rows[i]}};
      for (++i; i < rows.size() && rows[i].start / kFastLanesValues <= end_block; ++i) {
        end_block = std::max(end_block, CeilDiv(rows[i].end(), kFastLanesValues));
        run.rows.push_back(rows[i]);
      }
      ARROW_ASSIGN_OR_RAISE(uint64_t start, CheckedMul(first_block, block_bytes, "block position"));
      ARROW_ASSIGN_OR_RAISE(uint64_t length, CheckedMul(end_block - first_block, block_bytes, "block size"));
      LANCE_CHECK_BYTES(RangeFits(start, length, buffer_.length),
                        "blocks {}..{} of {} bytes lie outside a buffer of {} bytes", first_block, end_block,
                        block_bytes, buffer_.length);
      run.slot = plan->Add({buffer_.offset + start, length});
      runs.push_back(std::move(run));
    }
    return std::make_unique<FastLanesTask>(std::move(runs), CountRows(rows), width_, bytes_);
  }

 private:
  ByteRange buffer_;
  uint64_t width_, bytes_;
};

bool IsWord(uint64_t bytes) { return bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8; }

}  // namespace

Result<std::unique_ptr<ArrayDecoder>> MakeBitpackedDecoder(ByteRange buffer, uint64_t width,
                                                           uint64_t bytes_per_value, bool is_signed,
                                                           uint64_t num_rows) {
  LANCE_CHECK_BYTES(IsWord(bytes_per_value) && width >= 1 && width <= bytes_per_value * 8,
                    "bit-packing of {} bits into values of {} bytes", width, bytes_per_value);
  if (num_rows != kUnknownRows) {
    ARROW_ASSIGN_OR_RAISE(uint64_t bits, CheckedMul(num_rows, width, "bits of values"));
    LANCE_CHECK_BYTES(CeilDiv(bits, 8) <= buffer.length,
                      "{} values of {} bits do not fit a buffer of {} bytes", num_rows, width, buffer.length);
  }
  return std::make_unique<BitpackedDecoder>(buffer, width, bytes_per_value, is_signed);
}

Result<std::unique_ptr<ArrayDecoder>> MakeFastLanesDecoder(ByteRange buffer, uint64_t width,
                                                           uint64_t bytes_per_value, uint64_t num_rows) {
  LANCE_CHECK_BYTES(IsWord(bytes_per_value) && width >= 1 && width <= bytes_per_value * 8,
                    "bit-packing of {} bits into values of {} bytes", width, bytes_per_value);
  if (num_rows != kUnknownRows) {
    ARROW_ASSIGN_OR_RAISE(uint64_t bytes,
                          CheckedMul(CeilDiv(num_rows, kFastLanesValues),
                                     FastLanesBytes(static_cast<unsigned>(width)), "block bytes"));
    LANCE_CHECK_BYTES(bytes <= buffer.length, "{} values packed at {} bits do not fit a buffer of {} bytes",
                      num_rows, width, buffer.length);
  }
  return std::make_unique<FastLanesDecoder>(buffer, width, bytes_per_value);
}

}  // namespace lance::encoding::v2_0
