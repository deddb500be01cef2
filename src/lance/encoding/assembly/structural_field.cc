#include <algorithm>

#include <arrow/api.h>

#include "lance/base/checked_math.h"
#include "lance/encoding/assembly/blob_bytes.h"
#include "lance/encoding/assembly/nested.h"
#include "lance/encoding/core/field_reader.h"
#include "lance/schema/logical_type.h"
#include "lance/schema/schema.h"

namespace lance::encoding {
namespace {

struct Leaf {
  std::unique_ptr<LeafColumn> column;
  uint64_t multiplier = 1;  ///< column rows per row of the field
};

// Turns a schema field into the tree of what is read, opening the leaf columns on the way.
class TreeBuilder {
 public:
  TreeBuilder(const FieldOptions& options, ColumnSource* source, std::vector<Leaf>* leaves)
      : options_(options), source_(source), leaves_(leaves) {}

  Result<Node> Build(const schema::Field& field) {
    if (field.is_blob()) return BuildBlob(field);
    if (field.is_packed_struct()) return BuildPackedStruct(field);
    if (field.is_struct()) return BuildStruct(field);
    if (field.is_list() || field.is_map()) return BuildList(field);
    if (schema::StructListDimension(field.logical_type) > 0) return BuildFixedSizeList(field);
    ARROW_ASSIGN_OR_RAISE(auto arrow_field, field.ToArrow());
    return MakeLeaf(field, std::move(arrow_field), nullptr);
  }

 private:
  struct OuterLayer {
    LayerKind kind;
    uint64_t multiplier;  ///< column rows per row, this layer included
  };

  uint64_t multiplier() const { return outer_.empty() ? 1 : outer_.back().multiplier; }
  bool InsideList() const {
    return std::any_of(outer_.begin(), outer_.end(),
                       [](const OuterLayer& layer) { return layer.kind == LayerKind::kList; });
  }

  // Innermost first, the leaf itself being the first layer.
  std::vector<LayerKind> Shape() const {
    std::vector<LayerKind> shape = {LayerKind::kItem};
    for (auto layer = outer_.rbegin(); layer != outer_.rend(); ++layer) shape.push_back(layer->kind);
    return shape;
  }

  Result<Node> MakeMissing(const schema::Field& field, std::shared_ptr<arrow::Field> arrow_field) {
    if (!options_.missing_as_null) {
      return NotFound("{}: field {} (id {}) is not in this file", source_->path(), field.name, field.id);
    }
    Node node;
    node.kind = Node::Kind::kMissing;
    node.field = std::move(arrow_field);
    return node;
  }

  // `stored_type`: what the column holds when it is more than what is returned.
  Result<Node> MakeLeaf(const schema::Field& field, std::shared_ptr<arrow::Field> arrow_field,
                        std::shared_ptr<arrow::DataType> stored_type) {
    std::optional<int> index = source_->ColumnOf(field.id);
    if (!index) return MakeMissing(field, std::move(arrow_field));
    ARROW_ASSIGN_OR_RAISE(const ColumnInfo* info, source_->Column(*index));
    ARROW_ASSIGN_OR_RAISE(uint64_t rows, CheckedMul(source_->num_rows(), multiplier(), "rows of the column"));
    if (stored_type == nullptr) stored_type = arrow_field->type();
    ARROW_ASSIGN_OR_RAISE(auto column, OpenLeafColumn(info, std::move(stored_type), rows, Shape(), source_));
    Node node;
    node.kind = Node::Kind::kLeaf;
    node.field = std::move(arrow_field);
    node.leaf = leaves_->size();
    node.has_leaves = true;
    leaves_->push_back({std::move(column), multiplier()});
    return node;
  }

  Result<Node> BuildBlob(const schema::Field& field) {
    schema::Field descriptor = field.BlobDescriptor();
    ARROW_ASSIGN_OR_RAISE(auto described, descriptor.ToArrow());
    ARROW_ASSIGN_OR_RAISE(Node node, MakeLeaf(field, std::move(described), nullptr));
    if (!options_.blob_bytes) return node;
    const bool writable = options_.blob_writable && field.is_blob_v2();
    ARROW_ASSIGN_OR_RAISE(node.field, field.BlobBytes().ToArrow());
    if (writable) node.field = node.field->WithType(WritableBlobType());
    if (node.kind == Node::Kind::kMissing) return node;
    std::unique_ptr<LeafColumn>& column = leaves_->back().column;
    const BlobView view = writable             ? BlobView::kWritable
                          : field.is_blob_v2() ? BlobView::kBytesOfV2
                                               : BlobView::kBytesOfV1;
    column = MakeBlobBytesColumn(std::move(column), view, source_, options_.blob_resolver);
    return node;
  }

  // The column always holds all members; what is asked for may be fewer.
  Result<Node> BuildPackedStruct(const schema::Field& field) {
    ARROW_ASSIGN_OR_RAISE(auto arrow_field, field.ToArrow());
    const schema::Field* stored = source_->StoredField(field.id);
    if (stored == nullptr || !stored->is_packed_struct()) stored = &field;
    ARROW_ASSIGN_OR_RAISE(auto stored_type, stored->ArrowType());
    std::vector<int> members;
    for (const schema::Field& child : field.children) {
      auto same = [&](const schema::Field& other) {
        return child.id >= 0 && other.id >= 0 ? child.id == other.id : child.name == other.name;
      };
      auto found = std::find_if(stored->children.begin(), stored->children.end(), same);
      if (found == stored->children.end()) {
        return NotFound("{}: member {} of packed struct {} is not in this file", source_->path(), child.name,
                        field.name);
      }
      members.push_back(static_cast<int>(found - stored->children.begin()));
    }
    ARROW_ASSIGN_OR_RAISE(Node node, MakeLeaf(field, std::move(arrow_field), stored_type));
    if (node.kind == Node::Kind::kLeaf && !stored_type->Equals(*node.type())) {
      node.packed_members = std::move(members);
    }
    return node;
  }

  Result<Node> BuildStruct(const schema::Field& field) {
    Node node;
    node.kind = field.children.empty() ? Node::Kind::kEmptyStruct : Node::Kind::kStruct;
    outer_.push_back({LayerKind::kItem, multiplier()});
    ARROW_RETURN_NOT_OK(BuildChildren(field, &node));
    outer_.pop_back();
    arrow::FieldVector members;
    bool all_missing = !node.children.empty();
    for (const Node& child : node.children) {
      members.push_back(child.field);
      all_missing &= child.kind == Node::Kind::kMissing;
    }
    ARROW_RETURN_NOT_OK(SetField(field, arrow::struct_(std::move(members)), &node));
    if (all_missing) node.kind = Node::Kind::kMissing;
    return node;
  }

  Result<Node> BuildList(const schema::Field& field) {
    LANCE_CHECK_BYTES(field.children.size() == 1, "{}: {} {} has {} children", source_->path(),
                      field.logical_type, field.name, field.children.size());
    Node node;
    node.kind = field.is_map() ? Node::Kind::kMap : Node::Kind::kList;
    outer_.push_back({LayerKind::kList, multiplier()});
    ARROW_RETURN_NOT_OK(BuildChildren(field, &node));
    outer_.pop_back();
    const Node& item = node.children[0];
    std::shared_ptr<arrow::DataType> type;
    if (field.is_map()) {
      // Checks that the entries are what Arrow wants before its constructor asserts it.
      ARROW_ASSIGN_OR_RAISE(type, field.ArrowType());
      type = std::make_shared<arrow::MapType>(item.field);
    } else {
      type =
          field.logical_type.starts_with("large") ? arrow::large_list(item.field) : arrow::list(item.field);
    }
    ARROW_RETURN_NOT_OK(SetField(field, std::move(type), &node));
    return FinishContainer(field, std::move(node));
  }

  Result<Node> BuildFixedSizeList(const schema::Field& field) {
    LANCE_CHECK_BYTES(field.children.size() == 1, "{}: {} {} has {} children", source_->path(),
                      field.logical_type, field.name, field.children.size());
    if (InsideList()) {
      return NotSupported("{}: field {}: fixed-size lists of structs inside of lists", source_->path(),
                          field.name);
    }
    const int32_t dimension = schema::StructListDimension(field.logical_type);
    Node node;
    node.kind = Node::Kind::kFixedSizeList;
    ARROW_ASSIGN_OR_RAISE(uint64_t rows, CheckedMul(multiplier(), static_cast<uint64_t>(dimension),
                                                    "items of nested fixed-size lists"));
    outer_.push_back({LayerKind::kItem, rows});
    ARROW_RETURN_NOT_OK(BuildChildren(field, &node));
    outer_.pop_back();
    ARROW_RETURN_NOT_OK(SetField(field, arrow::fixed_size_list(node.children[0].field, dimension), &node));
    return FinishContainer(field, std::move(node));
  }

  // A list can be built only when something below it tells how long its lists are.
  Result<Node> FinishContainer(const schema::Field& field, Node node) {
    if (node.has_leaves) return node;
    if (node.children[0].kind == Node::Kind::kMissing) return MakeMissing(field, std::move(node.field));
    return NotSupported("{}: field {}: lists of structs without members", source_->path(), field.name);
  }

  Status BuildChildren(const schema::Field& field, Node* node) {
    LANCE_CHECK_BYTES(outer_.size() < 256, "{}: field {} is nested deeper than 256", source_->path(),
                      field.name);
    node->children.reserve(field.children.size());
    for (const schema::Field& child : field.children) {
      ARROW_ASSIGN_OR_RAISE(Node built, Build(child));
      node->has_leaves |= built.has_leaves;
      node->children.push_back(std::move(built));
    }
    return Status::OK();
  }

  Status SetField(const schema::Field& field, std::shared_ptr<arrow::DataType> type, Node* node) {
    std::shared_ptr<arrow::KeyValueMetadata> metadata;
    if (!field.metadata.empty()) metadata = std::make_shared<arrow::KeyValueMetadata>();
    for (const auto& [key, value] : field.metadata) metadata->Append(key, value);
    node->field = arrow::field(field.name, std::move(type), field.nullable, std::move(metadata));
    return Status::OK();
  }

  const FieldOptions& options_;
  ColumnSource* source_;
  std::vector<Leaf>* leaves_;
  std::vector<OuterLayer> outer_;  ///< layers around what is being built, outermost first
};

class StructuralFieldTask final : public FieldTask {
 public:
  StructuralFieldTask(std::shared_ptr<ColumnSource> source, std::shared_ptr<const Node> root,
                      std::vector<std::unique_ptr<LeafTask>> leaves, uint64_t num_rows)
      : source_(std::move(source)), root_(std::move(root)), leaves_(std::move(leaves)), num_rows_(num_rows) {
    for (const auto& leaf : leaves_) leaf->AppendRanges(&ranges_);
  }

  std::span<const ByteRange> ranges() const override { return ranges_; }

  Result<std::shared_ptr<arrow::ArrayData>> Decode(std::vector<BufferPtr> buffers) override {
    if (buffers.size() != ranges_.size()) {
      return Internal("{} buffers answer {} ranges", buffers.size(), ranges_.size());
    }
    std::vector<DecodedLeaf> decoded;
    decoded.reserve(leaves_.size());
    std::span<BufferPtr> rest(buffers);
    for (const auto& leaf : leaves_) {
      ARROW_ASSIGN_OR_RAISE(DecodedLeaf one, leaf->Decode(rest.first(leaf->num_ranges())));
      rest = rest.subspan(leaf->num_ranges());
      decoded.push_back(std::move(one));
    }
    return WithContext(Assemble(*root_, decoded, num_rows_), source_->path());
  }

 private:
  std::shared_ptr<ColumnSource> source_;
  std::shared_ptr<const Node> root_;
  std::vector<std::unique_ptr<LeafTask>> leaves_;
  uint64_t num_rows_;
  std::vector<ByteRange> ranges_;
};

class StructuralFieldReader final : public FieldReader,
                                    public std::enable_shared_from_this<StructuralFieldReader> {
 public:
  StructuralFieldReader(std::shared_ptr<ColumnSource> source, Node root, std::vector<Leaf> leaves)
      : source_(std::move(source)), root_(std::move(root)), leaves_(std::move(leaves)) {}

  const std::shared_ptr<arrow::DataType>& type() const override { return root_.type(); }

  Result<std::unique_ptr<FieldTask>> Plan(std::span<const RowRange> rows) override {
    ARROW_RETURN_NOT_OK(CheckRows(rows));
    std::vector<std::unique_ptr<LeafTask>> tasks;
    tasks.reserve(leaves_.size());
    RowRanges scaled;
    for (const Leaf& leaf : leaves_) {
      std::span<const RowRange> wanted = rows;
      if (leaf.multiplier != 1) {
        scaled.clear();
        for (const RowRange& range : rows) {
          scaled.push_back({range.start * leaf.multiplier, range.length * leaf.multiplier});
        }
        wanted = scaled;
      }
      ARROW_ASSIGN_OR_RAISE(auto task, leaf.column->Plan(wanted));
      tasks.push_back(std::move(task));
    }
    // The task reaches the columns through this reader.
    std::shared_ptr<const Node> root(shared_from_this(), &root_);
    return std::make_unique<StructuralFieldTask>(source_, std::move(root), std::move(tasks), CountRows(rows));
  }

  std::vector<uint64_t> PageStarts() const override {
    const Leaf* widest = nullptr;
    uint64_t most = 0;
    for (const Leaf& leaf : leaves_) {
      const uint64_t bytes = ColumnBytes(leaf);
      if (widest == nullptr || bytes > most) widest = &leaf;
      most = std::max(most, bytes);
    }
    std::vector<uint64_t> starts = {0};
    if (widest == nullptr) return starts;
    uint64_t row = 0;
    for (const PageInfo& page : widest->column->info().pages) {
      row += page.num_rows;
      const uint64_t start = row / widest->multiplier;
      if (start > starts.back() && start < source_->num_rows()) starts.push_back(start);
    }
    return starts;
  }

  uint64_t StoredBytes() const override {
    uint64_t total = 0;
    for (const Leaf& leaf : leaves_) total += ColumnBytes(leaf);
    return total;
  }

 private:
  Status CheckRows(std::span<const RowRange> rows) const {
    uint64_t end = 0;
    for (const RowRange& range : rows) {
      LANCE_CHECK_ARG(
          range.length > 0 && range.start >= end && RangeFits(range.start, range.length, source_->num_rows()),
          "{}: rows {}..{} are empty, out of order or not among the {} rows of the file", source_->path(),
          range.start, range.start + range.length, source_->num_rows());
      end = range.end();
    }
    return Status::OK();
  }

  static uint64_t ColumnBytes(const Leaf& leaf) {
    uint64_t bytes = 0;
    for (const PageInfo& page : leaf.column->info().pages) {
      for (const ByteRange& buffer : page.buffers) bytes += buffer.length;
    }
    return bytes;
  }

  std::shared_ptr<ColumnSource> source_;
  Node root_;
  std::vector<Leaf> leaves_;
};

}  // namespace

Result<std::shared_ptr<FieldReader>> OpenStructuralField(const schema::Field& field,
                                                         const FieldOptions& options,
                                                         std::shared_ptr<ColumnSource> source) {
  std::vector<Leaf> leaves;
  ARROW_ASSIGN_OR_RAISE(Node root, TreeBuilder(options, source.get(), &leaves).Build(field));
  return std::make_shared<StructuralFieldReader>(std::move(source), std::move(root), std::move(leaves));
}

}  // namespace lance::encoding
