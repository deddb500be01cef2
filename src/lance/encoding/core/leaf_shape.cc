#include "lance/encoding/core/leaf_shape.h"

#include <arrow/extension_type.h>
#include <arrow/type.h>

#include "lance/base/checked_math.h"

namespace lance::encoding {
namespace {

constexpr int kMaxDepth = 256;

Result<LeafShape> ShapeAt(const std::shared_ptr<arrow::DataType>& type, int depth) {
  if (depth > kMaxDepth) return NotSupported("type nested deeper than {}: {}", kMaxDepth, type->ToString());
  const arrow::DataType* storage = type.get();
  if (storage->id() == arrow::Type::EXTENSION) {
    storage = static_cast<const arrow::ExtensionType&>(*type).storage_type().get();
  }
  LeafShape shape;
  shape.type = type;
  switch (storage->id()) {
    case arrow::Type::NA:
      shape.kind = LeafKind::kNull;
      return shape;
    case arrow::Type::STRING:
    case arrow::Type::BINARY:
      shape.kind = LeafKind::kVariable;
      shape.offset_bytes = 4;
      return shape;
    case arrow::Type::LARGE_STRING:
    case arrow::Type::LARGE_BINARY:
      shape.kind = LeafKind::kVariable;
      shape.offset_bytes = 8;
      return shape;
    case arrow::Type::FIXED_SIZE_LIST: {
      const auto& list = static_cast<const arrow::FixedSizeListType&>(*storage);
      ARROW_ASSIGN_OR_RAISE(LeafShape item, ShapeAt(list.value_type(), depth + 1));
      if (item.kind != LeafKind::kFixed || list.list_size() <= 0) break;
      uint64_t dim = static_cast<uint64_t>(list.list_size());
      shape.kind = LeafKind::kFixed;
      ARROW_ASSIGN_OR_RAISE(shape.bits, CheckedMul(dim, item.bits, "bits of a fixed-size list"));
      shape.element_bits = item.element_bits;
      shape.dims.push_back(dim);
      shape.dims.insert(shape.dims.end(), item.dims.begin(), item.dims.end());
      return shape;
    }
    case arrow::Type::STRUCT: {
      shape.kind = LeafKind::kPackedStruct;
      for (const auto& field : storage->fields()) {
        ARROW_ASSIGN_OR_RAISE(LeafShape child, ShapeAt(field->type(), depth + 1));
        shape.children.push_back(std::move(child));
      }
      return shape;
    }
    case arrow::Type::DICTIONARY: {
      const auto& dictionary = static_cast<const arrow::DictionaryType&>(*storage);
      shape.kind = LeafKind::kDictionary;
      ARROW_ASSIGN_OR_RAISE(LeafShape indices, ShapeAt(dictionary.index_type(), depth + 1));
      ARROW_ASSIGN_OR_RAISE(LeafShape values, ShapeAt(dictionary.value_type(), depth + 1));
      shape.children = {std::move(indices), std::move(values)};
      return shape;
    }
    default:
      if (storage->layout().buffers.size() == 2 && storage->bit_width() > 0) {
        shape.kind = LeafKind::kFixed;
        shape.bits = shape.element_bits = static_cast<uint64_t>(storage->bit_width());
        return shape;
      }
  }
  return NotSupported("no page holds values of type {}", type->ToString());
}

}  // namespace

Result<LeafShape> ShapeOf(const std::shared_ptr<arrow::DataType>& type) { return ShapeAt(type, 0); }

}  // namespace lance::encoding
