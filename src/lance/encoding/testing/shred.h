#pragma once

#include <vector>

#include <arrow/api.h>
#include <arrow/compute/api.h>

#include "lance/encoding/core/page.h"

// The slow and plain way from nested arrays to levels: what pages are compared with.
namespace lance::encoding::testing {

/// One leaf of a top-level column: the way down to it.
struct LeafPath {
  std::vector<int> children;  // at each struct, which child
  std::shared_ptr<arrow::DataType> type;
};

inline bool IsLeaf(const arrow::Field& field) {
  if (field.metadata() != nullptr && field.metadata()->Contains("lance-encoding:packed")) return true;
  return field.type()->id() != arrow::Type::LIST && field.type()->id() != arrow::Type::STRUCT;
}

inline void FindLeaves(const arrow::Field& field, std::vector<int> way, std::vector<LeafPath>* out) {
  if (IsLeaf(field)) {
    out->push_back({way, field.type()});
  } else if (field.type()->id() == arrow::Type::LIST) {
    FindLeaves(*field.type()->field(0), way, out);
  } else {
    for (int i = 0; i < field.type()->num_fields(); ++i) {
      way.push_back(i);
      FindLeaves(*field.type()->field(i), way, out);
      way.pop_back();
    }
  }
}

struct Shredded {
  std::vector<uint16_t> rep;
  std::vector<uint16_t> def;
  std::shared_ptr<arrow::Array> values;  // nulls where a visible slot is null for any reason
};

class Shredder {
 public:
  Shredder(const std::vector<Layer>& layers, std::vector<int> way) : layers_(layers), way_(std::move(way)) {
    uint16_t level = 0;
    uint16_t lists = 0;
    for (Layer layer : layers) {
      base_.push_back(level);
      level = static_cast<uint16_t>(level + DefinitionLevels(layer));
      lists_below_.push_back(lists);
      if (IsListLayer(layer)) ++lists;
    }
    max_rep_ = lists;
  }

  Shredded Run(const std::shared_ptr<arrow::Array>& array, std::span<const RowRange> rows) {
    for (const RowRange& range : rows) {
      for (uint64_t row = range.start; row < range.end(); ++row) {
        Visit(array, static_cast<int64_t>(row), layers_.size() - 1, 0, max_rep_, 0);
      }
    }
    auto indices = picks_.Finish().ValueOrDie();
    if (leaf_ == nullptr) leaf_ = FindLeaf(array);
    out_.values = leaf_->type_id() == arrow::Type::NA
                      ? std::make_shared<arrow::NullArray>(indices->length())
                      : arrow::compute::Take(leaf_, indices).ValueOrDie().make_array();
    return std::move(out_);
  }

 private:
  std::shared_ptr<arrow::Array> FindLeaf(std::shared_ptr<arrow::Array> array) const {
    size_t step = 0;
    for (size_t layer = layers_.size(); layer-- > 1;) {
      if (IsListLayer(layers_[layer])) {
        array = static_cast<const arrow::ListArray&>(*array).values();
      } else {
        array = static_cast<const arrow::StructArray&>(*array).field(way_[step++]);
      }
    }
    return array;
  }

  void Emit(uint16_t rep, uint16_t def) {
    out_.rep.push_back(rep);
    out_.def.push_back(def);
  }

  // `def` is what an outer layer already decided (0: nothing yet).
  void Visit(const std::shared_ptr<arrow::Array>& array, int64_t row, size_t layer, size_t step, uint16_t rep,
             uint16_t def) {
    const bool null = array->IsNull(row);
    if (IsListLayer(layers_[layer])) {
      const auto& list = static_cast<const arrow::ListArray&>(*array);
      if (def == 0 && null) def = static_cast<uint16_t>(base_[layer] + 1);
      if (def == 0 && list.value_length(row) == 0) {
        def = static_cast<uint16_t>(base_[layer] + (layers_[layer] == Layer::kNullAndEmptyList ? 2 : 1));
      }
      if (def != 0) return Emit(rep, def);
      for (int64_t i = 0; i < list.value_length(row); ++i) {
        Visit(list.values(), list.value_offset(row) + i, layer - 1, step, i == 0 ? rep : lists_below_[layer],
              0);
      }
      return;
    }
    if (def == 0 && null) def = static_cast<uint16_t>(base_[layer] + 1);
    if (layer > 0) {
      Visit(static_cast<const arrow::StructArray&>(*array).field(way_[step]), row, layer - 1, step + 1, rep,
            def);
      return;
    }
    Emit(rep, def);
    leaf_ = array;
    if (def == 0) {
      (void)picks_.Append(row);
    } else {
      (void)picks_.AppendNull();
    }
  }

  std::vector<Layer> layers_;
  std::vector<int> way_;
  std::vector<uint16_t> base_;
  std::vector<uint16_t> lists_below_;
  uint16_t max_rep_ = 0;
  std::shared_ptr<arrow::Array> leaf_;
  arrow::Int64Builder picks_;
  Shredded out_;
};

}  // namespace lance::encoding::testing
