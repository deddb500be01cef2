#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "lance/base/status.h"
#include "lance/encoding/core/page.h"

namespace lance::encoding {

/// What one layer above a leaf is, innermost first: an item (leaf, struct, fixed-size list) or a list.
enum class LayerKind : uint8_t { kItem, kList };

/// A validity bitmap; a null buffer means that all are valid.
struct Validity {
  BufferPtr bitmap;
  int64_t null_count = 0;
};

/// Offsets of one list layer (int32 or int64), one more than lists, and their validity.
struct ListOffsets {
  BufferPtr offsets;
  uint64_t num_lists = 0;
  uint64_t num_items = 0;  ///< the last offset
  Validity validity;
};

/// The levels of one page, or of some rows of it, peeled off from the inside out: every peel turns one layer
/// into a bitmap or into offsets and leaves what the layers outside of it need. See README.md.
class PageLevels {
 public:
  /// Takes the levels of `page`. `shape` is what the field's nesting asks for; `where` is kept as a view.
  /// Errors: Corruption, starting with `where`, when layers and shape disagree or levels are missing.
  static Result<PageLevels> Make(DecodedPage page, const std::vector<LayerKind>& shape,
                                 std::string_view where);

  uint64_t num_slots() const { return num_slots_; }  ///< entries at the layer that is peeled next
  bool next_is_all_valid() const;

 private:
  friend class LeafLevels;

  const uint16_t* def() const { return reinterpret_cast<const uint16_t*>(def_->data()); }
  const uint16_t* rep() const { return reinterpret_cast<const uint16_t*>(rep_->data()); }
  Layer layer() const { return layers_[next_]; }
  uint16_t VisibleMaxFrom(size_t next, int sum) const;
  uint16_t VisibleMax() const { return VisibleMaxFrom(next_, def_floor_); }
  bool MoreToPeel() const { return next_ < layers_.size(); }

  /// Appends the validity of the next (item) layer at bit `at`; returns the nulls.
  Result<int64_t> PeelItems(uint8_t* bitmap, int64_t at);
  /// Counts the lists of the next (list) layer.
  uint64_t CountLists() const;
  /// Appends offsets from `at` on, starting at `first_item`, and validity when `bitmap` is given.
  template <typename Offset>
  Result<int64_t> PeelLists(Offset* offsets, uint8_t* bitmap, int64_t at, uint64_t* next_item);
  template <typename Offset>
  Result<int64_t> PeelListsWithoutDef(Offset* offsets, uint8_t* bitmap, int64_t at, uint64_t* next_item);
  /// Keeps the first of every `dimension` slots.
  Status KeepFirstOf(uint64_t dimension);
  Status Compact(uint64_t kept, bool keep_rep);

  std::vector<Layer> layers_;  ///< innermost first
  size_t next_ = 0;            ///< the layer that is peeled next
  uint16_t def_floor_ = 0;     ///< definition levels that the peeled layers took
  int lists_left_ = 0;
  uint64_t num_levels_ = 0;  ///< entries of rep and def
  uint64_t num_slots_ = 0;
  BufferPtr rep_;
  BufferPtr def_;
  BufferPtr validity_;  ///< in place of def
  std::string_view where_;
};

/// The levels of all pages that a leaf was read from.
class LeafLevels {
 public:
  explicit LeafLevels(std::vector<PageLevels> pages) : pages_(std::move(pages)) {}

  /// Peels an item layer of `num_slots` entries. Errors: Corruption when the pages hold another number.
  Result<Validity> PeelItems(uint64_t num_slots);
  /// Peels a list layer whose items number `num_items`. Errors: Corruption when they disagree.
  Result<ListOffsets> PeelLists(bool large, uint64_t num_items);
  /// Turns the levels of list items into levels of fixed-size lists of `dimension` items.
  Status PeelFixedSize(uint64_t dimension);

 private:
  std::vector<PageLevels> pages_;
};

}  // namespace lance::encoding
