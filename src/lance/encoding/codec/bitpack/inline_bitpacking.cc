#include "lance/encoding/codec/bitpack/inline_bitpacking.h"

#include "lance/base/span_reader.h"
#include "lance/encoding/codec/bitpack/fastlanes.h"
#include "lance/proto/page_encodings.pb.h"

namespace lance::encoding {
namespace {

// Picking one value costs about as much as unpacking this many.
constexpr uint64_t kPickCost = 64;

class InlineBitpackingCodec : public ChunkCodec {
 public:
  explicit InlineBitpackingCodec(unsigned bits) : bits_(bits) {}

  Status Decode(const ChunkValues& chunk, std::span<const RowRange> ranges, ValueSink* sink) const override {
    ARROW_ASSIGN_OR_RAISE(PackedBlock block, ParseInlineBlock(chunk.buffers[0], bits_, chunk.num_values));
    uint64_t wanted = CountRows(ranges);
    if (wanted == kFastLanesValues) {
      ARROW_ASSIGN_OR_RAISE(uint8_t * to, sink->fixed.Append(wanted));
      FastLanesUnpack(bits_, block.width, block.words, to);
      return Status::OK();
    }
    if (wanted * kPickCost < kFastLanesValues) return Pick(block, ranges, wanted, sink);
    ARROW_ASSIGN_OR_RAISE(uint8_t * unpacked, sink->scratch->unpacked.Get(kFastLanesValues * bits_ / 8));
    FastLanesUnpack(bits_, block.width, block.words, unpacked);
    return sink->fixed.AppendRanges(unpacked, ranges);
  }

 private:
  Status Pick(PackedBlock block, std::span<const RowRange> ranges, uint64_t wanted, ValueSink* sink) const {
    ARROW_ASSIGN_OR_RAISE(uint8_t * to, sink->fixed.Append(wanted));
    for (const RowRange& range : ranges) {
      for (uint64_t at = range.start; at < range.end(); ++at, to += bits_ / 8) {
        uint64_t value = FastLanesGet(bits_, block.width, block.words, static_cast<unsigned>(at));
        std::memcpy(to, &value, bits_ / 8);
      }
    }
    return Status::OK();
  }

  unsigned bits_;
};

}  // namespace

Result<unsigned> InlineBitpackingBits(const pb21::InlineBitpacking& encoding) {
  if (encoding.has_values()) return NotSupported("InlineBitpacking with compressed values");
  uint64_t bits = encoding.uncompressed_bits_per_value();
  LANCE_CHECK_BYTES(bits == 8 || bits == 16 || bits == 32 || bits == 64,
                    "InlineBitpacking of {}-bit values: 8, 16, 32 and 64 exist", bits);
  return static_cast<unsigned>(bits);
}

Result<PackedBlock> ParseInlineBlock(Bytes bytes, unsigned word_bits, uint64_t num_values) {
  LANCE_CHECK_BYTES(num_values <= kFastLanesValues, "InlineBitpacking block of {} values: at most 1024 fit",
                    num_values);
  LANCE_CHECK_BYTES(bytes.size() >= word_bits / 8, "InlineBitpacking block of {} bytes has no width",
                    bytes.size());
  uint64_t width = 0;
  std::memcpy(&width, bytes.data(), word_bits / 8);
  LANCE_CHECK_BYTES(width <= word_bits, "InlineBitpacking width {} is above the {} bits of a value", width,
                    word_bits);
  uint64_t packed = FastLanesBytes(static_cast<unsigned>(width));
  LANCE_CHECK_BYTES(bytes.size() - word_bits / 8 >= packed,
                    "InlineBitpacking block has {} bytes, width {} needs {}", bytes.size(), width,
                    packed + word_bits / 8);
  return PackedBlock{static_cast<unsigned>(width), bytes.data() + word_bits / 8};
}

Result<std::unique_ptr<ChunkCodec>> MakeInlineBitpackingCodec(const pb21::InlineBitpacking& encoding,
                                                              const LeafShape& shape) {
  ARROW_ASSIGN_OR_RAISE(unsigned bits, InlineBitpackingBits(encoding));
  LANCE_CHECK_BYTES(shape.kind == LeafKind::kFixed && shape.bits == bits,
                    "InlineBitpacking of {}-bit values does not fit the column type", bits);
  return std::make_unique<InlineBitpackingCodec>(bits);
}

}  // namespace lance::encoding
