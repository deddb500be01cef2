// Fields of version 2.0: a column a node of the schema's tree. Structs store their length only, lists their
// ends, and what lies under them goes on in the columns of their children.
#include "lance/encoding/v2_0/field_writer.h"

#include <algorithm>

#include <arrow/array/data.h>
#include <arrow/type.h>
#include <arrow/util/bit_util.h>

#include "lance/encoding/v2_0/array_encode.h"
#include "lance/encoding/write/leaf_bytes.h"
#include "lance/encoding/write/leaf_path.h"
#include "lance/encoding/write/shred.h"
#include "lance/proto/array_encodings.pb.h"
#include "lance/schema/logical_type.h"
#include "lance/schema/schema.h"

namespace lance::encoding {
namespace {

using ArrayPtr = std::shared_ptr<arrow::ArrayData>;

struct Context {
  ColumnOptions options;
  PageSink* sink = nullptr;  ///< during a call
};

/// A column and the columns below it.
class Node {
 public:
  Node(const schema::Field& field, std::string name, size_t column, Context* context)
      : field_(field), name_(std::move(name)), column_(column), context_(context) {}
  virtual ~Node() = default;

  /// Fails without effect when rows cannot be stored.
  virtual Status Check(const arrow::ArrayData& array, const RowRanges& rows) const = 0;
  /// `first_row` is the top-level number of the first of these rows.
  virtual Status Append(const ArrayPtr& array, const RowRanges& rows, uint64_t first_row) = 0;
  virtual Status Flush() = 0;
  virtual bool is_blob() const { return false; }

 protected:
  // Rows that are null, where the field allows them.
  Status CheckNulls(const arrow::ArrayData& array, const RowRanges& rows, bool allowed,
                    const char* why) const {
    if (array.buffers.empty() || array.buffers[0] == nullptr || allowed) return Status::OK();
    for (const RowRange& range : rows) {
      for (uint64_t row = range.start; row < range.end(); ++row) {
        if (!arrow::bit_util::GetBit(array.buffers[0]->data(), array.offset + static_cast<int64_t>(row))) {
          return InvalidArgument("field {} {}", name_, why);
        }
      }
    }
    return Status::OK();
  }

  Status Submit(EncodedPage page, uint64_t first_row) {
    page.first_row = first_row;
    auto done = std::make_shared<EncodedPage>(std::move(page));
    return context_->sink->AddPages(column_, [done] { return std::vector<EncodedPage>{std::move(*done)}; });
  }

  const schema::Field& field_;
  const std::string name_;
  const size_t column_;
  Context* const context_;
};

/// Values; blobs are put into the file one by one, their places are the values.
class LeafNode final : public Node {
 public:
  LeafNode(LeafPath leaf, size_t column, Context* context)
      : Node(*leaf.field, leaf.name, column, context), leaf_(std::move(leaf)) {}

  bool is_blob() const override { return leaf_.blob != BlobForm::kNone; }

  Status Check(const arrow::ArrayData& array, const RowRanges& rows) const override {
    auto column = std::make_shared<arrow::ArrayData>(array);
    for (const RowRange& range : rows) {
      ARROW_ASSIGN_OR_RAISE(ShreddedLeaf shredded, Shred(leaf_, column, range));
      if (leaf_.shape.kind == LeafKind::kPackedStruct && !is_blob() && !shredded.def.empty() &&
          *std::max_element(shredded.def.begin(), shredded.def.end()) > 0) {
        return InvalidArgument("field {} has null structs, which version 2.0 cannot store", name_);
      }
    }
    return Status::OK();
  }

  Status Append(const ArrayPtr& array, const RowRanges& rows, uint64_t first_row) override {
    for (const RowRange& range : rows) {
      ARROW_ASSIGN_OR_RAISE(ShreddedLeaf shredded, Shred(leaf_, array, range));
      if (is_blob()) {
        ARROW_RETURN_NOT_OK(AppendBlobs(shredded, first_row));
        continue;
      }
      if (held_.empty()) first_row_ = first_row;
      held_bytes_ += LeafBytes(leaf_.shape, shredded);
      held_.push_back(std::move(shredded));
      if (held_bytes_ >= context_->options.page_bytes) ARROW_RETURN_NOT_OK(Flush());
    }
    return Status::OK();
  }

  Status Flush() override {
    if (is_blob()) return FlushBlobs();
    if (held_.empty()) return Status::OK();
    auto held = std::make_shared<std::vector<ShreddedLeaf>>(std::move(held_));
    held_.clear();
    held_bytes_ = 0;
    const uint64_t first_row = first_row_;
    return context_->sink->AddPages(column_, [this, held, first_row]() -> Result<std::vector<EncodedPage>> {
      return WithContext(EncodeHeld(std::move(*held), first_row), "field " + name_);
    });
  }

 private:
  Result<std::vector<EncodedPage>> EncodeHeld(std::vector<ShreddedLeaf> held, uint64_t first_row) const {
    PageRows rows = JoinRows(std::move(held));
    const PageLevels levels = PageLevels::Make(FullLevels(leaf_.ListLayers()), &rows);
    LeafValues values;
    values.size = rows.num_values;
    const bool nothing = leaf_.shape.kind == LeafKind::kNull ||
                         (leaf_.shape.kind == LeafKind::kDictionary && levels.all_null &&
                          rows.values[0].array->dictionary->length == 0);
    if (!nothing) {
      ARROW_ASSIGN_OR_RAISE(values, GatherValues(leaf_.shape, rows.values, levels));
    }
    ARROW_ASSIGN_OR_RAISE(EncodedPage page, v2_0::EncodeArray(leaf_.shape, values, NullFlags(levels)));
    page.first_row = first_row;
    std::vector<EncodedPage> pages;
    pages.push_back(std::move(page));
    return pages;
  }

  Status AppendBlobs(const ShreddedLeaf& rows, uint64_t first_row) {
    if (positions_.empty()) first_row_ = first_row;
    uint64_t slot = 0;
    for (const ValuePiece& piece : rows.values) {
      const auto* offsets = piece.array->GetValues<int64_t>(1);
      for (const RowRange& range : piece.rows) {
        for (uint64_t row = range.start; row < range.end(); ++row, ++slot) {
          const bool null = !rows.def.empty() && rows.def[slot] != 0;
          const uint64_t bytes = null ? 0 : static_cast<uint64_t>(offsets[row + 1] - offsets[row]);
          uint64_t position = null ? 1 : 0;
          if (bytes > 0) {
            ARROW_ASSIGN_OR_RAISE(position, context_->sink->WriteBytes(
                                                {piece.array->buffers[2]->data() + offsets[row], bytes}));
          }
          positions_.push_back(position);
          sizes_.push_back(bytes);
        }
      }
    }
    return positions_.size() * 16 >= context_->options.page_bytes ? FlushBlobs() : Status::OK();
  }

  Status FlushBlobs() {
    if (positions_.empty()) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(EncodedPage page, v2_0::EncodeBlobDescriptors(positions_, sizes_));
    positions_.clear();
    sizes_.clear();
    return Submit(std::move(page), first_row_);
  }

  LeafPath leaf_;
  std::vector<ShreddedLeaf> held_;
  uint64_t held_bytes_ = 0;
  uint64_t first_row_ = 0;
  std::vector<uint64_t> positions_;
  std::vector<uint64_t> sizes_;
};

class StructNode final : public Node {
 public:
  using Node::Node;
  std::vector<std::unique_ptr<Node>> children;  ///< one a child of the field

  Status Check(const arrow::ArrayData& array, const RowRanges& rows) const override {
    ARROW_RETURN_NOT_OK(CheckNulls(array, rows, false, "has null structs, which version 2.0 cannot store"));
    const RowRanges inside = Inside(array, rows);
    for (size_t i = 0; i < children.size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(const ArrayPtr* child, Find(array, i));
      ARROW_RETURN_NOT_OK(children[i]->Check(**child, inside));
    }
    return Status::OK();
  }

  Status Append(const ArrayPtr& array, const RowRanges& rows, uint64_t first_row) override {
    if (num_rows_ == 0) first_row_ = first_row;
    num_rows_ += CountRows(rows);
    const RowRanges inside = Inside(*array, rows);
    for (size_t i = 0; i < children.size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(const ArrayPtr* child, Find(*array, i));
      ARROW_RETURN_NOT_OK(children[i]->Append(*child, inside, first_row));
    }
    return Status::OK();
  }

  Status Flush() override {
    // Even without rows: the reference looks for the page.
    if (num_rows_ > 0 || !written_)
      ARROW_RETURN_NOT_OK(Submit(v2_0::EncodeStructHeader(num_rows_), first_row_));
    written_ = true;
    num_rows_ = 0;
    for (auto& child : children) ARROW_RETURN_NOT_OK(child->Flush());
    return Status::OK();
  }

 private:
  static RowRanges Inside(const arrow::ArrayData& array, RowRanges rows) {
    for (RowRange& range : rows) range.start += static_cast<uint64_t>(array.offset);
    return rows;
  }

  Result<const ArrayPtr*> Find(const arrow::ArrayData& array, size_t i) const {
    for (int j = 0; j < array.type->num_fields(); ++j) {
      if (array.type->field(j)->name() == field_.children[i].name)
        return &array.child_data[static_cast<size_t>(j)];
    }
    return InvalidArgument("field {} has no member {}", name_, field_.children[i].name);
  }

  uint64_t num_rows_ = 0;
  uint64_t first_row_ = 0;
  bool written_ = false;
};

class ListNode final : public Node {
 public:
  using Node::Node;
  std::unique_ptr<Node> items;

  Status Check(const arrow::ArrayData& array, const RowRanges& rows) const override {
    ARROW_RETURN_NOT_OK(CheckNulls(array, rows, field_.nullable, "is not nullable but has nulls"));
    return items->Check(*array.child_data[0], ItemsOf(array, rows, nullptr));
  }

  Status Append(const ArrayPtr& array, const RowRanges& rows, uint64_t first_row) override {
    if (ends_.empty()) first_row_ = first_row;
    const RowRanges inside = ItemsOf(*array, rows, this);
    if (!inside.empty()) ARROW_RETURN_NOT_OK(items->Append(array->child_data[0], inside, first_row));
    return ends_.size() * 8 >= context_->options.page_bytes ? FlushEnds() : Status::OK();
  }

  Status Flush() override {
    ARROW_RETURN_NOT_OK(FlushEnds());
    return items->Flush();
  }

 private:
  Status FlushEnds() {
    if (ends_.empty()) return Status::OK();
    for (size_t i = 0; i < ends_.size(); ++i) ends_[i] += nulls_[i] ? num_items_ + 1 : 0;
    ARROW_ASSIGN_OR_RAISE(EncodedPage page, v2_0::EncodeLists(ends_, num_items_));
    ends_.clear();
    nulls_.clear();
    num_items_ = 0;
    return Submit(std::move(page), first_row_);
  }

  // The items of valid lists; adds the lists to `to` when it is given.
  static RowRanges ItemsOf(const arrow::ArrayData& array, const RowRanges& rows, ListNode* to) {
    return array.type->id() == arrow::Type::LARGE_LIST ? Walk<int64_t>(array, rows, to)
                                                       : Walk<int32_t>(array, rows, to);
  }

  template <typename Offset>
  static RowRanges Walk(const arrow::ArrayData& array, const RowRanges& rows, ListNode* to) {
    RowRanges out;
    const auto* offsets = array.GetValues<Offset>(1);
    const uint8_t* validity = array.buffers[0] == nullptr ? nullptr : array.buffers[0]->data();
    for (const RowRange& range : rows) {
      for (uint64_t row = range.start; row < range.end(); ++row) {
        const bool null = validity != nullptr &&
                          !arrow::bit_util::GetBit(validity, array.offset + static_cast<int64_t>(row));
        const auto length = null ? uint64_t{0} : static_cast<uint64_t>(offsets[row + 1] - offsets[row]);
        AppendRange(&out, {static_cast<uint64_t>(offsets[row]), length});
        if (to == nullptr) continue;
        to->num_items_ += length;
        to->ends_.push_back(to->num_items_);
        to->nulls_.push_back(null);
      }
    }
    return out;
  }

  std::vector<uint64_t> ends_;  ///< of lists held back
  std::vector<bool> nulls_;
  uint64_t num_items_ = 0;
  uint64_t first_row_ = 0;
};

class TreeWriter final : public FieldWriter {
 public:
  explicit TreeWriter(const ColumnOptions& options) {
    context_.options = options;
    context_.options.page_bytes = std::min(options.page_bytes, options.max_page_bytes);
  }

  Status Init(const schema::Field& field) {
    return Build(field, field.name, /*in_list=*/false).Value(&root_);
  }

  size_t num_columns() const override { return ids_.size(); }
  std::vector<int32_t> field_ids() const override { return ids_; }
  std::string column_encoding(size_t column) const override {
    pb20::ColumnEncoding encoding;
    (blobs_[column] ? encoding.mutable_blob()->mutable_inner() : &encoding)->mutable_values();
    return encoding.SerializeAsString();
  }

  Status Check(const ArrayPtr& column) const override { return root_->Check(*column, All(*column)); }

  Status Append(const ArrayPtr& column, PageSink* sink) override {
    context_.sink = sink;
    const auto rows = static_cast<uint64_t>(column->length);
    // Steps of a part of a page, so that pages end near the size they should have.
    const uint64_t bytes =
        std::max<uint64_t>(1, BytesOf(*column, static_cast<uint64_t>(column->offset), rows));
    const uint64_t steps = 1 + 4 * bytes / context_.options.page_bytes;
    const uint64_t step = std::max<uint64_t>(1, rows / steps);
    for (uint64_t start = 0; start < rows; start += step) {
      const RowRanges some = {{start, std::min(step, rows - start)}};
      ARROW_RETURN_NOT_OK(root_->Append(column, some, next_row_));
      next_row_ += some[0].length;
    }
    return Status::OK();
  }

  Status Flush(PageSink* sink) override {
    context_.sink = sink;
    return root_->Flush();
  }

 private:
  static RowRanges All(const arrow::ArrayData& array) {
    RowRanges rows;
    AppendRange(&rows, {0, static_cast<uint64_t>(array.length)});
    return rows;
  }

  // Bytes of `length` rows of an array from `start` on, its offset included.
  static uint64_t BytesOf(const arrow::ArrayData& array, uint64_t start, uint64_t length) {
    auto between = [&](const auto* offsets) {
      return std::pair(static_cast<uint64_t>(offsets[start]),
                       static_cast<uint64_t>(offsets[start + length] - offsets[start]));
    };
    if (length == 0 || array.buffers.empty()) return 0;
    switch (array.type->id()) {
      case arrow::Type::STRING:
      case arrow::Type::BINARY:
        return between(array.GetValues<int32_t>(1, 0)).second + length * 4;
      case arrow::Type::LARGE_STRING:
      case arrow::Type::LARGE_BINARY:
        return between(array.GetValues<int64_t>(1, 0)).second + length * 8;
      case arrow::Type::LIST:
      case arrow::Type::LARGE_LIST: {
        const auto [first, items] = array.type->id() == arrow::Type::LIST
                                        ? between(array.GetValues<int32_t>(1, 0))
                                        : between(array.GetValues<int64_t>(1, 0));
        const arrow::ArrayData& child = *array.child_data[0];
        return length * 8 + BytesOf(child, first + static_cast<uint64_t>(child.offset), items);
      }
      case arrow::Type::STRUCT: {
        uint64_t bytes = 0;
        for (const auto& child : array.child_data)
          bytes += BytesOf(*child, start + static_cast<uint64_t>(child->offset), length);
        return bytes;
      }
      case arrow::Type::FIXED_SIZE_LIST: {
        const auto size =
            static_cast<uint64_t>(static_cast<const arrow::FixedSizeListType&>(*array.type).list_size());
        const arrow::ArrayData& child = *array.child_data[0];
        return BytesOf(child, start * size + static_cast<uint64_t>(child.offset), length * size);
      }
      default:
        return length * static_cast<uint64_t>(std::max(1, array.type->bit_width())) / 8;
    }
  }

  size_t AddColumn(const schema::Field& field, bool blob) {
    ids_.push_back(field.id);
    blobs_.push_back(blob);
    return ids_.size() - 1;
  }

  Result<std::unique_ptr<Node>> Build(const schema::Field& field, const std::string& name, bool in_list) {
    if (field.is_map()) return NotSupported("field {}: maps need file version 2.1", name);
    if (field.is_blob_v2()) {
      return InvalidArgument("Blob v2 requires file version >= 2.2 (field {}, version 2.0)", name);
    }
    if (schema::StructListDimension(field.logical_type) > 0) {
      return NotSupported("field {}: fixed-size lists of structs need file version 2.2", name);
    }
    if (field.is_list()) {
      auto node = std::make_unique<ListNode>(field, name, AddColumn(field, false), &context_);
      ARROW_ASSIGN_OR_RAISE(node->items, Build(field.children[0], name + "." + field.children[0].name, true));
      return node;
    }
    if (field.is_struct() && !field.is_packed_struct()) {
      auto node = std::make_unique<StructNode>(field, name, AddColumn(field, false), &context_);
      for (const schema::Field& child : field.children) {
        ARROW_ASSIGN_OR_RAISE(auto built, Build(child, name + "." + child.name, in_list));
        node->children.push_back(std::move(built));
      }
      return node;
    }
    PageFormat leaf_format{2, 1};  // what a leaf can be is the same there
    ARROW_ASSIGN_OR_RAISE(std::vector<LeafPath> leaves, FindLeaves(field, leaf_format));
    if (leaves.size() != 1) return Internal("field {} has {} leaves", name, leaves.size());
    leaves[0].name = name;
    const bool blob = leaves[0].blob != BlobForm::kNone;
    if (blob && in_list) return NotSupported("field {}: a blob in a list", name);
    return std::make_unique<LeafNode>(std::move(leaves[0]), AddColumn(field, blob), &context_);
  }

  Context context_;
  std::vector<int32_t> ids_;
  std::vector<bool> blobs_;
  std::unique_ptr<Node> root_;
  uint64_t next_row_ = 0;
};

}  // namespace

Result<std::unique_ptr<FieldWriter>> MakeFieldWriterV2_0(const schema::Field& field,
                                                         const ColumnOptions& options) {
  auto writer = std::make_unique<TreeWriter>(options);
  ARROW_RETURN_NOT_OK(writer->Init(field));
  return writer;
}

}  // namespace lance::encoding
