#include "lance/encoding/codec/fsst/fsst.h"

#include "lance/encoding/codec/fsst/symbol_table.h"
#include "lance/encoding/codec/variable/variable.h"
#include "lance/proto/page_encodings.pb.h"

namespace lance::encoding {
namespace {

struct FsstParts {
  std::shared_ptr<const SymbolTable> table;
  unsigned offset_bits = 32;
};

Result<FsstParts> ParseFsst(const pb21::Fsst& encoding, const LeafShape& shape) {
  LANCE_CHECK_BYTES(shape.kind == LeafKind::kVariable, "Fsst encoding does not fit the column type");
  LANCE_CHECK_BYTES(encoding.has_values(), "Fsst encoding without an encoding of its values");
  if (!encoding.values().has_variable()) return NotSupported("Fsst encoding with values other than Variable");
  FsstParts parts;
  ARROW_ASSIGN_OR_RAISE(parts.offset_bits, VariableOffsetBits(encoding.values().variable()));
  ARROW_ASSIGN_OR_RAISE(parts.table, SymbolTable::Parse(encoding.symbol_table()));
  return parts;
}

Status BadCodes() { return Corruption("FSST string uses a code without a symbol or ends in an escape"); }

// The caller has reserved 8 bytes for each of `codes`.
Status AppendString(const SymbolTable& table, Bytes codes, VariableSink* sink) {
  uint8_t* end = sink->bytes.end();
  uint8_t* after = table.Decode(codes, end);
  if (after == nullptr) return BadCodes();
  sink->bytes.Advance(static_cast<uint64_t>(after - end));
  sink->Push();
  return Status::OK();
}

// Ends the strings of `range`, whose codes were decoded as one run behind sink->bytes.
template <typename Offset>
bool AppendEnds(const ChunkOffsets& offsets, const RowRange& range, const uint32_t* ends,
                VariableSink* sink) {
  Offset* to = reinterpret_cast<Offset*>(sink->offsets->mutable_data()) + sink->size + 1;
  const auto base = static_cast<Offset>(sink->bytes.size());
  const uint64_t first = offsets[range.start];
  bool good = true;
  for (uint64_t i = 0; i < range.length; ++i) {
    const uint32_t end = ends[offsets[range.start + i + 1] - first];
    good &= end != SymbolTable::kInsideEscape;
    to[i] = base + static_cast<Offset>(end);
  }
  return good;
}

class FsstCodec : public ChunkCodec {
 public:
  FsstCodec(FsstParts parts, std::unique_ptr<ChunkCodec> plain)
      : parts_(std::move(parts)), plain_(std::move(plain)) {}

  Status Decode(const ChunkValues& chunk, std::span<const RowRange> ranges, ValueSink* sink) const override {
    if (!parts_.table->compressed()) return plain_->Decode(chunk, ranges, sink);
    Bytes buffer = chunk.buffers[0];
    ARROW_ASSIGN_OR_RAISE(ChunkOffsets offsets,
                          ParseChunkOffsets(buffer, parts_.offset_bits, chunk.num_values, ranges));
    for (const RowRange& range : ranges) {
      const uint64_t begin = offsets[range.start];
      const uint64_t size = offsets[range.end()] - begin;
      ARROW_RETURN_NOT_OK(sink->variable.Reserve(range.length, size * 8));
      const Bytes codes = buffer.subspan(begin, size);
      if (range.length == 1) {
        ARROW_RETURN_NOT_OK(AppendString(*parts_.table, codes, &sink->variable));
      } else {
        ARROW_RETURN_NOT_OK(AppendStrings(codes, offsets, range, sink));
      }
    }
    return Status::OK();
  }
  uint64_t memory_bytes() const override { return sizeof(SymbolTable) + 64; }

 private:
  Status AppendStrings(Bytes codes, const ChunkOffsets& offsets, const RowRange& range,
                       ValueSink* sink) const {
    LANCE_CHECK_BYTES(codes.size() < uint64_t{1} << 28, "FSST chunk of {} bytes", codes.size());
    VariableSink* out = &sink->variable;
    ARROW_ASSIGN_OR_RAISE(uint8_t * scratch, sink->scratch->ends.Get((codes.size() + 1) * sizeof(uint32_t)));
    auto* ends = reinterpret_cast<uint32_t*>(scratch);
    std::optional<uint32_t> made = parts_.table->DecodeRun(codes, out->bytes.end(), ends);
    if (!made.has_value()) return BadCodes();
    const bool good = out->offset_bytes == 4 ? AppendEnds<int32_t>(offsets, range, ends, out)
                                             : AppendEnds<int64_t>(offsets, range, ends, out);
    if (!good) return BadCodes();
    out->bytes.Advance(*made);
    out->size += range.length;
    return Status::OK();
  }

  FsstParts parts_;
  std::unique_ptr<ChunkCodec> plain_;
};

class FsstPerValue : public PerValueCodec {
 public:
  FsstPerValue(FsstParts parts, std::unique_ptr<PerValueCodec> plain)
      : parts_(std::move(parts)), plain_(std::move(plain)) {}

  Status Decode(std::span<const Bytes> values, ValueSink* sink) const override {
    if (!parts_.table->compressed()) return plain_->Decode(values, sink);
    for (Bytes value : values) {
      ARROW_RETURN_NOT_OK(sink->variable.Reserve(1, value.size() * 8));
      ARROW_RETURN_NOT_OK(AppendString(*parts_.table, value, &sink->variable));
    }
    return Status::OK();
  }
  uint64_t memory_bytes() const override { return sizeof(SymbolTable) + 64; }

 private:
  FsstParts parts_;
  std::unique_ptr<PerValueCodec> plain_;
};

}  // namespace

Result<std::unique_ptr<ChunkCodec>> MakeFsstCodec(const pb21::Fsst& encoding, const LeafShape& shape) {
  ARROW_ASSIGN_OR_RAISE(FsstParts parts, ParseFsst(encoding, shape));
  ARROW_ASSIGN_OR_RAISE(auto plain, MakeVariableCodec(encoding.values().variable(), shape));
  return std::make_unique<FsstCodec>(std::move(parts), std::move(plain));
}

Result<std::unique_ptr<PerValueCodec>> MakeFsstPerValue(const pb21::Fsst& encoding, const LeafShape& shape) {
  ARROW_ASSIGN_OR_RAISE(FsstParts parts, ParseFsst(encoding, shape));
  ARROW_ASSIGN_OR_RAISE(auto plain, MakeVariablePerValue(encoding.values().variable(), shape));
  return std::make_unique<FsstPerValue>(std::move(parts), std::move(plain));
}

}  // namespace lance::encoding
