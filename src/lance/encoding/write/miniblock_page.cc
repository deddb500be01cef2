// Mini-block pages; the layout is drawn in encoding/README.md.
#include <cstring>

#include "lance/base/checked_math.h"
#include "lance/encoding/core/buffers.h"
#include "lance/encoding/write/encoded_page.h"
#include "lance/encoding/write/level_encoder.h"
#include "lance/proto/page_encodings.pb.h"

namespace lance::encoding {
namespace {

constexpr uint8_t kFill = 0xfe;
constexpr uint64_t kMaxSmallChunk = 32 << 10;
constexpr uint64_t kMaxLargeChunk = uint64_t{1} << 31;

struct SlotRange {
  uint64_t begin = 0;
  uint64_t end = 0;
  uint64_t size() const { return end - begin; }
};

// Gives each chunk the slots up to its last value; the slots behind the last value go to the last chunk.
std::vector<SlotRange> CutSlots(const PageLevels& levels, const std::vector<ChunkEncoder::Chunk>& chunks) {
  std::vector<SlotRange> out;
  out.reserve(chunks.size());
  uint64_t slot = 0;
  for (size_t i = 0; i < chunks.size(); ++i) {
    SlotRange range{slot, slot};
    if (i + 1 == chunks.size()) {
      slot = levels.num_slots;
    } else if (levels.rep.empty() || levels.def.empty()) {
      slot += chunks[i].count;
    } else {
      for (uint64_t taken = 0; taken < chunks[i].count; ++slot) taken += levels.visible(slot);
    }
    range.end = slot;
    out.push_back(range);
  }
  return out;
}

// For each chunk: rows that end in it, and levels of the row that goes on in the next.
Result<BufferPtr> IndexRows(const PageLevels& levels, const std::vector<SlotRange>& slots) {
  ARROW_ASSIGN_OR_RAISE(auto buffer, AllocateOutput(slots.size() * 16));
  auto* out = reinterpret_cast<uint64_t*>(buffer->mutable_data());
  for (size_t i = 0; i < slots.size(); ++i) {
    uint64_t starts = 0;
    uint64_t last_start = slots[i].begin;
    bool any = false;
    for (uint64_t slot = slots[i].begin; slot < slots[i].end; ++slot) {
      if (levels.rep[slot] != levels.max_rep) continue;
      if (slot != slots[i].begin) ++starts;
      last_start = slot;
      any = true;
    }
    // A row that was carried in ends where the first one starts here; one that starts at slot 0 ended before.
    const bool last = i + 1 == slots.size();
    const bool next_starts = !last && levels.rep[slots[i].end] == levels.max_rep;
    out[2 * i] = starts + (last || next_starts ? 1 : 0);
    out[2 * i + 1] = last || next_starts ? 0 : slots[i].end - (any ? last_start : slots[i].begin);
  }
  return BufferPtr(std::move(buffer));
}

class Writer {
 public:
  Writer(const PageLevels& levels, ChunkEncoder* values, const PageFormat& format)
      : levels_(levels), values_(values), large_(format.minor >= 2), format_(format) {
    if (!levels.rep.empty()) rep_ = MakeLevelEncoder(levels.rep, levels.max_rep, format);
    if (!levels.def.empty()) def_ = MakeLevelEncoder(levels.def, levels.max_def, format);
    header_bytes_ =
        AlignChunk(2 + (rep_ ? 2 : 0) + (def_ ? 2 : 0) + values->num_buffers() * (large_ ? 4 : 2));
  }

  const LevelEncoder* rep() const { return rep_.get(); }
  const LevelEncoder* def() const { return def_.get(); }

  Result<bool> Run(const std::vector<SlotRange>& slots, EncodedPage* page) {
    const auto& chunks = values_->chunks();
    uint64_t bound = 0;
    for (size_t i = 0; i < chunks.size(); ++i) {
      if (levels_.has_levels() && slots[i].size() > UINT16_MAX) return false;
      bound += header_bytes_ + AlignChunk(values_->MaxBytes(chunks[i]));
      if (rep_) bound += AlignChunk(rep_->MaxBytes(slots[i].size()));
      if (def_) bound += AlignChunk(def_->MaxBytes(slots[i].size()));
    }
    ARROW_ASSIGN_OR_RAISE(auto data, AllocateOutput(bound));
    ARROW_ASSIGN_OR_RAISE(auto words, AllocateOutput(chunks.size() * (large_ ? 4 : 2)));
    uint8_t* at = data->mutable_data();
    std::vector<uint32_t> sizes(values_->num_buffers());
    for (size_t i = 0; i < chunks.size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(uint8_t * end, WriteChunk(chunks[i], slots[i], &sizes, at));
      if (end == nullptr) return false;
      const auto bytes = static_cast<uint64_t>(end - at);
      if (bytes > (large_ ? kMaxLargeChunk : kMaxSmallChunk)) return false;
      const bool last = i + 1 == chunks.size();
      PutWord((bytes / kChunkAlignment - 1) << 4 | (last ? 0 : Log2(chunks[i].count)), i,
              words->mutable_data());
      at = end;
    }
    page->buffers.push_back(std::move(words));
    page->buffers.push_back(arrow::SliceBuffer(std::move(data), 0, at - data->data()));
    return true;
  }

 private:
  static uint64_t Log2(uint64_t count) { return static_cast<uint64_t>(63 - std::countl_zero(count)); }

  void PutWord(uint64_t word, size_t index, uint8_t* words) const {
    if (large_) {
      const auto value = static_cast<uint32_t>(word);
      std::memcpy(words + index * 4, &value, 4);
    } else {
      const auto value = static_cast<uint16_t>(word);
      std::memcpy(words + index * 2, &value, 2);
    }
  }

  static uint8_t* Pad(const uint8_t* start, uint8_t* at) {
    const auto used = static_cast<uint64_t>(at - start);
    const uint64_t padded = AlignChunk(used);
    std::memset(at, kFill, padded - used);
    return at + (padded - used);
  }

  // Null when a size does not fit its field.
  Result<uint8_t*> WriteChunk(const ChunkEncoder::Chunk& chunk, const SlotRange& slots,
                              std::vector<uint32_t>* sizes, uint8_t* start) {
    uint8_t* header = start;
    uint8_t* at = start + header_bytes_;
    auto put16 = [&](uint64_t value) {
      const auto narrow = static_cast<uint16_t>(value);
      std::memcpy(header, &narrow, 2);
      header += 2;
    };
    put16(levels_.has_levels() ? slots.size() : 0);
    auto write_levels = [&](LevelEncoder* encoder, const LevelVector& levels) {
      const uint64_t bytes = encoder->Encode({levels.data() + slots.begin, slots.size()}, at);
      if (bytes > UINT16_MAX) return false;
      put16(bytes);
      at = Pad(start, at + bytes);
      return true;
    };
    if (rep_ && !write_levels(rep_.get(), levels_.rep)) return nullptr;
    if (def_ && !write_levels(def_.get(), levels_.def)) return nullptr;
    ARROW_RETURN_NOT_OK(values_->Encode(chunk, at, sizes->data()));
    for (uint32_t size : *sizes) {
      if (!large_ && size > UINT16_MAX) return nullptr;
      std::memcpy(header, &size, large_ ? 4 : 2);
      header += large_ ? 4 : 2;
      at = Pad(start, at + size);
    }
    std::memset(header, kFill, static_cast<size_t>(start + header_bytes_ - header));
    return at;
  }

  const PageLevels& levels_;
  ChunkEncoder* values_;
  bool large_;
  const PageFormat& format_;
  uint64_t header_bytes_ = 0;
  std::unique_ptr<LevelEncoder> rep_;
  std::unique_ptr<LevelEncoder> def_;
};

}  // namespace

Result<bool> EncodeMiniBlock(const PageLevels& levels, ChunkEncoder* values,
                             const DictionaryBlock* dictionary, const PageFormat& format, EncodedPage* page,
                             pb21::PageLayout* layout) {
  for (const auto& chunk : values->chunks()) {
    if (chunk.count > (uint64_t{1} << 15)) return Internal("chunk of {} values", chunk.count);
  }
  const std::vector<SlotRange> slots = CutSlots(levels, values->chunks());
  Writer writer(levels, values, format);
  ARROW_ASSIGN_OR_RAISE(bool fits, writer.Run(slots, page));
  if (!fits) {
    page->buffers.clear();
    return false;
  }
  pb21::MiniBlockLayout* described = layout->mutable_mini_block_layout();
  if (writer.rep() != nullptr) writer.rep()->Describe(described->mutable_rep_compression());
  if (writer.def() != nullptr) writer.def()->Describe(described->mutable_def_compression());
  values->Describe(described->mutable_value_compression());
  for (Layer layer : levels.layers) described->add_layers(static_cast<pb21::RepDefLayer>(layer));
  described->set_num_buffers(values->num_buffers());
  described->set_num_items(levels.num_values);
  described->set_has_large_chunk(format.minor >= 2);
  if (dictionary != nullptr) {
    described->mutable_dictionary()->ParseFromString(dictionary->encoding);
    described->set_num_dictionary_items(dictionary->num_items);
    page->buffers.push_back(dictionary->bytes);
  }
  if (!levels.rep.empty()) {
    described->set_repetition_index_depth(1);
    ARROW_ASSIGN_OR_RAISE(BufferPtr index, IndexRows(levels, slots));
    page->buffers.push_back(std::move(index));
  }
  return true;
}

}  // namespace lance::encoding
