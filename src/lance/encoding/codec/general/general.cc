#include "lance/encoding/codec/general/general.h"

#include "lance/encoding/codec/encoding_names.h"
#include "lance/encoding/codec/general/decompress.h"
#include "lance/encoding/codec/variable/variable.h"
#include "lance/proto/page_encodings.pb.h"

namespace lance::encoding {
namespace {

Result<Compressor> ParseGeneral(const pb21::General& encoding) {
  LANCE_CHECK_BYTES(encoding.has_compression(), "General encoding without a compression");
  LANCE_CHECK_BYTES(encoding.has_values(), "General encoding without an encoding of its values");
  // Scratch memory is one a codec type, and nobody writes two.
  if (encoding.values().has_general()) return NotSupported("General encoding inside General");
  return ParseCompressor(encoding.compression());
}

class GeneralCodec : public ChunkCodec {
 public:
  GeneralCodec(Compressor compressor, std::unique_ptr<ChunkCodec> inner)
      : compressor_(compressor), inner_(std::move(inner)) {}

  Status Decode(const ChunkValues& chunk, std::span<const RowRange> ranges, ValueSink* sink) const override {
    ARROW_ASSIGN_OR_RAISE(CompressedBuffer stored, ParseCompressed(compressor_, chunk.buffers[0]));
    ARROW_ASSIGN_OR_RAISE(uint8_t * raw, sink->scratch->general.Get(stored.raw_bytes));
    ARROW_RETURN_NOT_OK(DecompressInto(stored, raw));
    std::vector<Bytes> buffers(chunk.buffers.begin(), chunk.buffers.end());
    buffers[0] = Bytes(raw, stored.raw_bytes);
    return inner_->Decode({chunk.num_values, buffers}, ranges, sink);
  }
  size_t num_buffers() const override { return inner_->num_buffers(); }
  std::vector<bool> item_validity() const override { return inner_->item_validity(); }
  uint64_t memory_bytes() const override { return 64 + inner_->memory_bytes(); }

 private:
  Compressor compressor_;
  std::unique_ptr<ChunkCodec> inner_;
};

class GeneralPerValue : public PerValueCodec {
 public:
  explicit GeneralPerValue(Compressor compressor) : compressor_(compressor) {}

  Status Decode(std::span<const Bytes> values, ValueSink* sink) const override {
    VariableSink* out = &sink->variable;
    for (Bytes value : values) {
      ARROW_ASSIGN_OR_RAISE(CompressedBuffer stored, ParseCompressed(compressor_, value));
      ARROW_RETURN_NOT_OK(out->Reserve(1, stored.raw_bytes));
      ARROW_RETURN_NOT_OK(DecompressInto(stored, out->bytes.end()));
      out->bytes.Advance(stored.raw_bytes);
      out->Push();
    }
    return Status::OK();
  }

 private:
  Compressor compressor_;
};

class GeneralBlock : public BlockCodec {
 public:
  GeneralBlock(Compressor compressor, std::unique_ptr<BlockCodec> inner)
      : BlockCodec(inner->bits()), compressor_(compressor), inner_(std::move(inner)) {}

  Status Decode(Bytes payload, uint64_t num_values, uint8_t* out) const override {
    ARROW_ASSIGN_OR_RAISE(CompressedBuffer stored, ParseCompressed(compressor_, payload));
    ScratchBytes scratch;
    ARROW_ASSIGN_OR_RAISE(uint8_t * raw, scratch.Get(stored.raw_bytes));
    ARROW_RETURN_NOT_OK(DecompressInto(stored, raw));
    return inner_->Decode(Bytes(raw, stored.raw_bytes), num_values, out);
  }

 private:
  Compressor compressor_;
  std::unique_ptr<BlockCodec> inner_;
};

}  // namespace

Result<std::unique_ptr<ChunkCodec>> MakeGeneralCodec(const pb21::General& encoding, const LeafShape& shape,
                                                     const PageFormat& format, int depth) {
  ARROW_ASSIGN_OR_RAISE(Compressor compressor, ParseGeneral(encoding));
  ARROW_ASSIGN_OR_RAISE(auto inner, MakeChunkCodec(encoding.values(), shape, format, depth + 1));
  LANCE_CHECK_BYTES(inner->num_buffers() > 0, "General encoding around one without buffers");
  return std::make_unique<GeneralCodec>(compressor, std::move(inner));
}

Result<std::unique_ptr<PerValueCodec>> MakeGeneralPerValue(const pb21::General& encoding,
                                                           const LeafShape& shape) {
  ARROW_ASSIGN_OR_RAISE(Compressor compressor, ParseGeneral(encoding));
  if (!encoding.values().has_variable()) {
    return NotSupported("General encoding of {} values one by one", EncodingName(encoding.values()));
  }
  ARROW_RETURN_NOT_OK(VariableOffsetBits(encoding.values().variable()).status());
  LANCE_CHECK_BYTES(shape.kind == LeafKind::kVariable,
                    "General encoding of strings does not fit the column type");
  return std::make_unique<GeneralPerValue>(compressor);
}

Result<std::unique_ptr<BlockCodec>> MakeGeneralBlock(const pb21::General& encoding, unsigned bits,
                                                     const PageFormat& format, int depth) {
  ARROW_ASSIGN_OR_RAISE(Compressor compressor, ParseGeneral(encoding));
  ARROW_ASSIGN_OR_RAISE(auto inner, MakeBlockCodec(encoding.values(), bits, format, depth + 1));
  return std::make_unique<GeneralBlock>(compressor, std::move(inner));
}

}  // namespace lance::encoding
