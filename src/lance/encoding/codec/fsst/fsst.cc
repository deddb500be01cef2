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

// The caller has reserved 8 bytes for each of `codes`.
Status AppendString(const SymbolTable& table, Bytes codes, VariableSink* sink) {
  uint8_t* end = sink->bytes.end();
  uint8_t* after = table.Decode(codes, end);
  LANCE_CHECK_BYTES(after != nullptr, "FSST string uses a code without a symbol or ends in an escape");
  sink->bytes.Advance(static_cast<uint64_t>(after - end));
  sink->Push();
  return Status::OK();
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
      uint64_t begin = offsets[range.start];
      ARROW_RETURN_NOT_OK(sink->variable.Reserve(range.length, (offsets[range.end()] - begin) * 8));
      for (uint64_t at = range.start; at < range.end(); ++at) {
        uint64_t end = offsets[at + 1];
        ARROW_RETURN_NOT_OK(AppendString(*parts_.table, buffer.subspan(begin, end - begin), &sink->variable));
        begin = end;
      }
    }
    return Status::OK();
  }
  uint64_t memory_bytes() const override { return sizeof(SymbolTable) + 64; }

 private:
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
