#include "lance/encoding/write/leaf_path.h"

#include <algorithm>

#include <arrow/type.h>

#include "lance/base/checked_math.h"
#include "lance/schema/logical_type.h"

namespace lance::encoding {
namespace {

constexpr size_t kMaxDepth = 200;

bool HasVariableMember(const LeafShape& shape) {
  return std::any_of(shape.children.begin(), shape.children.end(),
                     [](const LeafShape& child) { return child.kind == LeafKind::kVariable; });
}

class Finder {
 public:
  Finder(const PageFormat& format, std::vector<LeafPath>* out) : format_(format), out_(out) {}

  Status Visit(const schema::Field& field, const std::string& name) {
    LANCE_CHECK_ARG(steps_.size() < kMaxDepth, "field {} is nested deeper than {}", name, kMaxDepth);
    if (field.is_blob_v2() && format_.minor < 2) {
      return InvalidArgument("Blob v2 requires file version >= 2.2 (field {}, version 2.{})", name,
                             format_.minor);
    }
    if (field.is_blob() && !field.is_struct()) return AddBlob(field, name);
    // What comes in as (data, uri) is stored as a descriptor; descriptors themselves are packed structs.
    if (field.is_blob_v2() && field.FindChild("data") != nullptr) return AddBlobV2(field, name);
    if (field.is_packed_struct()) return AddPackedStruct(field, name);
    if (field.is_struct())
      return field.children.empty() ? AddEmptyStruct(field, name) : VisitStruct(field, name);
    if (field.is_list() || field.is_map()) {
      return VisitChild(field, name, {PathStep::Kind::kList, field.nullable, "", 1, name});
    }
    if (int32_t dimension = schema::StructListDimension(field.logical_type)) {
      return VisitStructList(field, name, static_cast<uint64_t>(dimension));
    }
    LeafPath leaf = Start(field, name);
    ARROW_ASSIGN_OR_RAISE(leaf.type, field.ArrowType());
    ARROW_ASSIGN_OR_RAISE(leaf.shape, WithContext(ShapeOf(leaf.type), "field " + name));
    if (leaf.shape.kind == LeafKind::kDictionary) {
      const LeafShape& values = leaf.shape.children[1];
      if (values.kind != LeafKind::kVariable && !(values.kind == LeafKind::kFixed && values.whole_bytes())) {
        return NotSupported("field {}: a dictionary of {}", name, values.type->ToString());
      }
    }
    out_->push_back(std::move(leaf));
    return Status::OK();
  }

 private:
  LeafPath Start(const schema::Field& field, const std::string& name) const {
    LeafPath leaf;
    leaf.field = &field;
    leaf.name = name;
    leaf.steps = steps_;
    for (const PathStep& step : steps_) leaf.rows_per_row *= step.dimension;
    return leaf;
  }

  Status AddBlob(const schema::Field& field, const std::string& name) {
    LeafPath leaf = Start(field, name);
    if (leaf.in_list() || leaf.rows_per_row > 1) return NotSupported("field {}: a blob in a list", name);
    ARROW_ASSIGN_OR_RAISE(leaf.type, field.ArrowType());
    if (leaf.type->id() != arrow::Type::LARGE_BINARY) {
      return InvalidArgument("field {}: a blob must be large_binary, it is {}", name, leaf.type->ToString());
    }
    ARROW_ASSIGN_OR_RAISE(auto descriptor, field.BlobDescriptor().ArrowType());
    ARROW_ASSIGN_OR_RAISE(leaf.shape, ShapeOf(descriptor));
    leaf.blob = BlobForm::kV1;
    out_->push_back(std::move(leaf));
    return Status::OK();
  }

  Status AddBlobV2(const schema::Field& field, const std::string& name) {
    LeafPath leaf = Start(field, name);
    ARROW_ASSIGN_OR_RAISE(leaf.type, field.BlobDescriptor().ArrowType());
    ARROW_ASSIGN_OR_RAISE(leaf.shape, ShapeOf(leaf.type));
    leaf.blob = BlobForm::kV2;
    out_->push_back(std::move(leaf));
    return Status::OK();
  }

  Status AddPackedStruct(const schema::Field& field, const std::string& name) {
    LeafPath leaf = Start(field, name);
    ARROW_ASSIGN_OR_RAISE(leaf.type, field.ArrowType());
    ARROW_ASSIGN_OR_RAISE(leaf.shape, WithContext(ShapeOf(leaf.type), "field " + name));
    LANCE_CHECK_ARG(!leaf.shape.children.empty(), "packed struct {} has no members", name);
    for (size_t i = 0; i < leaf.shape.children.size(); ++i) {
      const LeafShape& child = leaf.shape.children[i];
      const bool fixed = child.kind == LeafKind::kFixed && child.whole_bytes();
      if (!fixed && child.kind != LeafKind::kVariable) {
        return NotSupported("packed struct {} with the member {} of type {}", name, field.children[i].name,
                            child.type->ToString());
      }
    }
    if (format_.minor < 2 && HasVariableMember(leaf.shape)) {
      return NotSupported("packed struct {} with members of varying length needs file version 2.2", name);
    }
    out_->push_back(std::move(leaf));
    return Status::OK();
  }

  Status AddEmptyStruct(const schema::Field& field, const std::string& name) {
    LeafPath leaf = Start(field, name);
    if (leaf.in_list()) return NotSupported("field {}: a struct without members in a list", name);
    ARROW_ASSIGN_OR_RAISE(leaf.type, field.ArrowType());
    leaf.shape.type = leaf.type;
    leaf.shape.kind = LeafKind::kNull;
    leaf.is_empty_struct = true;
    out_->push_back(std::move(leaf));
    return Status::OK();
  }

  Status VisitStruct(const schema::Field& field, const std::string& name) {
    for (const schema::Field& child : field.children) {
      steps_.push_back({PathStep::Kind::kStruct, field.nullable, child.name, 1, name});
      ARROW_RETURN_NOT_OK(Visit(child, name + "." + child.name));
      steps_.pop_back();
    }
    return Status::OK();
  }

  Status VisitChild(const schema::Field& field, const std::string& name, PathStep step) {
    LANCE_CHECK_ARG(field.children.size() == 1, "{} {} has {} children, not one", field.logical_type, name,
                    field.children.size());
    steps_.push_back(std::move(step));
    ARROW_RETURN_NOT_OK(Visit(field.children[0], name + "." + field.children[0].name));
    steps_.pop_back();
    return Status::OK();
  }

  Status VisitStructList(const schema::Field& field, const std::string& name, uint64_t dimension) {
    if (format_.minor < 2) {
      return NotSupported("field {}: fixed-size lists of structs need file version 2.2", name);
    }
    if (Start(field, name).in_list())
      return NotSupported("field {}: fixed-size lists of structs in a list", name);
    return VisitChild(field, name, {PathStep::Kind::kStructList, field.nullable, "", dimension, name});
  }

  const PageFormat& format_;
  std::vector<LeafPath>* out_;
  std::vector<PathStep> steps_;
};

}  // namespace

std::vector<bool> LeafPath::ListLayers() const {
  std::vector<bool> layers = {false};
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    layers.push_back(step->kind == PathStep::Kind::kList);
  }
  return layers;
}

bool LeafPath::in_list() const {
  return std::any_of(steps.begin(), steps.end(),
                     [](const PathStep& step) { return step.kind == PathStep::Kind::kList; });
}

Result<std::vector<LeafPath>> FindLeaves(const schema::Field& field, const PageFormat& format) {
  std::vector<LeafPath> leaves;
  ARROW_RETURN_NOT_OK(Finder(format, &leaves).Visit(field, field.name));
  return leaves;
}

}  // namespace lance::encoding
