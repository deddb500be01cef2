#include "lance/encoding/codec/variable/variable.h"

#include "lance/base/span_reader.h"
#include "lance/proto/page_encodings.pb.h"

namespace lance::encoding {
namespace {

template <typename Offset>
bool Ascending(const uint8_t* data, const RowRange& range, uint64_t limit) {
  Offset previous = LoadLE<Offset>(data + range.start * sizeof(Offset));
  bool good = true;
  for (uint64_t at = range.start + 1; at <= range.end(); ++at) {
    Offset next = LoadLE<Offset>(data + at * sizeof(Offset));
    good &= next >= previous;
    previous = next;
  }
  return good && previous <= limit;
}

// Appends the values of one range: the bytes lie side by side, so they move in one copy and the offsets by a
// constant.
template <typename In, typename Out>
Status AppendRange(Bytes buffer, const RowRange& range, VariableSink* sink) {
  const uint8_t* offsets = buffer.data();
  uint64_t first = LoadLE<In>(offsets + range.start * sizeof(In));
  uint64_t last = LoadLE<In>(offsets + range.end() * sizeof(In));
  ARROW_RETURN_NOT_OK(sink->Reserve(range.length, last - first));
  const uint64_t shift = sink->bytes.size() - first;
  Out* to = reinterpret_cast<Out*>(sink->offsets->mutable_data()) + sink->size + 1;
  const uint8_t* from = offsets + (range.start + 1) * sizeof(In);
  for (uint64_t i = 0; i < range.length; ++i) {
    to[i] = static_cast<Out>(LoadLE<In>(from + i * sizeof(In)) + shift);
  }
  sink->size += range.length;
  if (last != first) std::memcpy(sink->bytes.end(), buffer.data() + first, last - first);
  sink->bytes.Advance(last - first);
  return Status::OK();
}

class VariableCodec : public ChunkCodec {
 public:
  explicit VariableCodec(unsigned offset_bits) : offset_bits_(offset_bits) {}

  Status Decode(const ChunkValues& chunk, std::span<const RowRange> ranges, ValueSink* sink) const override {
    Bytes buffer = chunk.buffers[0];
    ARROW_RETURN_NOT_OK(ParseChunkOffsets(buffer, offset_bits_, chunk.num_values, ranges).status());
    VariableSink* out = &sink->variable;
    for (const RowRange& range : ranges) {
      if (offset_bits_ == 32) {
        ARROW_RETURN_NOT_OK(out->offset_bytes == 4 ? (AppendRange<uint32_t, int32_t>(buffer, range, out))
                                                   : (AppendRange<uint32_t, int64_t>(buffer, range, out)));
      } else {
        ARROW_RETURN_NOT_OK(out->offset_bytes == 4 ? (AppendRange<uint64_t, int32_t>(buffer, range, out))
                                                   : (AppendRange<uint64_t, int64_t>(buffer, range, out)));
      }
    }
    return Status::OK();
  }

 private:
  unsigned offset_bits_;
};

class VariablePerValue : public PerValueCodec {
 public:
  Status Decode(std::span<const Bytes> values, ValueSink* sink) const override {
    VariableSink* out = &sink->variable;
    uint64_t total = 0;
    for (Bytes value : values) total += value.size();
    ARROW_RETURN_NOT_OK(out->Reserve(values.size(), total));
    for (Bytes value : values) {
      if (!value.empty()) std::memcpy(out->bytes.end(), value.data(), value.size());
      out->bytes.Advance(value.size());
      out->Push();
    }
    return Status::OK();
  }
};

}  // namespace

Result<unsigned> VariableOffsetBits(const pb21::Variable& encoding) {
  if (encoding.has_values())
    return NotSupported("Variable encoding with compressed values (Variable.values)");
  LANCE_CHECK_BYTES(encoding.has_offsets(), "Variable encoding without an encoding of its offsets");
  if (!encoding.offsets().has_flat()) return NotSupported("Variable encoding with offsets other than Flat");
  const pb21::Flat& flat = encoding.offsets().flat();
  if (flat.has_data()) return NotSupported("Variable encoding with compressed offsets (Flat.data)");
  LANCE_CHECK_BYTES(flat.bits_per_value() == 32 || flat.bits_per_value() == 64,
                    "Variable encoding with offsets of {} bits: 32 and 64 exist", flat.bits_per_value());
  return static_cast<unsigned>(flat.bits_per_value());
}

Result<ChunkOffsets> ParseChunkOffsets(Bytes buffer, unsigned offset_bits, uint64_t num_values,
                                       std::span<const RowRange> ranges) {
  uint64_t width = offset_bits / 8;
  LANCE_CHECK_BYTES(num_values < buffer.size() / width,
                    "chunk of {} strings has {} bytes, too few for its offsets", num_values, buffer.size());
  for (const RowRange& range : ranges) {
    bool good = offset_bits == 32 ? Ascending<uint32_t>(buffer.data(), range, buffer.size())
                                  : Ascending<uint64_t>(buffer.data(), range, buffer.size());
    LANCE_CHECK_BYTES(good, "string offsets of a chunk descend or leave its {} bytes", buffer.size());
  }
  return ChunkOffsets{buffer.data(), offset_bits};
}

Result<std::unique_ptr<ChunkCodec>> MakeVariableCodec(const pb21::Variable& encoding,
                                                      const LeafShape& shape) {
  ARROW_ASSIGN_OR_RAISE(unsigned bits, VariableOffsetBits(encoding));
  LANCE_CHECK_BYTES(shape.kind == LeafKind::kVariable, "Variable encoding does not fit the column type");
  return std::make_unique<VariableCodec>(bits);
}

Result<std::unique_ptr<PerValueCodec>> MakeVariablePerValue(const pb21::Variable& encoding,
                                                            const LeafShape& shape) {
  ARROW_RETURN_NOT_OK(VariableOffsetBits(encoding).status());
  LANCE_CHECK_BYTES(shape.kind == LeafKind::kVariable, "Variable encoding does not fit the column type");
  return std::make_unique<VariablePerValue>();
}

}  // namespace lance::encoding
