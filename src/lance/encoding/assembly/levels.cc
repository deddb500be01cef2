#include "lance/encoding/assembly/levels.h"

#include <algorithm>
#include <limits>

#include <arrow/buffer.h>
#include <arrow/util/bit_util.h>
#include <arrow/util/bitmap_ops.h>

#include "lance/encoding/levels/level_bits.h"
#include "lance/runtime/buffer_pool.h"

namespace lance::encoding {
namespace {

// Writes bits one after another, a word at a time. The bitmap must have been zeroed.
class BitWriter {
 public:
  BitWriter(uint8_t* bitmap, int64_t at) : bitmap_(bitmap), at_(at) {}
  void Append(bool bit) {
    word_ |= uint64_t{bit} << filled_;
    if (++filled_ == 64) Flush();
  }
  void Flush() {
    if (filled_ == 0) return;
    ones_ += __builtin_popcountll(word_);
    // At a byte boundary a full word can be stored as it is, else bits are merged byte by byte.
    if (at_ % 8 == 0 && filled_ == 64) {
      std::memcpy(bitmap_ + at_ / 8, &word_, 8);
    } else {
      const int shift = static_cast<int>(at_ % 8);
      uint8_t* out = bitmap_ + at_ / 8;
      const int bytes = (shift + filled_ + 7) / 8;
      const unsigned __int128 wide = static_cast<unsigned __int128>(word_) << shift;
      for (int i = 0; i < bytes; ++i) out[i] |= static_cast<uint8_t>(wide >> (8 * i));
    }
    at_ += filled_;
    filled_ = 0;
    word_ = 0;
  }
  int64_t ones() const { return ones_; }

 private:
  uint8_t* bitmap_;
  int64_t at_;
  uint64_t word_ = 0;
  int filled_ = 0;
  int64_t ones_ = 0;
};

// Sets bit at + i where levels[i] <= max; returns the ones.
int64_t PackAtMost(const uint16_t* levels, uint64_t count, uint16_t max, uint8_t* bitmap, int64_t at) {
  uint64_t first = std::min<uint64_t>(count, static_cast<uint64_t>(-at) % 8);  // up to a byte boundary
  BitWriter writer(bitmap, at);
  for (uint64_t i = 0; i < first; ++i) writer.Append(levels[i] <= max);
  writer.Flush();
  if (count == first) return writer.ones();
  uint8_t* rest = bitmap + (at + static_cast<int64_t>(first)) / 8;
  AtMostBits(levels + first, count - first, max, rest);
  return writer.ones() + arrow::internal::CountSetBits(rest, 0, static_cast<int64_t>(count - first));
}

Result<BufferPtr> ZeroedBitmap(uint64_t bits) {
  // Eight bytes more than needed: words are stored whole.
  const uint64_t bytes = bits / 8 + 1 + 8;
  ARROW_ASSIGN_OR_RAISE(auto buffer, runtime::AllocatePooled(bytes));
  std::memset(buffer->mutable_data(), 0, bytes);
  return buffer;
}

}  // namespace

Result<PageLevels> PageLevels::Make(DecodedPage page, const std::vector<LayerKind>& shape,
                                    std::string_view where) {
  PageLevels out;
  out.where_ = where;
  const bool no_layers = page.layers.empty();
  out.layers_ = std::move(page.layers);
  for (LayerKind kind : shape) out.lists_left_ += kind == LayerKind::kList;
  if (no_layers) {
    LANCE_CHECK_BYTES(out.lists_left_ == 0, "{}: a page without layers belongs to a list", out.where_);
    out.layers_.assign(shape.size(), Layer::kAllValidItem);
  }
  LANCE_CHECK_BYTES(out.layers_.size() == shape.size(), "{}: the page has {} layers, the field {}",
                    out.where_, out.layers_.size(), shape.size());
  int def_levels = 0;
  for (size_t i = 0; i < shape.size(); ++i) {
    LANCE_CHECK_BYTES(IsListLayer(out.layers_[i]) == (shape[i] == LayerKind::kList),
                      "{}: layer {} of the page is {} a list, that of the field is", out.where_, i,
                      IsListLayer(out.layers_[i]) ? "" : "not");
    def_levels += DefinitionLevels(out.layers_[i]);
  }
  auto check = [&](const BufferPtr& levels, const char* what) {
    if (levels == nullptr || page.num_levels <= static_cast<uint64_t>(levels->size()) / 2)
      return Status::OK();
    return Corruption("{}: {} {} levels need more than the {} bytes there are", out.where_, page.num_levels,
                      what, levels->size());
  };
  ARROW_RETURN_NOT_OK(check(page.rep, "repetition"));
  ARROW_RETURN_NOT_OK(check(page.def, "definition"));
  out.num_slots_ = static_cast<uint64_t>(page.values->length);
  const bool has_levels = page.rep != nullptr || page.def != nullptr;
  out.num_levels_ = has_levels ? page.num_levels : out.num_slots_;
  if (out.lists_left_ > 0) {
    LANCE_CHECK_BYTES(page.rep != nullptr || out.num_levels_ == 0, "{}: a list page has no repetition levels",
                      out.where_);
    out.rep_ = page.rep;
  } else {
    LANCE_CHECK_BYTES(out.num_levels_ == out.num_slots_, "{}: {} definition levels come with {} values",
                      out.where_, out.num_levels_, out.num_slots_);
  }
  if (page.validity != nullptr) {
    LANCE_CHECK_BYTES(def_levels == 1 && out.lists_left_ == 0 &&
                          static_cast<uint64_t>(page.validity->size()) >= (out.num_slots_ + 7) / 8,
                      "{}: the page's validity does not fit its layers", out.where_);
    out.validity_ = page.validity;
  } else {
    out.def_ = page.def;
  }
  return out;
}

bool PageLevels::next_is_all_valid() const {
  if (def_ == nullptr && validity_ == nullptr) return true;
  return DefinitionLevels(layer()) == 0;
}

// The highest definition that is not hidden by a list outside of the next layer: the levels of all layers up
// to the first list that is still to be peeled.
uint16_t PageLevels::VisibleMaxFrom(size_t next, int sum) const {
  for (size_t i = next; i < layers_.size() && !IsListLayer(layers_[i]); ++i)
    sum += DefinitionLevels(layers_[i]);
  return static_cast<uint16_t>(std::min(sum, 0xFFFF));
}

Result<int64_t> PageLevels::PeelItems(uint8_t* bitmap, int64_t at) {
  const bool all_valid = next_is_all_valid();
  const uint16_t valid_max = def_floor_;
  const uint16_t visible_max = VisibleMax();
  if (def_ != nullptr) def_floor_ += static_cast<uint16_t>(DefinitionLevels(layer()));
  ++next_;
  const int64_t slots = static_cast<int64_t>(num_slots_);
  if (bitmap == nullptr) return 0;
  if (all_valid) {
    arrow::bit_util::SetBitsTo(bitmap, at, slots, true);
    return 0;
  }
  if (validity_ != nullptr) {
    arrow::internal::CopyBitmap(validity_->data(), 0, slots, bitmap, at);
    validity_ = nullptr;
    return slots - arrow::internal::CountSetBits(bitmap, at, slots);
  }
  if (num_levels_ == num_slots_) {
    return slots - PackAtMost(def(), num_levels_, valid_max, bitmap, at);
  }
  BitWriter writer(bitmap, at);
  const uint16_t* levels = def();
  const uint64_t visible = CountAtMost(levels, num_levels_, visible_max);
  LANCE_CHECK_BYTES(visible == num_slots_, "{}: {} slots are visible among {} levels, {} are there", where_,
                    visible, num_levels_, num_slots_);
  for (uint64_t i = 0; i < num_levels_; ++i) {
    if (levels[i] <= visible_max) writer.Append(levels[i] <= valid_max);
  }
  writer.Flush();
  return slots - writer.ones();
}

uint64_t PageLevels::CountLists() const {
  if (rep_ == nullptr) return 0;
  const uint16_t* reps = rep();
  if (def_ == nullptr) return num_levels_ - CountEqual(reps, num_levels_, 0);
  const uint16_t visible_max = VisibleMaxFrom(next_ + 1, def_floor_ + DefinitionLevels(layer()));
  return CountStarts(reps, def(), num_levels_, visible_max);
}

// Keeps the entries that start a list; the others have no meaning further out. Needed only when something is
// left to peel.
Status PageLevels::Compact(uint64_t kept, bool keep_rep) {
  std::shared_ptr<arrow::Buffer> new_rep, new_def;
  const uint16_t* reps = rep();
  if (def_ != nullptr) {
    ARROW_ASSIGN_OR_RAISE(new_def, runtime::AllocatePooled(2 * kept));
    uint16_t* out = reinterpret_cast<uint16_t*>(new_def->mutable_data());
    const uint16_t* defs = def();
    for (uint64_t i = 0, k = 0; i < num_levels_; ++i) {
      if (reps[i] != 0) out[k++] = defs[i];
    }
  }
  if (keep_rep) {
    ARROW_ASSIGN_OR_RAISE(new_rep, runtime::AllocatePooled(2 * kept));
    uint16_t* out = reinterpret_cast<uint16_t*>(new_rep->mutable_data());
    for (uint64_t i = 0, k = 0; i < num_levels_; ++i) {
      if (reps[i] != 0) out[k++] = static_cast<uint16_t>(reps[i] - 1);
    }
  }
  rep_ = std::move(new_rep);
  def_ = std::move(new_def);
  num_levels_ = kept;
  return Status::OK();
}

template <typename Offset>
Result<int64_t> PageLevels::PeelListsWithoutDef(Offset* offsets, uint8_t* bitmap, int64_t at,
                                                uint64_t* next_item) {
  const uint16_t* reps = rep();
  const uint64_t first = *next_item;
  int64_t lists = 0;
  // The slot behind the last list takes the store that no list follows; the caller overwrites it.
  for (uint64_t i = 0; i < num_levels_; ++i) {
    offsets[lists] = static_cast<Offset>(first + i);
    lists += reps[i] != 0;
  }
  *next_item = first + num_levels_;
  if (bitmap != nullptr) arrow::bit_util::SetBitsTo(bitmap, at, lists, true);
  return 0;
}

template <typename Offset>
Result<int64_t> PageLevels::PeelLists(Offset* offsets, uint8_t* bitmap, int64_t at, uint64_t* next_item) {
  const uint64_t num_lists = CountLists();
  const Layer kind = layer();
  const uint16_t valid_max = def_floor_;
  def_floor_ += static_cast<uint16_t>(def_ != nullptr ? DefinitionLevels(kind) : 0);
  const uint16_t own_max = def_floor_;
  ++next_;
  --lists_left_;
  int64_t nulls = 0;
  if (num_levels_ > 0 && def_ == nullptr) {
    ARROW_ASSIGN_OR_RAISE(nulls, PeelListsWithoutDef(offsets, bitmap, at, next_item));
  } else if (num_levels_ > 0) {
    const uint16_t visible_max = VisibleMax();
    // Of the layer's own levels the null list has the lower, the empty list the higher number.
    const bool can_be_empty = kind == Layer::kEmptyableList || kind == Layer::kNullAndEmptyList;
    const uint16_t empty = can_be_empty ? own_max : 0;
    const uint16_t* reps = rep();
    const uint16_t* defs = def();
    BitWriter writer(bitmap, at);
    uint64_t item = *next_item;
    int64_t lists = 0;
    for (uint64_t i = 0; i < num_levels_; ++i) {
      const uint16_t level = defs[i];
      if (reps[i] == 0) {
        ++item;
        continue;
      }
      if (level > visible_max) continue;  // hidden by a list further out
      offsets[lists++] = static_cast<Offset>(item);
      const bool has_items = level <= valid_max;
      item += has_items;
      // Null: the list's own null level, or a null struct around it.
      const bool valid = has_items || (can_be_empty && level == empty);
      nulls += !valid;
      if (bitmap != nullptr) writer.Append(valid);
    }
    writer.Flush();
    *next_item = item;
  }
  if (MoreToPeel() && num_levels_ > 0) {
    const uint64_t kept = num_levels_ - CountEqual(rep(), num_levels_, 0);
    ARROW_RETURN_NOT_OK(Compact(kept, lists_left_ > 0));
  }
  num_slots_ = num_lists;
  return nulls;
}

Status PageLevels::KeepFirstOf(uint64_t dimension) {
  LANCE_CHECK_BYTES(num_slots_ % dimension == 0, "{}: {} items do not fill lists of {}", where_, num_slots_,
                    dimension);
  if (validity_ != nullptr) {
    const uint64_t kept = num_slots_ / dimension;
    ARROW_ASSIGN_OR_RAISE(auto bits, ZeroedBitmap(kept));
    for (uint64_t i = 0; i < kept; ++i) {
      if (arrow::bit_util::GetBit(validity_->data(), static_cast<int64_t>(i * dimension))) {
        arrow::bit_util::SetBit(bits->mutable_data(), static_cast<int64_t>(i));
      }
    }
    validity_ = std::move(bits);
  }
  const uint16_t visible_max = VisibleMax();
  std::shared_ptr<arrow::Buffer> new_rep, new_def;
  if (rep_ != nullptr) {
    ARROW_ASSIGN_OR_RAISE(new_rep, runtime::AllocatePooled(2 * num_levels_));
  }
  if (def_ != nullptr) {
    ARROW_ASSIGN_OR_RAISE(new_def, runtime::AllocatePooled(2 * num_levels_));
  }
  uint64_t kept = 0, visible = 0;
  for (uint64_t i = 0; i < num_levels_ && (rep_ != nullptr || def_ != nullptr); ++i) {
    const bool hidden = def_ != nullptr && def()[i] > visible_max;
    if (!hidden && visible++ % dimension != 0) continue;
    if (new_rep) reinterpret_cast<uint16_t*>(new_rep->mutable_data())[kept] = rep()[i];
    if (new_def) reinterpret_cast<uint16_t*>(new_def->mutable_data())[kept] = def()[i];
    ++kept;
  }
  num_slots_ /= dimension;
  num_levels_ = rep_ != nullptr || def_ != nullptr ? kept : num_slots_;
  rep_ = std::move(new_rep);
  def_ = std::move(new_def);
  return Status::OK();
}

Result<Validity> LeafLevels::PeelItems(uint64_t num_slots) {
  uint64_t total = 0;
  bool all_valid = true;
  for (const PageLevels& page : pages_) {
    total += page.num_slots();
    all_valid &= page.next_is_all_valid();
  }
  const std::string_view where = pages_.empty() ? std::string_view() : pages_.front().where_;
  LANCE_CHECK_BYTES(total == num_slots, "{}: levels of {} slots come with {}", where, total, num_slots);
  Validity out;
  if (pages_.size() == 1 && pages_[0].validity_ != nullptr && !all_valid) {
    out.bitmap = std::move(pages_[0].validity_);  // as it is stored
    out.null_count = -1;
    ARROW_RETURN_NOT_OK(pages_[0].PeelItems(nullptr, 0).status());
    return out;
  }
  if (!all_valid) {
    ARROW_ASSIGN_OR_RAISE(out.bitmap, ZeroedBitmap(num_slots));
  }
  int64_t at = 0;
  for (PageLevels& page : pages_) {
    ARROW_ASSIGN_OR_RAISE(int64_t nulls,
                          page.PeelItems(all_valid ? nullptr : out.bitmap->mutable_data(), at));
    at += static_cast<int64_t>(page.num_slots());
    out.null_count += nulls;
  }
  if (out.null_count == 0) out.bitmap = nullptr;
  return out;
}

Result<ListOffsets> LeafLevels::PeelLists(bool large, uint64_t num_items) {
  ListOffsets out;
  bool all_valid = true;
  for (const PageLevels& page : pages_) {
    out.num_lists += page.CountLists();
    all_valid &= page.next_is_all_valid();
  }
  const std::string_view where = pages_.empty() ? std::string_view() : pages_.front().where_;
  LANCE_CHECK_BYTES(large || num_items <= std::numeric_limits<int32_t>::max(),
                    "{}: {} list items do not fit 32-bit offsets; read fewer rows at once", where, num_items);
  const uint64_t width = large ? 8 : 4;
  // One entry more than offsets: the pass without definition levels stores ahead.
  ARROW_ASSIGN_OR_RAISE(out.offsets, runtime::AllocatePooled((out.num_lists + 2) * width));
  uint8_t* bitmap = nullptr;
  if (!all_valid) {
    ARROW_ASSIGN_OR_RAISE(out.validity.bitmap, ZeroedBitmap(out.num_lists));
    bitmap = out.validity.bitmap->mutable_data();
  }
  int64_t at = 0;
  for (PageLevels& page : pages_) {
    uint8_t* to = out.offsets->mutable_data() + static_cast<uint64_t>(at) * width;
    int64_t nulls = 0;
    if (large) {
      ARROW_ASSIGN_OR_RAISE(nulls,
                            page.PeelLists(reinterpret_cast<int64_t*>(to), bitmap, at, &out.num_items));
    } else {
      ARROW_ASSIGN_OR_RAISE(nulls,
                            page.PeelLists(reinterpret_cast<int32_t*>(to), bitmap, at, &out.num_items));
    }
    at += static_cast<int64_t>(page.num_slots());
    // A null struct may lie around lists that have no nulls of their own: then there is no bitmap to mark.
    if (bitmap != nullptr) out.validity.null_count += nulls;
  }
  LANCE_CHECK_BYTES(out.num_items == num_items, "{}: lists of {} items come with {}", where, out.num_items,
                    num_items);
  uint8_t* end = out.offsets->mutable_data() + out.num_lists * width;
  large ? void(*reinterpret_cast<int64_t*>(end) = static_cast<int64_t>(num_items))
        : void(*reinterpret_cast<int32_t*>(end) = static_cast<int32_t>(num_items));
  if (out.validity.null_count == 0) out.validity.bitmap = nullptr;
  return out;
}

Status LeafLevels::PeelFixedSize(uint64_t dimension) {
  for (PageLevels& page : pages_) ARROW_RETURN_NOT_OK(page.KeepFirstOf(dimension));
  return Status::OK();
}

}  // namespace lance::encoding
