#include "lance/encoding/codec/byte_stream_split/byte_stream_split.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "lance/encoding/codec/encoding_names.h"
#include "lance/encoding/codec/flat/flat.h"
#include "lance/proto/page_encodings.pb.h"

namespace lance::encoding {
namespace {

#ifdef __SSE2__
constexpr uint64_t kTogether = 16;

__m128i LoadStream(const uint8_t* from) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from)); }

void Store(__m128i values, uint8_t* to) { _mm_storeu_si128(reinterpret_cast<__m128i*>(to), values); }

// Four streams laced to sixteen values of 32 bits, in order.
void Lace(const uint8_t* from, uint64_t stride, __m128i out[4]) {
  const __m128i low[2] = {_mm_unpacklo_epi8(LoadStream(from), LoadStream(from + stride)),
                          _mm_unpackhi_epi8(LoadStream(from), LoadStream(from + stride))};
  const __m128i high[2] = {_mm_unpacklo_epi8(LoadStream(from + 2 * stride), LoadStream(from + 3 * stride)),
                           _mm_unpackhi_epi8(LoadStream(from + 2 * stride), LoadStream(from + 3 * stride))};
  for (int half = 0; half < 2; ++half) {
    out[2 * half] = _mm_unpacklo_epi16(low[half], high[half]);
    out[2 * half + 1] = _mm_unpackhi_epi16(low[half], high[half]);
  }
}

template <typename T>
void JoinTogether(const uint8_t* from, uint64_t stride, uint8_t* to) {
  __m128i low[4];
  Lace(from, stride, low);
  if constexpr (sizeof(T) == 4) {
    for (int i = 0; i < 4; ++i) Store(low[i], to + 16 * i);
  } else {
    __m128i high[4];
    Lace(from + 4 * stride, stride, high);
    for (int i = 0; i < 4; ++i) {
      Store(_mm_unpacklo_epi32(low[i], high[i]), to + 32 * i);
      Store(_mm_unpackhi_epi32(low[i], high[i]), to + 32 * i + 16);
    }
  }
}
#endif

template <typename T>
void Join(const uint8_t* streams, uint64_t stride, const RowRange& range, uint8_t* to) {
  const uint8_t* from = streams + range.start;
  uint64_t i = 0;
#ifdef __SSE2__
  for (; i + kTogether <= range.length; i += kTogether) {
    JoinTogether<T>(from + i, stride, to + i * sizeof(T));
  }
#endif
  for (; i < range.length; ++i) {
    T value = 0;
    for (size_t byte = 0; byte < sizeof(T); ++byte)
      value |= static_cast<T>(from[byte * stride + i]) << (8 * byte);
    std::memcpy(to + i * sizeof(T), &value, sizeof(T));
  }
}

class ByteStreamSplitCodec : public ChunkCodec {
 public:
  explicit ByteStreamSplitCodec(uint64_t width) : width_(width) {}

  Status Decode(const ChunkValues& chunk, std::span<const RowRange> ranges, ValueSink* sink) const override {
    Bytes streams = chunk.buffers[0];
    LANCE_CHECK_BYTES(streams.size() % width_ == 0 && streams.size() / width_ == chunk.num_values,
                      "ByteStreamSplit chunk of {} values of {} bytes has {} bytes", chunk.num_values, width_,
                      streams.size());
    for (const RowRange& range : ranges) {
      ARROW_ASSIGN_OR_RAISE(uint8_t * to, sink->fixed.Append(range.length));
      if (width_ == 4) {
        Join<uint32_t>(streams.data(), chunk.num_values, range, to);
      } else {
        Join<uint64_t>(streams.data(), chunk.num_values, range, to);
      }
    }
    return Status::OK();
  }

 private:
  uint64_t width_;
};

}  // namespace

Result<std::unique_ptr<ChunkCodec>> MakeByteStreamSplitCodec(const pb21::ByteStreamSplit& encoding,
                                                             const LeafShape& shape) {
  LANCE_CHECK_BYTES(encoding.has_values(), "ByteStreamSplit without an encoding of its values");
  if (!encoding.values().has_flat()) {
    return NotSupported("ByteStreamSplit with {} values", EncodingName(encoding.values()));
  }
  ARROW_ASSIGN_OR_RAISE(uint64_t bits, FlatBits(encoding.values().flat()));
  if (bits != 32 && bits != 64) return NotSupported("ByteStreamSplit of {}-bit values", bits);
  LANCE_CHECK_BYTES(shape.kind == LeafKind::kFixed && shape.bits == bits,
                    "ByteStreamSplit of {}-bit values does not fit the column type", bits);
  return std::make_unique<ByteStreamSplitCodec>(bits / 8);
}

}  // namespace lance::encoding
