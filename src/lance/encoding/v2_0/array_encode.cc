#include "lance/encoding/v2_0/array_encode.h"

#include <cstring>

#include "lance/base/checked_math.h"
#include "lance/encoding/codec/dictionary/dictionary_build.h"
#include "lance/encoding/codec/packed_struct/packed_struct_encode.h"
#include "lance/encoding/core/buffers.h"
#include "lance/proto/array_encodings.pb.h"

namespace lance::encoding::v2_0 {
namespace {

/// Strings with fewer distinct values are numbered: codes have one byte, of which 0 is null.
constexpr uint64_t kMaxEntries = 99;
constexpr uint64_t kLeastStrings = 100;

bool AnyNull(const std::vector<bool>& nulls) {
  for (bool null : nulls) {
    if (null) return true;
  }
  return false;
}

bool AllNull(const std::vector<bool>& nulls) {
  for (bool null : nulls) {
    if (!null) return false;
  }
  return !nulls.empty();
}

Result<std::shared_ptr<arrow::ResizableBuffer>> Copy(const uint8_t* from, uint64_t bytes) {
  ARROW_ASSIGN_OR_RAISE(auto buffer, AllocateOutput(bytes));
  if (bytes > 0) std::memcpy(buffer->mutable_data(), from, bytes);
  return buffer;
}

// Writes the buffers of one page and numbers them.
class Writer {
 public:
  explicit Writer(std::vector<BufferPtr>* buffers) : buffers_(buffers) {}

  void Flat(uint64_t bits, BufferPtr bytes, pb20::ArrayEncoding* out) {
    out->mutable_flat()->set_bits_per_value(bits);
    out->mutable_flat()->mutable_buffer()->set_buffer_index(Add(std::move(bytes)));
  }

  // Values without nulls of their own.
  void Required(uint64_t bits, BufferPtr bytes, pb20::ArrayEncoding* out) {
    Flat(bits, std::move(bytes), out->mutable_nullable()->mutable_no_nulls()->mutable_values());
  }

  // Returns where the values go, after their validity if there is one.
  Result<pb20::ArrayEncoding*> Validity(const std::vector<bool>& nulls, pb20::ArrayEncoding* out) {
    if (!AnyNull(nulls)) return out->mutable_nullable()->mutable_no_nulls()->mutable_values();
    ARROW_ASSIGN_OR_RAISE(auto bits, AllocateOutput(CeilDiv(nulls.size(), 8)));
    std::memset(bits->mutable_data(), 0, static_cast<size_t>(bits->size()));
    for (size_t i = 0; i < nulls.size(); ++i) {
      bits->mutable_data()[i / 8] |= static_cast<uint8_t>(uint8_t{!nulls[i]} << (i % 8));
    }
    auto* some = out->mutable_nullable()->mutable_some_nulls();
    Flat(1, std::move(bits), some->mutable_validity());
    return some->mutable_values();
  }

  Status Fixed(const LeafShape& shape, const LeafValues& values, const std::vector<bool>& nulls,
               pb20::ArrayEncoding* out) {
    if (AllNull(nulls)) {
      out->mutable_nullable()->mutable_all_nulls();
      return Status::OK();
    }
    ARROW_ASSIGN_OR_RAISE(pb20::ArrayEncoding * to, Validity(nulls, out));
    uint64_t count = values.size;
    for (size_t level = 0; level < shape.dims.size(); ++level) {
      pb20::FixedSizeList* list = to->mutable_fixed_size_list();
      list->set_dimension(static_cast<uint32_t>(shape.dims[level]));
      count *= shape.dims[level];
      std::vector<bool> item_nulls;
      if (const uint8_t* bitmap = values.item_validity[level]) {
        item_nulls.reserve(count);
        for (uint64_t i = 0; i < count; ++i) item_nulls.push_back(((bitmap[i / 8] >> (i % 8)) & 1) == 0);
      }
      ARROW_ASSIGN_OR_RAISE(to, Validity(item_nulls, list->mutable_items()));
    }
    const uint64_t bits = shape.dims.empty() ? values.bits : shape.element_bits;
    ARROW_ASSIGN_OR_RAISE(auto bytes, Copy(values.data, CeilDiv(count * bits, 8)));
    Flat(bits, std::move(bytes), to);
    return Status::OK();
  }

  // Ends of all strings, those of nulls marked by what they have too much, then the bytes.
  Status Strings(const LeafValues& values, const std::vector<bool>& nulls, pb20::ArrayEncoding* out) {
    const uint64_t adjustment = values.data_bytes + 1;
    ARROW_ASSIGN_OR_RAISE(auto ends, AllocateOutput(values.size * 8));
    auto* to = reinterpret_cast<uint64_t*>(ends->mutable_data());
    const uint64_t first = values.size == 0 ? 0 : values.start(0);
    for (uint64_t i = 0; i < values.size; ++i) {
      to[i] = values.start(i + 1) - first + (!nulls.empty() && nulls[i] ? adjustment : 0);
    }
    pb20::Binary* binary = out->mutable_binary();
    Required(64, std::move(ends), binary->mutable_indices());
    ARROW_ASSIGN_OR_RAISE(auto bytes,
                          Copy(values.size == 0 ? nullptr : values.data + first, values.data_bytes));
    Flat(8, std::move(bytes), binary->mutable_bytes());
    binary->set_null_adjustment(adjustment);
    return Status::OK();
  }

  Status FewStrings(const LeafValues& numbered, const std::vector<bool>& nulls, pb20::ArrayEncoding* out) {
    ARROW_ASSIGN_OR_RAISE(auto codes, AllocateOutput(numbered.size));
    const auto* indices = reinterpret_cast<const uint32_t*>(numbered.data);
    for (uint64_t i = 0; i < numbered.size; ++i) {
      const bool null = !nulls.empty() && nulls[i];
      codes->mutable_data()[i] = static_cast<uint8_t>(null ? 0 : indices[i] + 1);
    }
    pb20::Dictionary* dictionary = out->mutable_dictionary();
    Required(8, std::move(codes), dictionary->mutable_indices());
    dictionary->set_num_dictionary_items(static_cast<uint32_t>(numbered.children[0].size));
    return Strings(numbered.children[0], {}, dictionary->mutable_items());
  }

  // An Arrow dictionary: nulls are an item of it.
  Status Dictionary(const LeafShape& shape, const LeafValues& values, const std::vector<bool>& nulls,
                    pb20::ArrayEncoding* out) {
    LeafValues items = values.children[0];
    std::vector<bool> item_nulls;
    const uint64_t width = values.bits / 8;
    ARROW_ASSIGN_OR_RAISE(auto indices, Copy(values.data, values.size * width));
    if (AnyNull(nulls)) {
      const uint64_t null_item = items.size;
      if (values.bits < 64 && null_item > (uint64_t{1} << (values.bits - 1)) - 1) {
        return InvalidArgument("a dictionary of {} values has no index of {} bits left for null", items.size,
                               values.bits);
      }
      for (uint64_t i = 0; i < values.size; ++i) {
        if (nulls[i]) std::memcpy(indices->mutable_data() + i * width, &null_item, width);
      }
      ARROW_RETURN_NOT_OK(AppendNullItem(&items));
      item_nulls.assign(items.size, false);
      item_nulls.back() = true;
    }
    pb20::Dictionary* dictionary = out->mutable_dictionary();
    Required(values.bits, std::move(indices), dictionary->mutable_indices());
    dictionary->set_num_dictionary_items(static_cast<uint32_t>(items.size));
    return items.kind == LeafKind::kVariable
               ? Strings(items, item_nulls, dictionary->mutable_items())
               : Fixed(shape.children[1], items, item_nulls, dictionary->mutable_items());
  }

  Status Packed(const LeafValues& values, pb20::ArrayEncoding* out) {
    ARROW_ASSIGN_OR_RAISE(auto encoder, MakePackedStructEncoder(values));
    uint64_t row_bytes = 0;
    pb20::PackedStruct* packed = out->mutable_packed_struct();
    for (const LeafValues& member : values.children) {
      row_bytes += member.bits / 8;
      auto* flat =
          packed->add_inner()->mutable_nullable()->mutable_no_nulls()->mutable_values()->mutable_flat();
      flat->set_bits_per_value(member.bits);
      flat->mutable_buffer()->set_buffer_index(0);
    }
    ARROW_ASSIGN_OR_RAISE(auto rows, AllocateOutput(values.size * row_bytes));
    uint8_t* to = rows->mutable_data();
    for (const auto& chunk : encoder->chunks()) {
      uint32_t size = 0;
      ARROW_RETURN_NOT_OK(encoder->Encode(chunk, to, &size));
      to += size;
    }
    packed->mutable_buffer()->set_buffer_index(Add(std::move(rows)));
    return Status::OK();
  }

 private:
  uint32_t Add(BufferPtr bytes) {
    buffers_->push_back(std::move(bytes));
    return static_cast<uint32_t>(buffers_->size() - 1);
  }

  static Status AppendNullItem(LeafValues* items) {
    if (items->kind == LeafKind::kFixed) {
      const uint64_t bytes = items->size * items->bits / 8;
      ARROW_ASSIGN_OR_RAISE(auto longer, AllocateOutput(bytes + items->bits / 8));
      if (bytes > 0) std::memcpy(longer->mutable_data(), items->data, bytes);
      std::memset(longer->mutable_data() + bytes, 0, items->bits / 8);
      items->data = longer->data();
      items->owners.push_back(std::move(longer));
    } else {
      const unsigned width = items->offset_bytes();
      ARROW_ASSIGN_OR_RAISE(auto ends, AllocateOutput((items->size + 2) * width));
      for (uint64_t i = 0; i <= items->size + 1; ++i) {
        const uint64_t end = items->size == 0 ? 0 : items->start(std::min(i, items->size));
        std::memcpy(ends->mutable_data() + i * width, &end, width);
      }
      if (width == 4) {
        items->offsets32 = reinterpret_cast<const int32_t*>(ends->data());
      } else {
        items->offsets64 = reinterpret_cast<const int64_t*>(ends->data());
      }
      items->owners.push_back(std::move(ends));
    }
    ++items->size;
    return Status::OK();
  }

  std::vector<BufferPtr>* buffers_;
};

Status Encode(const LeafShape& shape, const LeafValues& values, const std::vector<bool>& nulls,
              Writer* writer, pb20::ArrayEncoding* out) {
  switch (shape.kind) {
    case LeafKind::kNull:
      out->mutable_nullable()->mutable_all_nulls();
      return Status::OK();
    case LeafKind::kFixed:
      return writer->Fixed(shape, values, nulls, out);
    case LeafKind::kVariable: {
      if (values.size >= kLeastStrings && !AllNull(nulls)) {
        DictionaryLimits limits{kMaxEntries, values.data_bytes + values.size * 8, values.data_bytes + 1};
        ARROW_ASSIGN_OR_RAISE(auto numbered, BuildDictionary(values, nulls, limits));
        if (numbered) return writer->FewStrings(*numbered, nulls, out);
      }
      return writer->Strings(values, nulls, out);
    }
    case LeafKind::kDictionary:
      if (values.children.empty()) {  // all null, with no dictionary
        out->mutable_nullable()->mutable_all_nulls();
        return Status::OK();
      }
      return writer->Dictionary(shape, values, nulls, out);
    case LeafKind::kPackedStruct:
      if (AnyNull(nulls)) return InvalidArgument("version 2.0 cannot store null structs");
      return writer->Packed(values, out);
  }
  return Internal("values of kind {}", static_cast<int>(shape.kind));
}

}  // namespace

Result<EncodedPage> EncodeArray(const LeafShape& shape, const LeafValues& values,
                                const std::vector<bool>& nulls) {
  EncodedPage page;
  pb20::ArrayEncoding encoding;
  Writer writer(&page.buffers);
  ARROW_RETURN_NOT_OK(Encode(shape, values, nulls, &writer, &encoding));
  page.encoding = encoding.SerializeAsString();
  page.num_rows = values.size;
  return page;
}

Result<EncodedPage> EncodeLists(const std::vector<uint64_t>& ends, uint64_t num_items) {
  EncodedPage page;
  pb20::ArrayEncoding encoding;
  Writer writer(&page.buffers);
  ARROW_ASSIGN_OR_RAISE(auto bytes, Copy(reinterpret_cast<const uint8_t*>(ends.data()), ends.size() * 8));
  writer.Required(64, std::move(bytes), encoding.mutable_list()->mutable_offsets());
  encoding.mutable_list()->set_null_offset_adjustment(num_items + 1);
  encoding.mutable_list()->set_num_items(num_items);
  page.encoding = encoding.SerializeAsString();
  page.num_rows = ends.size();
  return page;
}

EncodedPage EncodeStructHeader(uint64_t num_rows) {
  EncodedPage page;
  pb20::ArrayEncoding encoding;
  encoding.mutable_struct_();
  page.encoding = encoding.SerializeAsString();
  page.num_rows = num_rows;
  return page;
}

Result<EncodedPage> EncodeBlobDescriptors(const std::vector<uint64_t>& positions,
                                          const std::vector<uint64_t>& sizes) {
  LeafValues values;
  values.kind = LeafKind::kPackedStruct;
  values.size = positions.size();
  for (const auto* member : {&positions, &sizes}) {
    LeafValues child;
    child.size = member->size();
    child.bits = 64;
    child.data = reinterpret_cast<const uint8_t*>(member->data());
    values.children.push_back(std::move(child));
  }
  EncodedPage page;
  pb20::ArrayEncoding encoding;
  ARROW_RETURN_NOT_OK(Writer(&page.buffers).Packed(values, &encoding));
  page.encoding = encoding.SerializeAsString();
  page.num_rows = values.size;
  return page;
}

}  // namespace lance::encoding::v2_0
