#include "lance/encoding/codec/dictionary/dictionary.h"

#include <algorithm>
#include <cstring>

#include "lance/encoding/codec/encoding_names.h"
#include "lance/proto/page_encodings.pb.h"

namespace lance::encoding {
namespace {

// Strings up to this length are copied whole vectors at a time, whatever their length.
constexpr uint32_t kTiny = 8;
constexpr uint32_t kShort = 16;
constexpr uint32_t kMedium = 32;
static_assert(kMedium <= kCopySlack);

template <typename Index, typename Offset, uint32_t kCopy>
void ExpandShort(const PageDictionary& dictionary, const Index* indices, uint64_t count, VariableSink* sink) {
  const PageDictionary::Slot* slots = dictionary.slots.data();
  const uint8_t* bytes = dictionary.bytes->data();
  uint8_t* const begin = sink->bytes.data();
  uint8_t* to = sink->bytes.end();
  Offset* offsets = reinterpret_cast<Offset*>(sink->offsets->mutable_data()) + sink->size + 1;
  for (uint64_t i = 0; i < count; ++i) {
    const PageDictionary::Slot slot = slots[indices[i]];
    std::memcpy(to, bytes + slot.offset, kCopy);
    to += slot.length;
    offsets[i] = static_cast<Offset>(to - begin);
  }
  sink->bytes.Advance(static_cast<uint64_t>(to - sink->bytes.end()));
  sink->size += count;
}

// Strings of one byte each, as flags are: entry i is byte i, and where values end needs no look-up.
template <typename Index, typename Offset>
void ExpandLetters(const PageDictionary& dictionary, const Index* indices, uint64_t count,
                   VariableSink* sink) {
  const uint8_t* bytes = dictionary.bytes->data();
  uint8_t* to = sink->bytes.end();
  const uint64_t first = sink->bytes.size() + 1;
  Offset* offsets = reinterpret_cast<Offset*>(sink->offsets->mutable_data()) + sink->size + 1;
  for (uint64_t i = 0; i < count; ++i) offsets[i] = static_cast<Offset>(first + i);
  for (uint64_t i = 0; i < count; ++i) to[i] = bytes[indices[i]];
  sink->bytes.Advance(count);
  sink->size += count;
}

template <typename Index, typename Offset>
void ExpandSmall(const PageDictionary& dictionary, const Index* indices, uint64_t count, VariableSink* sink) {
  if (dictionary.longest == 1 && dictionary.shortest == 1) {
    ExpandLetters<Index, Offset>(dictionary, indices, count, sink);
  } else if (dictionary.longest <= kTiny) {
    ExpandShort<Index, Offset, kTiny>(dictionary, indices, count, sink);
  } else if (dictionary.longest <= kShort) {
    ExpandShort<Index, Offset, kShort>(dictionary, indices, count, sink);
  } else {
    ExpandShort<Index, Offset, kMedium>(dictionary, indices, count, sink);
  }
}

template <typename Index>
Status ExpandStrings(const PageDictionary& dictionary, const Index* indices, uint64_t count,
                     VariableSink* sink) {
  if (dictionary.longest <= kMedium) {
    ARROW_RETURN_NOT_OK(sink->Reserve(count, count * dictionary.longest));
    if (sink->offset_bytes == 4) {
      ExpandSmall<Index, int32_t>(dictionary, indices, count, sink);
    } else {
      ExpandSmall<Index, int64_t>(dictionary, indices, count, sink);
    }
    return Status::OK();
  }
  uint64_t total = 0;
  for (uint64_t i = 0; i < count; ++i) total += dictionary.slots[indices[i]].length;
  ARROW_RETURN_NOT_OK(sink->Reserve(count, total));
  for (uint64_t i = 0; i < count; ++i) {
    const PageDictionary::Slot slot = dictionary.slots[indices[i]];
    const uint8_t* from = dictionary.bytes->data() + slot.offset;
    std::memcpy(sink->bytes.end(), from, kMedium);
    if (slot.length > kMedium)
      std::memcpy(sink->bytes.end() + kMedium, from + kMedium, slot.length - kMedium);
    sink->bytes.Advance(slot.length);
    sink->Push();
  }
  return Status::OK();
}

template <size_t kWidth, typename Index>
void ExpandWidth(const uint8_t* values, const Index* indices, uint64_t count, uint8_t* to) {
  for (uint64_t i = 0; i < count; ++i) std::memcpy(to + i * kWidth, values + indices[i] * kWidth, kWidth);
}

template <typename Index>
Status ExpandFixed(const PageDictionary& dictionary, const Index* indices, uint64_t count, FixedSink* sink) {
  const uint8_t* values = dictionary.bytes->data();
  if (sink->bits % 8 != 0) {
    for (uint64_t i = 0; i < count; ++i) {
      const RowRange one{indices[i], 1};
      ARROW_RETURN_NOT_OK(sink->AppendRanges(values, {&one, 1}));
    }
    return Status::OK();
  }
  ARROW_ASSIGN_OR_RAISE(uint8_t * to, sink->Append(count));
  const uint64_t width = dictionary.width;
  switch (width) {
    case 4:
      ExpandWidth<4>(values, indices, count, to);
      break;
    case 8:
      ExpandWidth<8>(values, indices, count, to);
      break;
    case 16:
      ExpandWidth<16>(values, indices, count, to);
      break;
    default:
      for (uint64_t i = 0; i < count; ++i) std::memcpy(to + i * width, values + indices[i] * width, width);
  }
  return Status::OK();
}

template <typename Index>
Status KeepIndices(const Index* indices, uint64_t count, FixedSink* sink) {
  ARROW_ASSIGN_OR_RAISE(uint8_t * to, sink->Append(count));
  const uint64_t width = sink->bits / 8;
  if (width == sizeof(Index)) {
    std::memcpy(to, indices, count * width);
    return Status::OK();
  }
  for (uint64_t i = 0; i < count; ++i) {
    uint64_t wide = indices[i];
    std::memcpy(to + i * width, &wide, width);
  }
  return Status::OK();
}

// A loop of known length within is what compilers turn into vectors.
template <typename Index>
Index Highest(const Index* indices, uint64_t count) {
  constexpr uint64_t kBlock = 64;
  Index highest = 0;
  uint64_t i = 0;
  for (; i + kBlock <= count; i += kBlock) {
    Index block = 0;
    for (uint64_t j = 0; j < kBlock; ++j) block = std::max(block, indices[i + j]);
    highest = std::max(highest, block);
  }
  for (; i < count; ++i) highest = std::max(highest, indices[i]);
  return highest;
}

class DictionaryCodec : public ChunkCodec {
 public:
  DictionaryCodec(LeafKind kind, unsigned index_bits, std::unique_ptr<ChunkCodec> indices,
                  std::shared_ptr<const PageDictionary> dictionary)
      : kind_(kind),
        index_bits_(index_bits),
        indices_(std::move(indices)),
        dictionary_(std::move(dictionary)) {}

  Status Decode(const ChunkValues& chunk, std::span<const RowRange> ranges, ValueSink* sink) const override {
    const uint64_t count = CountRows(ranges);
    ValueSink indices;
    indices.scratch = sink->scratch;
    ARROW_ASSIGN_OR_RAISE(indices.fixed.data, sink->scratch->indices.Get(count * (index_bits_ / 8)));
    indices.fixed.bits = index_bits_;
    indices.fixed.capacity = count;
    ARROW_RETURN_NOT_OK(indices_->Decode(chunk, ranges, &indices));
    switch (index_bits_) {
      case 8:
        return Expand(indices.fixed.data, count, sink);
      case 16:
        return Expand(reinterpret_cast<uint16_t*>(indices.fixed.data), count, sink);
      case 32:
        return Expand(reinterpret_cast<uint32_t*>(indices.fixed.data), count, sink);
      default:
        return Expand(reinterpret_cast<uint64_t*>(indices.fixed.data), count, sink);
    }
  }
  size_t num_buffers() const override { return indices_->num_buffers(); }
  uint64_t memory_bytes() const override {
    return 64 + indices_->memory_bytes() + dictionary_->memory_bytes();
  }

 private:
  template <typename Index>
  Status Expand(Index* indices, uint64_t count, ValueSink* sink) const {
    const uint64_t done = kind_ == LeafKind::kVariable ? sink->variable.size : sink->fixed.size;
    ARROW_RETURN_NOT_OK(CheckIndices(indices, count, done, sink->scratch.get()));
    if (kind_ == LeafKind::kDictionary) return KeepIndices(indices, count, &sink->fixed);
    if (kind_ == LeafKind::kVariable) return ExpandStrings(*dictionary_, indices, count, &sink->variable);
    return ExpandFixed(*dictionary_, indices, count, &sink->fixed);
  }

  template <typename Index>
  Status CheckIndices(Index* indices, uint64_t count, uint64_t done, DecodeScratch* scratch) const {
    if (Highest(indices, count) < dictionary_->size) return Status::OK();
    for (uint64_t i = 0; i < count; ++i) {
      if (indices[i] < dictionary_->size) continue;
      scratch->bad_indices.push_back(done + i);
      indices[i] = 0;
    }
    // An empty dictionary has not even entry 0; its page can only hold nulls.
    if (dictionary_->size == 0 && kind_ != LeafKind::kDictionary && count > 0) {
      return Corruption("dictionary without entries for {} values", count);
    }
    return Status::OK();
  }

  LeafKind kind_;
  unsigned index_bits_;
  std::unique_ptr<ChunkCodec> indices_;
  std::shared_ptr<const PageDictionary> dictionary_;
};

}  // namespace

Result<unsigned> IndexBits(const pb21::CompressiveEncoding& encoding) {
  using Encoding = pb21::CompressiveEncoding;
  const Encoding* at = &encoding;
  for (int depth = 0; depth < kMaxEncodingDepth; ++depth) {
    uint64_t bits = 0;
    switch (at->compression_case()) {
      case Encoding::kFlat:
        bits = at->flat().bits_per_value();
        break;
      case Encoding::kInlineBitpacking:
        bits = at->inline_bitpacking().uncompressed_bits_per_value();
        break;
      case Encoding::kRle:
        at = &at->rle().values();
        continue;
      case Encoding::kByteStreamSplit:
        at = &at->byte_stream_split().values();
        continue;
      case Encoding::kGeneral:
        at = &at->general().values();
        continue;
      default:
        return NotSupported("{} as the encoding of dictionary indices", EncodingName(*at));
    }
    LANCE_CHECK_BYTES(bits == 8 || bits == 16 || bits == 32 || bits == 64, "dictionary indices of {} bits",
                      bits);
    return static_cast<unsigned>(bits);
  }
  return Corruption("encodings nested deeper than {}", kMaxEncodingDepth);
}

Result<std::unique_ptr<ChunkCodec>> MakeDictionaryCodec(const pb21::CompressiveEncoding& indices,
                                                        const LeafShape& shape, const PageFormat& format,
                                                        std::shared_ptr<const PageDictionary> dictionary) {
  ARROW_ASSIGN_OR_RAISE(unsigned bits, IndexBits(indices));
  LeafShape index_shape;
  index_shape.kind = LeafKind::kFixed;
  index_shape.bits = index_shape.element_bits = bits;
  ARROW_ASSIGN_OR_RAISE(auto codec, MakeChunkCodec(indices, index_shape, format));
  if (shape.kind == LeafKind::kDictionary) {
    uint64_t index_bits = shape.children[0].bits;
    LANCE_CHECK_ARG(index_bits >= 64 || dictionary->size <= uint64_t{1} << index_bits,
                    "a dictionary of {} values does not fit an index type of {} bits", dictionary->size,
                    index_bits);
  }
  return std::make_unique<DictionaryCodec>(shape.kind, bits, std::move(codec), std::move(dictionary));
}

}  // namespace lance::encoding
