// Full-zip pages: control word, length and bytes of each slot side by side.
#include <bit>
#include <cstring>

#include "lance/base/checked_math.h"
#include "lance/encoding/codec/fixed_size_list/fixed_size_list_encode.h"
#include "lance/encoding/codec/fsst/fsst_encode.h"
#include "lance/encoding/codec/general/compress.h"
#include "lance/encoding/codec/packed_struct/packed_struct_encode.h"
#include "lance/encoding/core/buffers.h"
#include "lance/encoding/write/encoded_page.h"
#include "lance/encoding/write/encoding_hints.h"
#include "lance/encoding/write/value_choice.h"
#include "lance/proto/page_encodings.pb.h"

namespace lance::encoding {
namespace {

constexpr uint64_t kLongValue = 32 << 10;  ///< a value above it is worth a compressor of its own
constexpr uint64_t kLeastBytes = 32 << 10;

// Values as they go into slots: `row_bytes` each, or of varying length.
struct ZipValues {
  const uint8_t* fixed = nullptr;
  uint64_t row_bytes = 0;
  const LeafValues* variable = nullptr;
  unsigned length_bytes = 0;
  std::vector<uint8_t> owned;  ///< memory of `fixed`
  std::shared_ptr<void> keep;  ///< owner of `fixed`
  LeafValues joined;           ///< memory of `variable`
};

Status PrepareFixed(const LeafShape& shape, const LeafValues& values, pb21::CompressiveEncoding* encoding,
                    ZipValues* out) {
  if (!shape.dims.empty()) {
    if (shape.bits % 8 != 0) return NotSupported("fixed-size lists of {} bits one by one", shape.bits);
    DescribeFixedSizeList(shape, values, encoding);
    for (const uint8_t* validity : values.item_validity) {
      if (validity == nullptr) continue;
      out->owned = ZipFixedSizeLists(shape, values, &out->row_bytes);
      out->fixed = out->owned.data();
      return Status::OK();
    }
    out->fixed = values.data;
    out->row_bytes = shape.bits / 8;
    return Status::OK();
  }
  if (values.bits == 1) {
    out->owned.resize(values.size);
    for (uint64_t i = 0; i < values.size; ++i) out->owned[i] = (values.data[i / 8] >> (i % 8)) & 1;
    out->fixed = out->owned.data();
    out->row_bytes = 1;
  } else {
    if (values.bits % 8 != 0) return NotSupported("values of {} bits one by one", values.bits);
    out->fixed = values.data;
    out->row_bytes = values.bits / 8;
  }
  encoding->mutable_flat()->set_bits_per_value(out->row_bytes * 8);
  return Status::OK();
}

Status PreparePacked(const LeafValues& values, pb21::CompressiveEncoding* encoding, ZipValues* out) {
  bool variable = false;
  uint64_t row_bytes = 0;
  for (const LeafValues& member : values.children) {
    variable |= member.kind == LeafKind::kVariable;
    row_bytes += member.bits / 8;
  }
  if (variable) {
    ARROW_RETURN_NOT_OK(ZipPackedStructs(values, &out->joined, encoding));
    out->variable = &out->joined;
    out->length_bytes = out->joined.data_bytes > UINT32_MAX ? 8 : 4;
    return Status::OK();
  }
  ARROW_ASSIGN_OR_RAISE(auto rows, MakePackedStructEncoder(values));
  rows->Describe(encoding);
  out->owned.resize(row_bytes * values.size + kCopySlack);
  uint8_t* to = out->owned.data();
  for (const auto& chunk : rows->chunks()) {
    uint32_t size = 0;
    ARROW_RETURN_NOT_OK(rows->Encode(chunk, to, &size));
    to += size;
  }
  out->fixed = out->owned.data();
  out->row_bytes = row_bytes;
  return Status::OK();
}

// Compresses each value by itself.
Status CompressEach(const LeafValues& values, const Compression& compression, LeafValues* out) {
  std::vector<uint8_t> bytes;
  ARROW_ASSIGN_OR_RAISE(auto ends, AllocateOutput((values.size + 1) * 8));
  auto* offsets = reinterpret_cast<int64_t*>(ends->mutable_data());
  offsets[0] = 0;
  for (uint64_t i = 0; i < values.size; ++i) {
    ARROW_RETURN_NOT_OK(
        AppendCompressed(compression, values.data + values.start(i), values.length(i), &bytes));
    offsets[i + 1] = static_cast<int64_t>(bytes.size());
  }
  out->kind = LeafKind::kVariable;
  out->size = values.size;
  out->data_bytes = bytes.size();
  auto data = arrow::Buffer::FromVector(std::move(bytes));
  out->data = data->data();
  out->offsets64 = offsets;
  out->owners = {std::move(data), std::move(ends)};
  return Status::OK();
}

Status PrepareVariable(const LeafShape& shape, const LeafValues& values, const EncodingHints& hints,
                       pb21::CompressiveEncoding* encoding, ZipValues* out) {
  out->variable = &values;
  out->length_bytes = values.offset_bytes();
  const bool each = !hints.uncompressed && hints.strings != StringCompression::kFsst &&
                    (values.max_length > kLongValue || hints.compression) && values.data_bytes >= kLeastBytes;
  if (each) {
    const Compression compression = hints.compression.value_or(Compression{Scheme::kZstd, std::nullopt});
    ARROW_RETURN_NOT_OK(CompressEach(values, compression, &out->joined));
    // Pictures and the like do not shrink.
    if (out->joined.data_bytes < values.data_bytes) {
      out->variable = &out->joined;
      encoding = DescribeGeneral(compression, encoding);
    }
  } else if (WantsFsst(shape, values, hints)) {
    ARROW_ASSIGN_OR_RAISE(auto strings, CompressStrings(values));
    if (strings) {
      DescribeFsst(*strings, encoding);
      out->joined = std::move(strings->codes);
      out->variable = &out->joined;
      return Status::OK();
    }
  }
  encoding->mutable_variable()->mutable_offsets()->mutable_flat()->set_bits_per_value(values.offset_bytes() *
                                                                                      8);
  return Status::OK();
}

Status Prepare(const LeafShape& shape, const LeafValues& values, const EncodingHints& hints,
               pb21::CompressiveEncoding* encoding, ZipValues* out) {
  switch (values.kind) {
    case LeafKind::kFixed:
      return PrepareFixed(shape, values, encoding, out);
    case LeafKind::kPackedStruct:
      return PreparePacked(values, encoding, out);
    case LeafKind::kVariable:
      return PrepareVariable(shape, values, hints, encoding, out);
    default:
      return Internal("values of kind {} one by one", static_cast<int>(values.kind));
  }
}

unsigned WordBytes(unsigned bits) { return bits == 0 ? 0 : bits <= 8 ? 1 : bits <= 16 ? 2 : 4; }

// Row starts at the smallest width that holds the last of them.
Result<BufferPtr> PackIndex(const std::vector<uint64_t>& starts) {
  const uint64_t last = starts.back();
  const uint64_t width = last <= UINT8_MAX ? 1 : last <= UINT16_MAX ? 2 : last <= UINT32_MAX ? 4 : 8;
  ARROW_ASSIGN_OR_RAISE(auto buffer, AllocateOutput(starts.size() * width));
  uint8_t* to = buffer->mutable_data();
  for (uint64_t start : starts) {
    std::memcpy(to, &start, width);
    to += width;
  }
  return BufferPtr(std::move(buffer));
}

class Zipper {
 public:
  Zipper(const PageLevels& levels, const ZipValues& values, uint64_t num_values)
      : levels_(levels),
        values_(values),
        num_values_(num_values),
        bits_rep_(levels.rep.empty() ? 0 : static_cast<unsigned>(std::bit_width(levels.max_rep))),
        bits_def_(levels.def.empty() ? 0 : static_cast<unsigned>(std::bit_width(levels.max_def))),
        word_bytes_(WordBytes(bits_rep_ + bits_def_)) {}

  unsigned bits_rep() const { return bits_rep_; }
  unsigned bits_def() const { return bits_def_; }

  Status Run(EncodedPage* page) {
    uint64_t bound = levels_.num_slots * word_bytes_;
    bound += values_.variable != nullptr ? values_.variable->data_bytes + num_values_ * values_.length_bytes
                                         : num_values_ * values_.row_bytes;
    ARROW_ASSIGN_OR_RAISE(auto data, AllocateOutput(bound));
    const bool index = values_.variable != nullptr || bits_rep_ > 0;
    std::vector<uint64_t> starts;
    if (index) starts.reserve(levels_.num_slots + 1);
    uint8_t* at = data->mutable_data();
    uint64_t value = 0;
    for (uint64_t slot = 0; slot < levels_.num_slots; ++slot) {
      const uint16_t rep = levels_.rep.empty() ? uint16_t{0} : levels_.rep[slot];
      const uint16_t def = levels_.def.empty() ? uint16_t{0} : levels_.def[slot];
      if (index && (levels_.rep.empty() || rep == levels_.max_rep)) {
        starts.push_back(static_cast<uint64_t>(at - data->data()));
      }
      const uint32_t word = static_cast<uint32_t>(rep) << bits_def_ | def;
      std::memcpy(at, &word, word_bytes_);
      at += word_bytes_;
      if (!levels_.rep.empty() && !levels_.visible(slot)) continue;
      at = PutValue(value++, def, at);
    }
    if (index) starts.push_back(static_cast<uint64_t>(at - data->data()));
    page->buffers.push_back(arrow::SliceBuffer(std::move(data), 0, at - data->data()));
    if (!index) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(BufferPtr packed, PackIndex(starts));
    page->buffers.push_back(std::move(packed));
    return Status::OK();
  }

 private:
  uint8_t* PutValue(uint64_t value, uint16_t def, uint8_t* at) const {
    if (values_.variable == nullptr) {
      std::memcpy(at, values_.fixed + value * values_.row_bytes, values_.row_bytes);
      return at + values_.row_bytes;
    }
    if (def != 0) return at;
    const uint64_t length = values_.variable->length(value);
    std::memcpy(at, &length, values_.length_bytes);
    at += values_.length_bytes;
    if (length > 0) std::memcpy(at, values_.variable->data + values_.variable->start(value), length);
    return at + length;
  }

  const PageLevels& levels_;
  const ZipValues& values_;
  uint64_t num_values_;
  unsigned bits_rep_;
  unsigned bits_def_;
  unsigned word_bytes_;
};

}  // namespace

Status EncodeFullZip(const LeafShape& shape, const PageLevels& levels, const LeafValues& values,
                     const EncodingHints& hints, EncodedPage* page, pb21::PageLayout* layout) {
  pb21::FullZipLayout* described = layout->mutable_full_zip_layout();
  ZipValues zip;
  ARROW_RETURN_NOT_OK(Prepare(shape, values, hints, described->mutable_value_compression(), &zip));
  if (levels.num_slots > UINT32_MAX) return ResourceExhausted("{} slots in one page", levels.num_slots);
  Zipper zipper(levels, zip, values.size);
  if (zip.fixed != nullptr && !levels.has_levels() && zip.owned.empty()) {
    // Nothing to zip: the caller's memory is the page.
    auto owners = std::make_shared<std::vector<std::shared_ptr<void>>>(values.owners);
    auto bytes = static_cast<int64_t>(values.size * zip.row_bytes);
    page->buffers.push_back(std::shared_ptr<arrow::Buffer>(
        new arrow::Buffer(zip.fixed, bytes), [owners](arrow::Buffer* buffer) { delete buffer; }));
  } else {
    ARROW_RETURN_NOT_OK(zipper.Run(page));
  }
  described->set_bits_rep(zipper.bits_rep());
  described->set_bits_def(zipper.bits_def());
  if (zip.variable != nullptr) {
    described->set_bits_per_offset(zip.length_bytes * 8);
  } else {
    described->set_bits_per_value(static_cast<uint32_t>(zip.row_bytes * 8));
  }
  described->set_num_items(static_cast<uint32_t>(levels.num_slots));
  described->set_num_visible_items(static_cast<uint32_t>(values.size));
  for (Layer layer : levels.layers) described->add_layers(static_cast<pb21::RepDefLayer>(layer));
  return Status::OK();
}

}  // namespace lance::encoding
