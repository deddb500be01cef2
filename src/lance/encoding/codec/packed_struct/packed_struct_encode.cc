#include "lance/encoding/codec/packed_struct/packed_struct_encode.h"

#include <cstring>

#include "lance/base/checked_math.h"
#include "lance/encoding/core/buffers.h"
#include "lance/encoding/write/leaf_values.h"
#include "lance/proto/page_encodings.pb.h"

namespace lance::encoding {
namespace {

class PackedStructEncoder final : public ChunkEncoder {
 public:
  PackedStructEncoder(const LeafValues& values, uint64_t row_bytes) : values_(values), row_bytes_(row_bytes) {
    CutEvenly(values.size, EvenChunkValues(row_bytes * 8));
  }

  uint64_t MaxBytes(const Chunk& chunk) const override { return chunk.count * row_bytes_; }

  Status Encode(const Chunk& chunk, uint8_t* out, uint32_t* sizes) override {
    uint64_t at = 0;
    for (const LeafValues& member : values_.children) {
      const uint64_t width = member.bits / 8;
      const uint8_t* from = member.data + chunk.first * width;
      uint8_t* to = out + at;
      for (uint64_t i = 0; i < chunk.count; ++i, from += width, to += row_bytes_)
        std::memcpy(to, from, width);
      at += width;
    }
    sizes[0] = static_cast<uint32_t>(chunk.count * row_bytes_);
    return Status::OK();
  }

  void Describe(pb21::CompressiveEncoding* encoding) const override {
    pb21::PackedStruct* packed = encoding->mutable_packed_struct();
    for (const LeafValues& member : values_.children) packed->add_bits_per_value(member.bits);
    packed->mutable_values()->mutable_flat()->set_bits_per_value(row_bytes_ * 8);
  }

 private:
  const LeafValues& values_;
  uint64_t row_bytes_;
};

// Writes a length of `width` bytes.
uint8_t* PutLength(uint64_t length, unsigned width, uint8_t* to) {
  std::memcpy(to, &length, width);
  return to + width;
}

}  // namespace

Result<std::unique_ptr<ChunkEncoder>> MakePackedStructEncoder(const LeafValues& values) {
  uint64_t row_bytes = 0;
  for (const LeafValues& member : values.children) {
    for (const uint8_t* validity : member.item_validity) {
      if (validity != nullptr)
        return InvalidArgument("a packed struct has nulls inside of a fixed-size list");
    }
    row_bytes += member.bits / 8;
  }
  return std::make_unique<PackedStructEncoder>(values, row_bytes);
}

Status ZipPackedStructs(const LeafValues& values, LeafValues* rows, pb21::CompressiveEncoding* encoding) {
  uint64_t total = 0;
  auto* described = encoding->mutable_variable_packed_struct();
  for (const LeafValues& member : values.children) {
    auto* field = described->add_fields();
    if (member.kind == LeafKind::kVariable) {
      field->mutable_value()->mutable_variable()->mutable_offsets()->mutable_flat()->set_bits_per_value(
          member.offset_bytes() * 8);
      field->set_bits_per_length(member.offset_bytes() * 8);
      total += member.data_bytes + values.size * member.offset_bytes();
    } else {
      for (const uint8_t* validity : member.item_validity) {
        if (validity != nullptr)
          return InvalidArgument("a packed struct has nulls inside of a fixed-size list");
      }
      if (!member.item_validity.empty())
        return NotSupported("a packed struct of strings and fixed-size lists");
      field->mutable_value()->mutable_flat()->set_bits_per_value(member.bits);
      field->set_bits_per_value(member.bits);
      total += values.size * member.bits / 8;
    }
  }
  ARROW_ASSIGN_OR_RAISE(auto bytes, AllocateOutput(total));
  ARROW_ASSIGN_OR_RAISE(auto ends, AllocateOutput((values.size + 1) * 8));
  auto* offsets = reinterpret_cast<int64_t*>(ends->mutable_data());
  uint8_t* to = bytes->mutable_data();
  offsets[0] = 0;
  for (uint64_t row = 0; row < values.size; ++row) {
    for (const LeafValues& member : values.children) {
      if (member.kind == LeafKind::kVariable) {
        const uint64_t length = member.length(row);
        to = PutLength(length, member.offset_bytes(), to);
        if (length > 0) std::memcpy(to, member.data + member.start(row), length);
        to += length;
      } else {
        std::memcpy(to, member.data + row * (member.bits / 8), member.bits / 8);
        to += member.bits / 8;
      }
    }
    offsets[row + 1] = to - bytes->data();
    rows->max_length =
        std::max<uint64_t>(rows->max_length, static_cast<uint64_t>(offsets[row + 1] - offsets[row]));
  }
  rows->kind = LeafKind::kVariable;
  rows->size = values.size;
  rows->data = bytes->data();
  rows->data_bytes = total;
  rows->offsets64 = offsets;
  rows->owners = {std::move(bytes), std::move(ends)};
  return Status::OK();
}

}  // namespace lance::encoding
