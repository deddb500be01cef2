#include "lance/encoding/codec/dictionary/page_dictionary.h"

#include <algorithm>
#include <cstring>

#include <arrow/array/data.h>

#include "lance/base/checked_math.h"
#include "lance/encoding/codec/encoding_names.h"
#include "lance/encoding/codec/general/decompress.h"
#include "lance/encoding/codec/variable/string_block.h"
#include "lance/encoding/core/value_sink.h"
#include "lance/proto/page_encodings.pb.h"

namespace lance::encoding {
namespace {

Status DecodeStrings(const pb21::CompressiveEncoding& encoding, Bytes payload, uint64_t num_items,
                     const LeafShape& shape, int depth, PageDictionary* out) {
  if (depth > kMaxEncodingDepth) return Corruption("encodings nested deeper than {}", kMaxEncodingDepth);
  if (encoding.has_general()) {
    ARROW_ASSIGN_OR_RAISE(Compressor compressor, ParseCompressor(encoding.general().compression()));
    ARROW_ASSIGN_OR_RAISE(CompressedBuffer stored, ParseCompressed(compressor, payload));
    ScratchBytes raw;
    ARROW_ASSIGN_OR_RAISE(uint8_t * bytes, raw.Get(stored.raw_bytes));
    ARROW_RETURN_NOT_OK(DecompressInto(stored, bytes));
    return DecodeStrings(encoding.general().values(), Bytes(bytes, stored.raw_bytes), num_items, shape,
                         depth + 1, out);
  }
  if (!encoding.has_variable())
    return NotSupported("{} as the encoding of a dictionary of strings", EncodingName(encoding));
  ARROW_ASSIGN_OR_RAISE(StringBlock block, ParseStringBlock(payload, num_items));
  LANCE_CHECK_BYTES(block.bytes.size() <= UINT32_MAX, "dictionary of {} bytes", block.bytes.size());
  ARROW_ASSIGN_OR_RAISE(VariableSink sink, VariableSink::Make(shape.offset_bytes, num_items));
  ARROW_RETURN_NOT_OK(sink.Reserve(num_items, block.bytes.size()));
  out->slots.reserve(num_items);
  for (uint64_t i = 0; i < num_items; ++i) {
    uint64_t begin = block.offset(i);
    uint64_t end = block.offset(i + 1);
    LANCE_CHECK_BYTES(begin <= end && end <= block.bytes.size(),
                      "dictionary entry {} lies at [{}, {}) of {} bytes", i, begin, end, block.bytes.size());
    // Entries may overlap in damaged files, so each checks its own room.
    ARROW_RETURN_NOT_OK(sink.Reserve(1, end - begin));
    out->slots.push_back({static_cast<uint32_t>(sink.bytes.size()), static_cast<uint32_t>(end - begin)});
    out->longest = std::max(out->longest, out->slots.back().length);
    out->shortest = std::min(out->shortest, out->slots.back().length);
    if (end != begin) std::memcpy(sink.bytes.end(), block.bytes.data() + begin, end - begin);
    sink.bytes.Advance(end - begin);
    LANCE_CHECK_BYTES(sink.bytes.size() <= UINT32_MAX, "dictionary of more than 4 GiB");
    sink.Push();
  }
  ARROW_ASSIGN_OR_RAISE(out->bytes, sink.bytes.Finish());
  out->values = arrow::ArrayData::Make(shape.type, static_cast<int64_t>(num_items),
                                       {nullptr, sink.offsets, out->bytes}, 0);
  return Status::OK();
}

Status DecodeFixed(const pb21::CompressiveEncoding& encoding, Bytes payload, uint64_t num_items,
                   const LeafShape& shape, const PageFormat& format, PageDictionary* out) {
  ARROW_ASSIGN_OR_RAISE(auto codec, MakeBlockCodec(encoding, static_cast<unsigned>(shape.bits), format));
  // zstd around runs packs the most values into a byte.
  LANCE_CHECK_BYTES(num_items / 65536 <= payload.size(), "dictionary of {} values from {} bytes", num_items,
                    payload.size());
  ARROW_ASSIGN_OR_RAISE(FixedSink sink, FixedSink::Make(shape.bits, num_items));
  ARROW_RETURN_NOT_OK(codec->Decode(payload, num_items, sink.data));
  out->bytes = sink.buffer;
  out->width = shape.bits / 8;
  ARROW_ASSIGN_OR_RAISE(out->values, MakeFixedArray(shape, num_items, sink.buffer, {}));
  return Status::OK();
}

}  // namespace

uint64_t PageDictionary::memory_bytes() const {
  return sizeof(*this) + slots.capacity() * sizeof(Slot) + (bytes == nullptr ? 0 : bytes->size());
}

Result<std::shared_ptr<const PageDictionary>> DecodeDictionary(const pb21::CompressiveEncoding& encoding,
                                                               Bytes payload, uint64_t num_items,
                                                               const LeafShape& shape,
                                                               const PageFormat& format) {
  auto dictionary = std::make_shared<PageDictionary>();
  dictionary->size = num_items;
  if (shape.kind == LeafKind::kVariable) {
    ARROW_RETURN_NOT_OK(DecodeStrings(encoding, payload, num_items, shape, 0, dictionary.get()));
  } else if (shape.kind == LeafKind::kFixed && shape.bits > 0 && shape.bits < UINT32_MAX) {
    ARROW_RETURN_NOT_OK(DecodeFixed(encoding, payload, num_items, shape, format, dictionary.get()));
  } else {
    return NotSupported("page dictionary of a column of such a type");
  }
  return dictionary;
}

}  // namespace lance::encoding
