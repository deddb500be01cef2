#include "lance/encoding/codec/fixed_size_list/fixed_size_list.h"

#include "lance/base/checked_math.h"
#include "lance/encoding/codec/encoding_names.h"
#include "lance/encoding/codec/flat/flat.h"
#include "lance/proto/page_encodings.pb.h"

namespace lance::encoding {
namespace {

// The nested description, flattened.
struct ListLayers {
  std::vector<bool> item_validity;      // one a list, outermost first
  std::vector<uint64_t> items_per_row;  // items of that list in one row
  uint64_t row_bits = 0;                // of the values; 0 when all items are null and none are stored

  size_t num_bitmaps() const {
    size_t count = 0;
    for (bool flag : item_validity) count += flag;
    return count;
  }
};

Result<ListLayers> ParseLists(const pb21::FixedSizeList& outermost, const LeafShape& shape) {
  ListLayers out;
  LANCE_CHECK_BYTES(shape.kind == LeafKind::kFixed && !shape.dims.empty(),
                    "FixedSizeList encoding of a column of another type");
  const pb21::FixedSizeList* list = &outermost;
  uint64_t items = 1;
  for (size_t level = 0;; ++level) {
    LANCE_CHECK_BYTES(level < shape.dims.size() && list->items_per_value() == shape.dims[level],
                      "FixedSizeList of {} items at level {} does not fit the column type",
                      list->items_per_value(), level);
    items *= shape.dims[level];  // the product was checked when the shape was made
    out.item_validity.push_back(list->has_validity());
    out.items_per_row.push_back(items);
    LANCE_CHECK_BYTES(list->has_values(), "FixedSizeList without an encoding of its items");
    const pb21::CompressiveEncoding& values = list->values();
    if (values.has_fixed_size_list()) {
      list = &values.fixed_size_list();
      continue;
    }
    LANCE_CHECK_BYTES(level + 1 == shape.dims.size(), "FixedSizeList is nested {} deep, its type {}",
                      level + 1, shape.dims.size());
    if (values.has_constant()) {
      if (values.constant().has_value()) return NotSupported("FixedSizeList of a constant value");
      LANCE_CHECK_BYTES(list->has_validity(), "FixedSizeList of nulls without validity");
      return out;
    }
    if (!values.has_flat())
      return NotSupported("{} as the encoding of fixed-size list items", EncodingName(values));
    ARROW_ASSIGN_OR_RAISE(uint64_t bits, FlatBits(values.flat()));
    LANCE_CHECK_BYTES(bits == shape.element_bits, "FixedSizeList items of {} bits, their type has {}", bits,
                      shape.element_bits);
    out.row_bits = shape.bits;
    return out;
  }
}

Status AppendZeros(FixedSink* sink, uint64_t count) {
  if (count > sink->capacity - sink->size) return Internal("more null lists than planned");
  for (uint64_t i = 0; i < count; ++i, ++sink->size) {
    // Whole-byte rows were left uninitialized; bit rows start as zeros.
    if (sink->bits % 8 == 0) std::memset(sink->data + sink->size * (sink->bits / 8), 0, sink->bits / 8);
  }
  return Status::OK();
}

class FixedSizeListCodec : public ChunkCodec {
 public:
  explicit FixedSizeListCodec(ListLayers layers) : layers_(std::move(layers)) {}

  Status Decode(const ChunkValues& chunk, std::span<const RowRange> ranges, ValueSink* sink) const override {
    size_t buffer = 0;
    for (size_t level = 0; level < layers_.item_validity.size(); ++level) {
      if (!layers_.item_validity[level]) continue;
      ARROW_RETURN_NOT_OK(
          Append(chunk, buffer++, layers_.items_per_row[level], ranges, &sink->validity[level]));
    }
    if (layers_.row_bits == 0) return AppendZeros(&sink->fixed, CountRows(ranges));
    return Append(chunk, buffer, layers_.row_bits, ranges, &sink->fixed);
  }

  size_t num_buffers() const override { return layers_.num_bitmaps() + (layers_.row_bits > 0); }
  std::vector<bool> item_validity() const override { return layers_.item_validity; }

 private:
  static Status Append(const ChunkValues& chunk, size_t buffer, uint64_t bits,
                       std::span<const RowRange> ranges, FixedSink* sink) {
    ARROW_ASSIGN_OR_RAISE(uint64_t total, CheckedMul(bits, chunk.num_values, "bits of fixed-size lists"));
    Bytes bytes = chunk.buffers[buffer];
    LANCE_CHECK_BYTES(bytes.size() >= CeilDiv(total, 8), "chunk of {} lists of {} bits has {} bytes",
                      chunk.num_values, bits, bytes.size());
    return sink->AppendRanges(bytes.data(), ranges);
  }

  ListLayers layers_;
};

class FixedSizeListPerValue : public PerValueCodec {
 public:
  explicit FixedSizeListPerValue(ListLayers layers) : layers_(std::move(layers)) {
    for (size_t level = 0; level < layers_.item_validity.size(); ++level) {
      if (layers_.item_validity[level]) stored_ += CeilDiv(layers_.items_per_row[level], 8);
    }
    stored_ += layers_.row_bits / 8;
  }

  Status Decode(std::span<const Bytes> values, ValueSink* sink) const override {
    const RowRange one{0, 1};
    for (Bytes value : values) {
      const uint8_t* from = value.data();
      for (size_t level = 0; level < layers_.item_validity.size(); ++level) {
        if (!layers_.item_validity[level]) continue;
        if (from == nullptr) {
          ARROW_RETURN_NOT_OK(AppendZeros(&sink->validity[level], 1));
          continue;
        }
        ARROW_RETURN_NOT_OK(sink->validity[level].AppendRanges(from, {&one, 1}));
        from += CeilDiv(layers_.items_per_row[level], 8);
      }
      ARROW_RETURN_NOT_OK(from == nullptr || layers_.row_bits == 0
                              ? AppendZeros(&sink->fixed, 1)
                              : sink->fixed.AppendRanges(from, {&one, 1}));
    }
    return Status::OK();
  }

  uint64_t stored_bytes() const override { return stored_; }
  bool is_plain() const override { return layers_.num_bitmaps() == 0; }
  std::vector<bool> item_validity() const override { return layers_.item_validity; }

 private:
  ListLayers layers_;
  uint64_t stored_ = 0;
};

}  // namespace

Result<std::unique_ptr<ChunkCodec>> MakeFixedSizeListCodec(const pb21::FixedSizeList& encoding,
                                                           const LeafShape& shape) {
  ARROW_ASSIGN_OR_RAISE(ListLayers layers, ParseLists(encoding, shape));
  return std::make_unique<FixedSizeListCodec>(std::move(layers));
}

Result<std::unique_ptr<PerValueCodec>> MakeFixedSizeListPerValue(const pb21::FixedSizeList& encoding,
                                                                 const LeafShape& shape) {
  ARROW_ASSIGN_OR_RAISE(ListLayers layers, ParseLists(encoding, shape));
  if (layers.row_bits % 8 != 0) {
    return NotSupported("full-zip fixed-size lists of {} bits, not whole bytes", layers.row_bits);
  }
  return std::make_unique<FixedSizeListPerValue>(std::move(layers));
}

}  // namespace lance::encoding
