// Pages whose valid values are all the same, and pages without a single valid value.
#include <cstring>

#include "lance/base/checked_math.h"
#include "lance/encoding/core/buffers.h"
#include "lance/encoding/write/encoded_page.h"
#include "lance/encoding/write/level_encoder.h"
#include "lance/proto/page_encodings.pb.h"

namespace lance::encoding {
namespace {

constexpr uint64_t kMaxInlineBytes = 32;
/// Levels lie raw in constant pages with a value: above so many, chunks of runs are shorter.
constexpr uint64_t kMaxRawLevels = 1024;

Result<BufferPtr> RawLevels(const LevelVector& levels) {
  ARROW_ASSIGN_OR_RAISE(auto buffer, AllocateOutput(levels.size() * 2));
  if (!levels.empty()) std::memcpy(buffer->mutable_data(), levels.data(), levels.size() * 2);
  return BufferPtr(std::move(buffer));
}

Result<BufferPtr> PackedLevels(const LevelVector& levels, uint16_t max_level, const PageFormat& format,
                               pb21::CompressiveEncoding* encoding) {
  auto encoder = MakeLevelEncoder(levels, max_level, format);
  encoder->Describe(encoding);
  ARROW_ASSIGN_OR_RAISE(auto buffer, AllocateOutput(encoder->MaxBytes(levels.size())));
  const uint64_t used = encoder->Encode(levels, buffer->mutable_data());
  return arrow::SliceBuffer(std::move(buffer), 0, static_cast<int64_t>(used));
}

bool SameValue(const LeafValues& values, uint64_t a, uint64_t b) {
  if (values.kind == LeafKind::kVariable) {
    return values.length(a) == values.length(b) &&
           std::memcmp(values.data + values.start(a), values.data + values.start(b), values.length(a)) == 0;
  }
  if (values.bits == 1) return ((values.data[a / 8] >> (a % 8)) & 1) == ((values.data[b / 8] >> (b % 8)) & 1);
  const uint64_t width = values.bits / 8;
  return std::memcmp(values.data + a * width, values.data + b * width, width) == 0;
}

// The buffers of an array of the one value, behind their number and lengths.
std::vector<uint8_t> ValueBuffer(const LeafValues& values, uint64_t index) {
  std::vector<uint8_t> out;
  auto put = [&](const void* from, uint64_t size) {
    const auto* bytes = static_cast<const uint8_t*>(from);
    out.insert(out.end(), bytes, bytes + size);
  };
  auto put32 = [&](uint64_t number) {
    const auto narrow = static_cast<uint32_t>(number);
    put(&narrow, 4);
  };
  if (values.kind == LeafKind::kFixed) {
    put32(1);
    put32(values.bits / 8);
    put(values.data + index * (values.bits / 8), values.bits / 8);
    return out;
  }
  const uint64_t ends[2] = {0, values.length(index)};
  const unsigned width = values.offset_bytes();
  put32(2);
  put32(2 * width);
  put32(ends[1]);
  put(&ends[0], width);
  put(&ends[1], width);
  put(values.data + values.start(index), ends[1]);
  return out;
}

}  // namespace

Status EncodeAllNull(const PageLevels& levels, bool simple, const PageFormat& format, EncodedPage* page,
                     pb21::PageLayout* layout) {
  pb21::ConstantLayout* described = layout->mutable_constant_layout();
  if (simple) {
    described->add_layers(pb21::REPDEF_NULLABLE_ITEM);
    return Status::OK();
  }
  for (Layer layer : levels.layers) described->add_layers(static_cast<pb21::RepDefLayer>(layer));
  auto encode = [&](const LevelVector& values, uint16_t max_level, auto&& description, auto&& set_count) {
    if (format.minor < 2 || values.empty()) return RawLevels(values);
    set_count(values.size());
    return PackedLevels(values, max_level, format, description());
  };
  ARROW_ASSIGN_OR_RAISE(BufferPtr rep,
                        encode(
                            levels.rep, levels.max_rep, [&] { return described->mutable_rep_compression(); },
                            [&](uint64_t count) { described->set_num_rep_values(count); }));
  ARROW_ASSIGN_OR_RAISE(BufferPtr def,
                        encode(
                            levels.def, levels.max_def, [&] { return described->mutable_def_compression(); },
                            [&](uint64_t count) { described->set_num_def_values(count); }));
  page->buffers.push_back(std::move(rep));
  page->buffers.push_back(std::move(def));
  return Status::OK();
}

Result<bool> EncodeConstant(const LeafShape& shape, const PageLevels& levels, const LeafValues& values,
                            EncodedPage* page, pb21::PageLayout* layout) {
  const bool fixed = values.kind == LeafKind::kFixed && shape.dims.empty();
  if (!fixed && values.kind != LeafKind::kVariable) return false;
  if (levels.has_levels() && levels.num_slots > kMaxRawLevels) return false;
  // Cheap refusal of almost all pages first.
  if (!levels.has_levels() && values.size > 1 && !SameValue(values, 0, values.size - 1)) return false;
  const std::vector<bool> nulls = NullFlags(levels);
  uint64_t first = values.size;
  for (uint64_t i = 0; i < values.size; ++i) {
    if (!nulls.empty() && nulls[i]) continue;
    if (first == values.size) first = i;
    if (!SameValue(values, first, i)) return false;
  }
  if (first == values.size) return false;
  pb21::ConstantLayout* described = layout->mutable_constant_layout();
  for (Layer layer : levels.layers) described->add_layers(static_cast<pb21::RepDefLayer>(layer));
  if (fixed && values.bits <= kMaxInlineBytes * 8) {
    std::string value(CeilDiv(values.bits, 8), '\0');
    if (values.bits == 1) {
      value[0] = static_cast<char>((values.data[first / 8] >> (first % 8)) & 1);
    } else {
      std::memcpy(value.data(), values.data + first * (values.bits / 8), values.bits / 8);
    }
    described->set_inline_value(value);
  } else {
    page->buffers.push_back(arrow::Buffer::FromVector(ValueBuffer(values, first)));
  }
  if (!levels.has_levels()) return true;
  ARROW_ASSIGN_OR_RAISE(BufferPtr rep, RawLevels(levels.rep));
  ARROW_ASSIGN_OR_RAISE(BufferPtr def, RawLevels(levels.def));
  page->buffers.push_back(std::move(rep));
  page->buffers.push_back(std::move(def));
  return true;
}

}  // namespace lance::encoding
