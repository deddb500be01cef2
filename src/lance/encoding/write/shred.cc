// From nested arrays to levels and values, one leaf at a time, from the outside in.
//
// State: the slots so far (rep, def) and the rows of the current array that live slots stand for. A slot that
// became a null or empty list is dead: it has no row below. Which slots are dead follows from their
// definition level, since a layer's numbers are above those of all layers inside of it.
#include "lance/encoding/write/shred.h"

#include <algorithm>

#include <arrow/array/data.h>
#include <arrow/type.h>
#include <arrow/util/bit_util.h>

namespace lance::encoding {
namespace {

using arrow::ArrayData;
using ArrayPtr = std::shared_ptr<ArrayData>;

const arrow::DataType& StorageType(const ArrayData& array) {
  const arrow::DataType* type = array.type.get();
  while (type->id() == arrow::Type::EXTENSION) {
    type = static_cast<const arrow::ExtensionType*>(type)->storage_type().get();
  }
  return *type;
}

const uint8_t* Validity(const ArrayData& array) {
  if (array.buffers.empty() || array.buffers[0] == nullptr || array.GetNullCount() == 0) return nullptr;
  return array.buffers[0]->data();
}

class Walker {
 public:
  Walker(const LeafPath& leaf, ArrayPtr column, RowRange rows)
      : leaf_(leaf), levels_(leaf.ListLayers()), array_(std::move(column)) {
    AppendRange(&rows_, rows);
    num_live_ = rows.length;
    out_.num_rows = rows.length;
    out_.num_slots = rows.length;
    if (levels_.max_rep > 0) out_.rep.assign(rows.length, levels_.max_rep);
  }

  Result<ShreddedLeaf> Run() {
    size_t layer = levels_.lists.size();
    for (const PathStep& step : leaf_.steps) {
      --layer;
      switch (step.kind) {
        case PathStep::Kind::kStruct:
          ARROW_RETURN_NOT_OK(EnterStruct(step, layer));
          break;
        case PathStep::Kind::kList:
          ARROW_RETURN_NOT_OK(EnterList(step, layer));
          break;
        case PathStep::Kind::kStructList:
          ARROW_RETURN_NOT_OK(EnterStructList(step, layer));
          break;
      }
    }
    ARROW_RETURN_NOT_OK(Finish());
    return std::move(out_);
  }

 private:
  bool Dead(uint16_t def) const { return def > alive_until_; }

  void NeedDef() {
    if (out_.def.empty()) out_.def.assign(out_.num_slots, 0);
  }

  // Gives live slots whose row is null the level of this layer, unless an outer layer is null there.
  template <typename IsNull>
  Status MarkNulls(size_t layer, bool nullable, const std::string& name, IsNull&& is_null) {
    NeedDef();
    const auto level = static_cast<uint16_t>(levels_.base[layer] + 1);
    uint64_t slot = 0;
    bool bad = false;
    for (const RowRange& range : rows_) {
      for (uint64_t row = range.start; row < range.end(); ++row, ++slot) {
        while (Dead(out_.def[slot])) ++slot;
        if (out_.def[slot] != 0 || !is_null(row)) continue;
        out_.def[slot] = level;
        bad |= !nullable;
      }
    }
    if (bad) return InvalidArgument("field {} is not nullable but has nulls", name);
    return Status::OK();
  }

  Status MarkNullsOf(const ArrayData& array, size_t layer, bool nullable, const std::string& name) {
    if (StorageType(array).id() == arrow::Type::NA) {
      return MarkNulls(layer, nullable, name, [](uint64_t) { return true; });
    }
    const uint8_t* validity = Validity(array);
    if (validity == nullptr) return Status::OK();
    const auto offset = static_cast<uint64_t>(array.offset);
    if (levels_.max_rep == 0 && out_.def.empty() && nullable && rows_.size() == 1) {
      const auto level = static_cast<uint16_t>(levels_.base[layer] + 1);
      NeedDef();
      const uint64_t start = offset + rows_[0].start;
      uint16_t* def = out_.def.data();
      for (uint64_t i = 0; i < rows_[0].length; ++i) {
        const uint64_t bit = start + i;
        def[i] = static_cast<uint16_t>(((validity[bit >> 3] >> (bit & 7)) & 1) ? 0 : level);
      }
      return Status::OK();
    }
    return MarkNulls(layer, nullable, name, [&](uint64_t row) {
      return !arrow::bit_util::GetBit(validity, static_cast<int64_t>(offset + row));
    });
  }

  Status EnterStruct(const PathStep& step, size_t layer) {
    const arrow::DataType& type = StorageType(*array_);
    LANCE_CHECK_ARG(type.id() == arrow::Type::STRUCT, "field {} is {}, the schema says struct", step.name,
                    type.ToString());
    ARROW_RETURN_NOT_OK(MarkNullsOf(*array_, layer, step.nullable, step.name));
    for (int i = 0; i < type.num_fields(); ++i) {
      if (type.field(i)->name() != step.child) continue;
      const auto offset = static_cast<uint64_t>(array_->offset);
      for (RowRange& range : rows_) range.start += offset;
      array_ = ArrayPtr(array_->child_data[static_cast<size_t>(i)]);
      return Status::OK();
    }
    return InvalidArgument("field {} has no member {}", step.name, step.child);
  }

  template <typename Offset>
  Status SplitLists(const PathStep& step, size_t layer) {
    const uint8_t* validity = Validity(*array_);
    const auto base_row = static_cast<uint64_t>(array_->offset);
    const auto* offsets = array_->GetValues<Offset>(1);
    const auto null_level = static_cast<uint16_t>(levels_.base[layer] + 1);
    const auto empty_level = static_cast<uint16_t>(levels_.base[layer] + 2);
    const uint16_t inner = levels_.lists_below[layer];
    LevelVector rep;
    LevelVector def;
    uint64_t items = 0;
    for (const RowRange& range : rows_)
      items += static_cast<uint64_t>(offsets[range.end()] - offsets[range.start]);
    rep.reserve(items + out_.num_slots);
    def.reserve(items + out_.num_slots);
    RowRanges below;
    uint64_t slot = 0;
    bool specials = false;
    const bool had_def = !out_.def.empty();
    auto copy_dead = [&] {
      while (had_def && slot < out_.num_slots && Dead(out_.def[slot])) {
        rep.push_back(out_.rep[slot]);
        def.push_back(out_.def[slot]);
        specials = true;
        ++slot;
      }
    };
    for (const RowRange& range : rows_) {
      for (uint64_t row = range.start; row < range.end(); ++row) {
        copy_dead();
        const uint16_t slot_rep = out_.rep[slot];
        const uint16_t slot_def = had_def ? out_.def[slot] : uint16_t{0};
        ++slot;
        const bool null =
            validity != nullptr && !arrow::bit_util::GetBit(validity, static_cast<int64_t>(base_row + row));
        const auto start = static_cast<uint64_t>(offsets[row]);
        const auto length = static_cast<uint64_t>(offsets[row + 1] - offsets[row]);
        if (slot_def != 0 || null || length == 0) {
          if (slot_def == 0 && null && !step.nullable) {
            return InvalidArgument("field {} is not nullable but has nulls", step.name);
          }
          rep.push_back(slot_rep);
          def.push_back(slot_def != 0 ? slot_def : null ? null_level : empty_level);
          specials = true;
          continue;
        }
        rep.push_back(slot_rep);
        rep.insert(rep.end(), length - 1, inner);
        def.insert(def.end(), length, 0);
        AppendRange(&below, {start, length});
      }
    }
    copy_dead();
    out_.num_slots = rep.size();
    out_.rep = std::move(rep);
    out_.def = specials ? std::move(def) : LevelVector();
    rows_ = std::move(below);
    num_live_ = CountRows(rows_);
    alive_until_ = levels_.base[layer];
    array_ = ArrayPtr(array_->child_data[0]);
    return Status::OK();
  }

  Status EnterList(const PathStep& step, size_t layer) {
    switch (StorageType(*array_).id()) {
      case arrow::Type::LIST:
      case arrow::Type::MAP:
        return SplitLists<int32_t>(step, layer);
      case arrow::Type::LARGE_LIST:
        return SplitLists<int64_t>(step, layer);
      default:
        return InvalidArgument("field {} is {}, the schema says list", step.name, array_->type->ToString());
    }
  }

  // Every level is repeated for each item; a null list keeps its items' slots.
  Status EnterStructList(const PathStep& step, size_t layer) {
    LANCE_CHECK_ARG(StorageType(*array_).id() == arrow::Type::FIXED_SIZE_LIST,
                    "field {} is {}, the schema says fixed-size list", step.name, array_->type->ToString());
    ARROW_RETURN_NOT_OK(MarkNullsOf(*array_, layer, step.nullable, step.name));
    const uint64_t dimension = step.dimension;
    if (!out_.def.empty()) {
      LevelVector def;
      def.reserve(out_.num_slots * dimension);
      for (uint16_t level : out_.def) def.insert(def.end(), dimension, level);
      out_.def = std::move(def);
    }
    out_.num_slots *= dimension;
    out_.num_rows *= dimension;
    num_live_ *= dimension;
    if (!out_.rep.empty()) out_.rep.assign(out_.num_slots, levels_.max_rep);
    const auto offset = static_cast<uint64_t>(array_->offset);
    for (RowRange& range : rows_) range = {(range.start + offset) * dimension, range.length * dimension};
    array_ = ArrayPtr(array_->child_data[0]);
    return Status::OK();
  }

  Status Finish() {
    ARROW_RETURN_NOT_OK(MarkLeafNulls());
    out_.num_values = num_live_;
    out_.max_visible = levels_.max_visible;
    if (leaf_.shape.kind == LeafKind::kPackedStruct && leaf_.blob == BlobForm::kNone) {
      ARROW_RETURN_NOT_OK(OrderMembers());
    }
    if (!rows_.empty()) out_.values.push_back({array_, std::move(rows_)});
    return Status::OK();
  }

  Status MarkLeafNulls() {
    const bool nullable = leaf_.field->nullable;
    if (leaf_.is_empty_struct || StorageType(*array_).id() != arrow::Type::DICTIONARY) {
      return MarkNullsOf(*array_, 0, nullable, leaf_.name);
    }
    const ArrayData& dictionary = *array_->dictionary;
    const uint8_t* values = Validity(dictionary);
    const bool null_values = StorageType(dictionary).id() == arrow::Type::NA;
    if (values == nullptr && !null_values) return MarkNullsOf(*array_, 0, nullable, leaf_.name);
    const auto& index_type = *static_cast<const arrow::DictionaryType&>(StorageType(*array_)).index_type();
    const uint8_t* validity = Validity(*array_);
    const auto width = static_cast<uint64_t>(index_type.bit_width() / 8);
    const auto offset = static_cast<uint64_t>(array_->offset);
    const uint8_t* indices = array_->buffers[1]->data();
    return MarkNulls(0, nullable, leaf_.name, [&](uint64_t row) {
      if (validity != nullptr && !arrow::bit_util::GetBit(validity, static_cast<int64_t>(offset + row)))
        return true;
      if (null_values) return true;
      uint64_t index = 0;
      std::memcpy(&index, indices + (offset + row) * width, width);
      return index < static_cast<uint64_t>(dictionary.length) &&
             !arrow::bit_util::GetBit(values, dictionary.offset + static_cast<int64_t>(index));
    });
  }

  // Puts the members of a packed struct in the schema's order.
  Status OrderMembers() {
    const arrow::DataType& type = StorageType(*array_);
    LANCE_CHECK_ARG(type.id() == arrow::Type::STRUCT, "field {} is {}, the schema says struct", leaf_.name,
                    type.ToString());
    auto ordered = array_->Copy();
    ordered->type = leaf_.type;
    for (size_t i = 0; i < leaf_.field->children.size(); ++i) {
      const schema::Field& child = leaf_.field->children[i];
      int found = -1;
      for (int j = 0; j < type.num_fields() && found < 0; ++j) {
        if (type.field(j)->name() == child.name) found = j;
      }
      LANCE_CHECK_ARG(found >= 0, "packed struct {} has no member {}", leaf_.name, child.name);
      ordered->child_data.resize(leaf_.field->children.size());
      ordered->child_data[i] = array_->child_data[static_cast<size_t>(found)];
      if (ordered->child_data[i]->GetNullCount() > 0 &&
          ordered->child_data[i]->type->id() != arrow::Type::NA) {
        ARROW_RETURN_NOT_OK(CheckMember(*ordered->child_data[i], child.name));
      }
    }
    array_ = std::move(ordered);
    return Status::OK();
  }

  // A packed row has no place for a member's null; garbage under a null row is fine.
  Status CheckMember(const ArrayData& member, const std::string& name) {
    const uint8_t* validity = Validity(member);
    if (validity == nullptr) return Status::OK();
    uint64_t slot = 0;
    for (const RowRange& range : rows_) {
      for (uint64_t row = range.start; row < range.end(); ++row, ++slot) {
        while (!out_.def.empty() && Dead(out_.def[slot])) ++slot;
        if (!out_.def.empty() && out_.def[slot] != 0) continue;
        const int64_t bit = member.offset + array_->offset + static_cast<int64_t>(row);
        if (!arrow::bit_util::GetBit(validity, bit)) {
          return InvalidArgument("packed struct {}: the member {} has nulls", leaf_.name, name);
        }
      }
    }
    return Status::OK();
  }

  const LeafPath& leaf_;
  FullLevels levels_;
  ArrayPtr array_;
  RowRanges rows_;
  uint64_t num_live_ = 0;
  uint16_t alive_until_ = UINT16_MAX;
  ShreddedLeaf out_;
};

}  // namespace

FullLevels::FullLevels(std::vector<bool> layers) : lists(std::move(layers)) {
  uint16_t level = 0;
  max_visible = UINT16_MAX;
  for (bool list : lists) {
    base.push_back(level);
    lists_below.push_back(max_rep);
    if (list && max_rep == 0) max_visible = level;
    if (list) ++max_rep;
    level = static_cast<uint16_t>(level + (list ? 2 : 1));
  }
}

Result<ShreddedLeaf> Shred(const LeafPath& leaf, const std::shared_ptr<arrow::ArrayData>& column,
                           RowRange rows) {
  return Walker(leaf, column, rows).Run();
}

}  // namespace lance::encoding
