#include "lance/encoding/levels/row_levels.h"

#include <arrow/buffer.h>

#include "lance/base/checked_math.h"
#include "lance/encoding/core/buffers.h"
#include "lance/encoding/core/value_sink.h"
#include "lance/encoding/levels/level_bits.h"

namespace lance::encoding {
namespace {
constexpr uint64_t kMarkRows = 256;

const uint16_t* Levels(const BufferPtr& buffer) {
  return buffer == nullptr ? nullptr : reinterpret_cast<const uint16_t*>(buffer->data());
}
}  // namespace

Result<RowLevels> RowLevels::Make(const LevelLayout& layout, BufferPtr rep, BufferPtr def,
                                  uint64_t num_levels, uint64_t num_rows) {
  RowLevels out;
  out.layout_ = layout;
  out.rep_ = std::move(rep);
  out.def_ = std::move(def);
  out.num_levels_ = num_levels;
  out.num_rows_ = num_rows;
  const uint16_t* levels = Levels(out.rep_);
  ARROW_RETURN_NOT_OK(CheckLevels(layout, levels, Levels(out.def_), num_levels));
  uint64_t rows = num_levels;
  if (levels != nullptr) {
    LANCE_CHECK_BYTES(num_levels == 0 || levels[0] == layout.max_rep,
                      "the first level of a page does not start a row");
    rows = 0;
    for (uint64_t at = 0; at < num_levels; ++at) {
      if (levels[at] != layout.max_rep) continue;
      if (rows++ % kMarkRows == 0) out.marks_.push_back(at);
    }
  }
  LANCE_CHECK_BYTES(rows == num_rows, "levels make {} rows, the page has {}", rows, num_rows);
  return out;
}

uint64_t RowLevels::FirstLevel(uint64_t row) const {
  const uint16_t* rep = Levels(rep_);
  if (rep == nullptr) return row;
  if (row >= num_rows_) return num_levels_;
  uint64_t at = marks_[row / kMarkRows];
  for (uint64_t left = row % kMarkRows; left > 0;) left -= rep[++at] == layout_.max_rep;
  return at;
}

Result<uint64_t> RowLevels::Take(std::span<const RowRange> rows, DecodedPage* out) const {
  std::vector<RowRange> levels;
  for (const RowRange& range : rows) {
    uint64_t first = FirstLevel(range.start);
    AppendRange(&levels, {first, FirstLevel(range.end()) - first});
  }
  uint64_t count = CountRows(levels);
  out->num_levels = rep_ != nullptr || def_ != nullptr ? count : 0;
  for (auto [from, to] : {std::pair(&rep_, &out->rep), std::pair(&def_, &out->def)}) {
    if (*from == nullptr) continue;
    ARROW_ASSIGN_OR_RAISE(FixedSink sink, FixedSink::Make(16, count));
    ARROW_RETURN_NOT_OK(sink.AppendRanges((*from)->data(), levels));
    *to = std::move(sink.buffer);
  }
  uint64_t visible = count;
  if (out->def != nullptr) visible = CountAtMost(Levels(out->def), count, layout_.max_visible);
  ARROW_RETURN_NOT_OK(DefToValidity(layout_, out));
  return visible;
}

uint64_t RowLevels::memory_bytes() const {
  return sizeof(*this) + marks_.capacity() * 8 + (rep_ == nullptr ? 0 : rep_->size()) +
         (def_ == nullptr ? 0 : def_->size());
}

Status DefToValidity(const LevelLayout& layout, DecodedPage* out) {
  if (!layout.only_validity() || out->def == nullptr) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(auto bits, AllocateOutput(CeilDiv(out->num_levels, 8)));
  ZeroBits(Levels(out->def), out->num_levels, bits->mutable_data());
  out->validity = std::move(bits);
  out->def = nullptr;
  out->num_levels = 0;
  return Status::OK();
}

}  // namespace lance::encoding
