#include "lance/encoding/codec/fixed_size_list/fixed_size_list_encode.h"

#include <cstring>

#include <arrow/util/bitmap_ops.h>

#include "lance/base/checked_math.h"
#include "lance/encoding/core/leaf_shape.h"
#include "lance/encoding/write/leaf_values.h"
#include "lance/proto/page_encodings.pb.h"

namespace lance::encoding {
namespace {

void CopyBits(const uint8_t* from, uint64_t start, uint64_t count, uint8_t* to) {
  if (start % 8 == 0) {
    std::memcpy(to, from + start / 8, CeilDiv(count, 8));
  } else {
    std::memset(to, 0, CeilDiv(count, 8));
    arrow::internal::CopyBitmap(from, static_cast<int64_t>(start), static_cast<int64_t>(count), to, 0);
  }
}

class FixedSizeListEncoder final : public ChunkEncoder {
 public:
  FixedSizeListEncoder(const LeafShape& shape, const LeafValues& values) : shape_(shape), values_(values) {
    uint64_t items = 1;
    uint64_t bits = shape.bits;
    for (size_t level = 0; level < shape.dims.size(); ++level) {
      items *= shape.dims[level];
      if (values.item_validity[level] == nullptr) continue;
      bitmaps_.push_back({values.item_validity[level], items});
      bits += items;
    }
    CutEvenly(values.size, EvenChunkValues(bits));
  }

  size_t num_buffers() const override { return bitmaps_.size() + 1; }

  uint64_t MaxBytes(const Chunk& chunk) const override {
    uint64_t bytes = CeilDiv(chunk.count * shape_.bits, 8);
    for (const Bitmap& bitmap : bitmaps_) bytes += AlignChunk(CeilDiv(chunk.count * bitmap.items, 8));
    return bytes;
  }

  Status Encode(const Chunk& chunk, uint8_t* out, uint32_t* sizes) override {
    for (const Bitmap& bitmap : bitmaps_) {
      const uint64_t bytes = CeilDiv(chunk.count * bitmap.items, 8);
      CopyBits(bitmap.bits, chunk.first * bitmap.items, chunk.count * bitmap.items, out);
      out += AlignChunk(bytes);
      *sizes++ = static_cast<uint32_t>(bytes);
    }
    const uint64_t bytes = CeilDiv(chunk.count * shape_.bits, 8);
    CopyBits(values_.data, chunk.first * shape_.bits, chunk.count * shape_.bits, out);
    *sizes = static_cast<uint32_t>(bytes);
    return Status::OK();
  }

  void Describe(pb21::CompressiveEncoding* encoding) const override {
    DescribeFixedSizeList(shape_, values_, encoding);
  }

 private:
  struct Bitmap {
    const uint8_t* bits;
    uint64_t items;  ///< a row
  };

  const LeafShape& shape_;
  const LeafValues& values_;
  std::vector<Bitmap> bitmaps_;
};

}  // namespace

std::unique_ptr<ChunkEncoder> MakeFixedSizeListEncoder(const LeafShape& shape, const LeafValues& values) {
  return std::make_unique<FixedSizeListEncoder>(shape, values);
}

void DescribeFixedSizeList(const LeafShape& shape, const LeafValues& values,
                           pb21::CompressiveEncoding* encoding) {
  for (size_t level = 0; level < shape.dims.size(); ++level) {
    pb21::FixedSizeList* list = encoding->mutable_fixed_size_list();
    list->set_items_per_value(shape.dims[level]);
    list->set_has_validity(values.item_validity[level] != nullptr);
    encoding = list->mutable_values();
  }
  encoding->mutable_flat()->set_bits_per_value(shape.element_bits);
}

std::vector<uint8_t> ZipFixedSizeLists(const LeafShape& shape, const LeafValues& values,
                                       uint64_t* row_bytes) {
  uint64_t items = 1;
  *row_bytes = shape.bits / 8;
  for (size_t level = 0; level < shape.dims.size(); ++level) {
    items *= shape.dims[level];
    if (values.item_validity[level] != nullptr) *row_bytes += CeilDiv(items, 8);
  }
  std::vector<uint8_t> out(*row_bytes * values.size);
  uint8_t* to = out.data();
  for (uint64_t row = 0; row < values.size; ++row) {
    items = 1;
    for (size_t level = 0; level < shape.dims.size(); ++level) {
      items *= shape.dims[level];
      if (values.item_validity[level] == nullptr) continue;
      // Bit by bit ranges: what follows the row's bits in the last byte stays zero.
      arrow::internal::CopyBitmap(values.item_validity[level], static_cast<int64_t>(row * items),
                                  static_cast<int64_t>(items), to, 0);
      to += CeilDiv(items, 8);
    }
    std::memcpy(to, values.data + row * (shape.bits / 8), shape.bits / 8);
    to += shape.bits / 8;
  }
  return out;
}

}  // namespace lance::encoding
