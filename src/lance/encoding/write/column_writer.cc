#include "lance/encoding/write/column_writer.h"

#include <algorithm>
#include <map>

#include <arrow/array/data.h>
#include <arrow/type.h>
#include <arrow/util/bit_util.h>

#include "lance/encoding/v2_0/field_writer.h"
#include "lance/encoding/write/blob_placer.h"
#include "lance/encoding/write/leaf_bytes.h"
#include "lance/encoding/write/page_encoder.h"
#include "lance/encoding/write/shred.h"
#include "lance/proto/array_encodings.pb.h"

namespace lance::encoding {
namespace {

using ArrayPtr = std::shared_ptr<arrow::ArrayData>;

/// About what a blob v2 takes in a page.
constexpr uint64_t kDescriptorBytes = 32;

// One column: rows held back until they make a page.
class LeafWriter {
 public:
  LeafWriter(LeafPath leaf, EncodingHints hints, std::optional<BlobPlacer> blobs,
             const ColumnOptions& options, size_t column)
      : leaf_(std::move(leaf)),
        hints_(std::move(hints)),
        blobs_(std::move(blobs)),
        options_(options),
        column_(column) {}

  const LeafPath& leaf() const { return leaf_; }

  Status Append(const ArrayPtr& column, PageSink* sink) {
    return AppendRows(column, {0, static_cast<uint64_t>(column->length)}, sink);
  }

  Status Flush(PageSink* sink) {
    if (held_rows_ == 0) return Status::OK();
    const uint64_t first_row = next_row_ - held_rows_;
    auto held = std::make_shared<std::vector<ShreddedLeaf>>(std::move(held_));
    held_.clear();
    held_rows_ = held_bytes_ = dictionary_entries_ = 0;
    return sink->AddPages(column_, [this, held, first_row]() -> Result<std::vector<EncodedPage>> {
      std::vector<EncodedPage> pages;
      ARROW_RETURN_NOT_OK(
          EncodePages(leaf_, hints_, options_.format, JoinRows(std::move(*held)), first_row, &pages));
      return pages;
    });
  }

 private:
  // Rows that are far from each other in size are told apart only after they were shredded: halves what is
  // too large for a page.
  Status AppendRows(const ArrayPtr& column, RowRange rows, PageSink* sink) {
    if (rows.length == 0) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(ShreddedLeaf shredded, Shred(leaf_, column, rows));
    const uint64_t bytes = blobs_ ? shredded.num_slots * kDescriptorBytes : LeafBytes(leaf_.shape, shredded);
    const uint64_t room = options_.page_bytes > held_bytes_ ? options_.page_bytes - held_bytes_ : 0;
    // Vectors are read a page at a time or one by one, never in small ranges: their pages may be large.
    const bool vectors = leaf_.type->id() == arrow::Type::FIXED_SIZE_LIST;
    const uint64_t wanted =
        vectors ? std::max(options_.page_bytes, options_.max_page_bytes) : options_.page_bytes;
    const uint64_t limit = vectors ? wanted : std::max(room, wanted / 2) + wanted / 2;
    if (bytes > limit && rows.length > 1) {
      // Whole pages of about the wanted size, by the average size of these rows.
      const uint64_t parts = std::max<uint64_t>(2, (bytes + wanted - 1) / wanted);
      const uint64_t step = std::max<uint64_t>(1, (rows.length + parts - 1) / parts);
      shredded = ShreddedLeaf();
      for (uint64_t start = 0; start < rows.length; start += step) {
        ARROW_RETURN_NOT_OK(
            AppendRows(column, {rows.start + start, std::min(step, rows.length - start)}, sink));
      }
      return Status::OK();
    }
    const uint64_t entries = NewDictionaryEntries(shredded);
    const bool too_much = held_bytes_ + bytes > options_.max_page_bytes;
    if (held_rows_ > 0 && (too_much || dictionary_entries_ + entries > MaxDictionaryEntries())) {
      ARROW_RETURN_NOT_OK(Flush(sink));
    }
    dictionary_entries_ += entries;
    if (blobs_) ARROW_RETURN_NOT_OK(blobs_->Place(&shredded, sink));
    held_.push_back(std::move(shredded));
    held_rows_ += rows.length;
    held_bytes_ += bytes;
    next_row_ += rows.length;
    return held_bytes_ >= options_.page_bytes ? Flush(sink) : Status::OK();
  }

  // Entries of dictionaries that are not the one of the batch before: a page has one dictionary, whose
  // entries must be numbered by the indices' type.
  uint64_t NewDictionaryEntries(const ShreddedLeaf& rows) {
    if (leaf_.shape.kind != LeafKind::kDictionary || rows.values.empty()) return 0;
    const auto& dictionary = rows.values[0].array->dictionary;
    if (!held_.empty() && !held_.back().values.empty() &&
        held_.back().values[0].array->dictionary == dictionary) {
      return 0;
    }
    return static_cast<uint64_t>(dictionary->length);
  }

  uint64_t MaxDictionaryEntries() const {
    if (leaf_.shape.kind != LeafKind::kDictionary) return UINT64_MAX;
    const uint64_t bits = leaf_.shape.children[0].bits;
    return bits > 32 ? uint64_t{INT32_MAX} : (uint64_t{1} << (bits - 1)) - 1;
  }

  LeafPath leaf_;
  EncodingHints hints_;
  std::optional<BlobPlacer> blobs_;  ///< of blob v2 columns
  const ColumnOptions& options_;
  size_t column_;
  std::vector<ShreddedLeaf> held_;
  uint64_t dictionary_entries_ = 0;
  uint64_t held_rows_ = 0;  ///< top-level rows
  uint64_t held_bytes_ = 0;
  uint64_t next_row_ = 0;
};

// A column of blobs: values go into the file at once, their positions into pages.
class BlobWriter {
 public:
  BlobWriter(LeafPath leaf, const ColumnOptions& options, size_t column)
      : leaf_(std::move(leaf)), options_(options), column_(column), full_(leaf_.ListLayers()) {}

  const LeafPath& leaf() const { return leaf_; }

  Status Append(const ArrayPtr& column, PageSink* sink) {
    const auto length = static_cast<uint64_t>(column->length);
    if (length == 0) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(ShreddedLeaf shredded, Shred(leaf_, column, {0, length}));
    const std::vector<ValuePiece> values = shredded.values;
    std::vector<ShreddedLeaf> pieces;
    pieces.push_back(std::move(shredded));
    PageRows rows = JoinRows(std::move(pieces));
    PageLevels levels = PageLevels::Make(full_, &rows);
    // One page has one set of layers.
    if (!positions_.empty() && levels.layers != layers_) ARROW_RETURN_NOT_OK(Flush(sink));
    layers_ = levels.layers;
    uint64_t slot = 0;
    for (const ValuePiece& piece : values) {
      const auto* offsets = piece.array->GetValues<int64_t>(1);
      for (const RowRange& range : piece.rows) {
        for (uint64_t row = range.start; row < range.end(); ++row, ++slot) {
          const uint16_t def = levels.def.empty() ? uint16_t{0} : levels.def[slot];
          const auto bytes = static_cast<uint64_t>(offsets[row + 1] - offsets[row]);
          uint64_t position = 0;
          if (def != 0) {
            position = static_cast<uint64_t>(def) << 16;
          } else if (bytes > 0) {
            ARROW_ASSIGN_OR_RAISE(position,
                                  sink->WriteBytes({piece.array->buffers[2]->data() + offsets[row], bytes}));
          }
          positions_.push_back(position);
          sizes_.push_back(def != 0 ? 0 : bytes);
        }
      }
    }
    next_row_ += length;
    return positions_.size() * 16 >= options_.page_bytes ? Flush(sink) : Status::OK();
  }

  Status Flush(PageSink* sink) {
    if (positions_.empty()) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(EncodedPage page,
                          EncodeBlobDescriptors(positions_, sizes_, layers_, options_.format));
    page.first_row = next_row_ - positions_.size();
    positions_.clear();
    sizes_.clear();
    auto done = std::make_shared<EncodedPage>(std::move(page));
    return sink->AddPages(column_, [done] { return std::vector<EncodedPage>{std::move(*done)}; });
  }

 private:
  LeafPath leaf_;
  const ColumnOptions& options_;
  size_t column_;
  FullLevels full_;
  std::vector<Layer> layers_;
  std::vector<uint64_t> positions_;
  std::vector<uint64_t> sizes_;
  uint64_t next_row_ = 0;
};

class StructuralFieldWriter final : public FieldWriter {
 public:
  explicit StructuralFieldWriter(const ColumnOptions& options) : options_(options) {}

  Status Init(std::vector<LeafPath> leaves) {
    for (LeafPath& leaf : leaves) {
      const size_t column = columns_++;
      ids_.push_back(leaf.field->id);
      checked_.push_back(leaf);
      if (leaf.blob != BlobForm::kV1) {
        std::optional<BlobPlacer> blobs;
        if (leaf.blob == BlobForm::kV2) {
          ARROW_ASSIGN_OR_RAISE(blobs, BlobPlacer::Make(*leaf.field, options_.sidecars));
          checked_blobs_.emplace(column, *blobs);
        }
        ARROW_ASSIGN_OR_RAISE(EncodingHints hints, EncodingHints::Parse(*leaf.field, options_.format));
        leaves_.push_back(std::make_unique<LeafWriter>(std::move(leaf), std::move(hints), std::move(blobs),
                                                       options_, column));
      } else {
        blobs_.push_back(std::make_unique<BlobWriter>(std::move(leaf), options_, column));
      }
    }
    return Status::OK();
  }

  size_t num_columns() const override { return columns_; }
  std::vector<int32_t> field_ids() const override { return ids_; }
  std::string column_encoding(size_t /*column*/) const override {
    pb20::ColumnEncoding encoding;
    encoding.mutable_values();
    return encoding.SerializeAsString();
  }

  Status Check(const ArrayPtr& column) const override {
    // What can go wrong shows when the rows are taken apart; flat fields have only their own nulls.
    const bool flat = checked_.size() == 1 && checked_[0].steps.empty() &&
                      checked_[0].shape.kind != LeafKind::kPackedStruct &&
                      checked_[0].shape.kind != LeafKind::kDictionary;
    if (flat) {
      const bool null_type = checked_[0].shape.kind == LeafKind::kNull && !checked_[0].is_empty_struct;
      if (!checked_[0].field->nullable && (column->GetNullCount() > 0 || null_type)) {
        return InvalidArgument("field {} is not nullable but has nulls", checked_[0].name);
      }
      return Status::OK();
    }
    constexpr uint64_t kStep = 1 << 16;
    const auto length = static_cast<uint64_t>(column->length);
    for (size_t i = 0; i < checked_.size(); ++i) {
      auto blobs = checked_blobs_.find(i);
      for (uint64_t start = 0; start < length || start == 0; start += kStep) {
        ARROW_ASSIGN_OR_RAISE(auto shredded,
                              Shred(checked_[i], column, {start, std::min(kStep, length - start)}));
        if (blobs != checked_blobs_.end()) ARROW_RETURN_NOT_OK(blobs->second.Check(shredded));
      }
    }
    return Status::OK();
  }

  Status Append(const ArrayPtr& column, PageSink* sink) override {
    for (auto& leaf : leaves_) ARROW_RETURN_NOT_OK(leaf->Append(column, sink));
    for (auto& blob : blobs_) ARROW_RETURN_NOT_OK(blob->Append(column, sink));
    return Status::OK();
  }

  Status Flush(PageSink* sink) override {
    for (auto& leaf : leaves_) ARROW_RETURN_NOT_OK(leaf->Flush(sink));
    for (auto& blob : blobs_) ARROW_RETURN_NOT_OK(blob->Flush(sink));
    return Status::OK();
  }

 private:
  ColumnOptions options_;
  size_t columns_ = 0;
  std::vector<int32_t> ids_;
  std::vector<LeafPath> checked_;
  std::map<size_t, BlobPlacer> checked_blobs_;  ///< by column
  std::vector<std::unique_ptr<LeafWriter>> leaves_;
  std::vector<std::unique_ptr<BlobWriter>> blobs_;
};

}  // namespace

Result<std::unique_ptr<FieldWriter>> MakeFieldWriter(const schema::Field& field,
                                                     const ColumnOptions& options) {
  if (options.format.minor == 0) return MakeFieldWriterV2_0(field, options);
  ARROW_ASSIGN_OR_RAISE(std::vector<LeafPath> leaves, FindLeaves(field, options.format));
  auto writer = std::make_unique<StructuralFieldWriter>(options);
  ARROW_RETURN_NOT_OK(writer->Init(std::move(leaves)));
  return writer;
}

}  // namespace lance::encoding
