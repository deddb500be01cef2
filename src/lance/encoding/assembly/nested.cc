#include "lance/encoding/assembly/nested.h"

#include <arrow/api.h>
#include <arrow/util/bitmap_ops.h>

#include "lance/runtime/buffer_pool.h"

namespace lance::encoding {
namespace {

using ArrayDataPtr = std::shared_ptr<arrow::ArrayData>;

// An array with what is left of its levels for the layers around it.
struct Nested {
  ArrayDataPtr data;
  LeafLevels levels{{}};
};

uint64_t LengthOf(const ArrayDataPtr& data) { return static_cast<uint64_t>(data->length); }

// The bitmap starts at the array's first value; Arrow counts from the start of the buffers.
Result<BufferPtr> ShiftBitmap(const BufferPtr& bitmap, int64_t offset, int64_t length) {
  if (offset == 0) return bitmap;
  ARROW_ASSIGN_OR_RAISE(auto shifted,
                        runtime::AllocatePooled(static_cast<uint64_t>(offset + length + 7) / 8));
  std::memset(shifted->mutable_data(), 0, static_cast<size_t>(shifted->size()));
  arrow::internal::CopyBitmap(bitmap->data(), 0, length, shifted->mutable_data(), offset);
  return shifted;
}

Status SetValidity(const Validity& validity, ArrayDataPtr* data) {
  if ((*data)->type->id() == arrow::Type::NA) return Status::OK();  // null without a bitmap
  if (validity.bitmap == nullptr && (*data)->buffers[0] == nullptr && (*data)->null_count == 0) {
    return Status::OK();
  }
  if (data->use_count() > 1) *data = (*data)->Copy();  // the page may keep what it handed out
  ARROW_ASSIGN_OR_RAISE((*data)->buffers[0], ShiftBitmap(validity.bitmap, (*data)->offset, (*data)->length));
  (*data)->null_count = validity.bitmap == nullptr ? 0 : validity.null_count;
  return Status::OK();
}

// Keeps some members of a packed struct, whose column holds them all.
ArrayDataPtr KeepMembers(const Node& node, ArrayDataPtr data) {
  if (node.packed_members.empty()) return data;
  ArrayDataPtr out = data->Copy();
  out->type = node.type();
  out->child_data.clear();
  for (int member : node.packed_members) out->child_data.push_back(data->child_data[member]);
  return out;
}

class Assembler {
 public:
  explicit Assembler(std::span<DecodedLeaf> leaves) : leaves_(leaves) {}

  Result<Nested> Build(const Node& node) {
    switch (node.kind) {
      case Node::Kind::kLeaf:
        return BuildLeaf(node);
      case Node::Kind::kStruct:
        return BuildStruct(node);
      case Node::Kind::kList:
      case Node::Kind::kMap:
        return BuildList(node);
      case Node::Kind::kFixedSizeList:
        return BuildFixedSizeList(node);
      default:
        return Internal("field {} has nothing that tells its length", node.field->name());
    }
  }

  // A field that nothing was read for.
  Result<ArrayDataPtr> Fill(const Node& node, uint64_t length) {
    if (node.kind == Node::Kind::kMissing) {
      ARROW_ASSIGN_OR_RAISE(auto nulls, arrow::MakeArrayOfNull(node.type(), static_cast<int64_t>(length)));
      return nulls->data();
    }
    std::vector<ArrayDataPtr> members;
    for (const Node& child : node.children) {
      ARROW_ASSIGN_OR_RAISE(ArrayDataPtr member, Fill(child, length));
      members.push_back(std::move(member));
    }
    return arrow::ArrayData::Make(node.type(), static_cast<int64_t>(length), {nullptr}, std::move(members),
                                  0);
  }

 private:
  Result<Nested> BuildLeaf(const Node& node) {
    DecodedLeaf& leaf = leaves_[node.leaf];
    Nested out{std::move(leaf.values), std::move(leaf.levels)};
    ARROW_ASSIGN_OR_RAISE(Validity validity, out.levels.PeelItems(LengthOf(out.data)));
    ARROW_RETURN_NOT_OK(SetValidity(validity, &out.data));
    out.data = KeepMembers(node, std::move(out.data));
    return out;
  }

  Result<Nested> BuildStruct(const Node& node) {
    std::vector<ArrayDataPtr> members(node.children.size());
    LeafLevels levels{{}};
    bool first = true;
    uint64_t length = 0;
    for (size_t i = 0; i < members.size(); ++i) {
      const Node& child = node.children[i];
      if (!child.has_leaves) continue;
      ARROW_ASSIGN_OR_RAISE(Nested member, Build(child));
      members[i] = std::move(member.data);
      LANCE_CHECK_BYTES(first || length == LengthOf(members[i]),
                        "members of struct {} have {} and {} values: its columns disagree",
                        node.field->name(), length, members[i]->length);
      // What is outside of the members is the same for all of them; the first one tells it.
      if (first) levels = std::move(member.levels);
      length = LengthOf(members[i]);
      first = false;
    }
    for (size_t i = 0; i < members.size(); ++i) {
      if (members[i] != nullptr) continue;
      ARROW_ASSIGN_OR_RAISE(members[i], Fill(node.children[i], length));
    }
    ARROW_ASSIGN_OR_RAISE(Validity validity, levels.PeelItems(length));
    Nested out;
    out.data = arrow::ArrayData::Make(node.type(), static_cast<int64_t>(length), {validity.bitmap},
                                      std::move(members), validity.null_count);
    out.levels = std::move(levels);
    return out;
  }

  Result<Nested> BuildList(const Node& node) {
    ARROW_ASSIGN_OR_RAISE(Nested items, Build(node.children[0]));
    const bool large = node.type()->id() == arrow::Type::LARGE_LIST;
    ARROW_ASSIGN_OR_RAISE(ListOffsets lists, items.levels.PeelLists(large, LengthOf(items.data)));
    Nested out;
    out.data = arrow::ArrayData::Make(node.type(), static_cast<int64_t>(lists.num_lists),
                                      {lists.validity.bitmap, lists.offsets}, {std::move(items.data)},
                                      lists.validity.null_count);
    out.levels = std::move(items.levels);
    return out;
  }

  Result<Nested> BuildFixedSizeList(const Node& node) {
    ARROW_ASSIGN_OR_RAISE(Nested items, Build(node.children[0]));
    const auto dimension =
        static_cast<uint64_t>(static_cast<const arrow::FixedSizeListType&>(*node.type()).list_size());
    LANCE_CHECK_BYTES(LengthOf(items.data) % dimension == 0, "{} items of {} do not fill lists of {}",
                      items.data->length, node.field->name(), dimension);
    ARROW_RETURN_NOT_OK(items.levels.PeelFixedSize(dimension));
    const uint64_t length = LengthOf(items.data) / dimension;
    ARROW_ASSIGN_OR_RAISE(Validity validity, items.levels.PeelItems(length));
    Nested out;
    out.data = arrow::ArrayData::Make(node.type(), static_cast<int64_t>(length), {validity.bitmap},
                                      {std::move(items.data)}, validity.null_count);
    out.levels = std::move(items.levels);
    return out;
  }

  std::span<DecodedLeaf> leaves_;
};

}  // namespace

const std::shared_ptr<arrow::DataType>& Node::type() const { return field->type(); }

Result<ArrayDataPtr> Assemble(const Node& root, std::span<DecodedLeaf> leaves, uint64_t num_rows) {
  Assembler assembler(leaves);
  if (!root.has_leaves) return assembler.Fill(root, num_rows);
  ARROW_ASSIGN_OR_RAISE(Nested built, assembler.Build(root));
  LANCE_CHECK_BYTES(LengthOf(built.data) == num_rows, "field {} holds {} rows where {} were read",
                    root.field->name(), built.data->length, num_rows);
  return std::move(built.data);
}

}  // namespace lance::encoding
