#include "lance/schema/schema_serde.h"

#include <unordered_map>

#include "lance/proto/file_format.pb.h"
#include "lance/schema/logical_type.h"

namespace lance::schema {
namespace {

constexpr int kMaxDepth = 256;
constexpr uint32_t kNoParent = UINT32_MAX;

// The list keeps parents before children, so one pass finds every parent and no cycle can be written down.
struct Node {
  const pb::Field* field;
  int depth;
  std::vector<uint32_t> children;
};

Field FromProtoField(const pb::Field& from) {
  Field field;
  field.name = from.name();
  field.id = from.id();
  field.parent_id = from.parent_id();
  field.logical_type = from.logical_type();
  field.nullable = from.nullable();
  for (const auto& [key, value] : from.metadata()) field.metadata[key] = value;
  if (!from.extension_name().empty()) field.metadata[kExtensionName] = from.extension_name();
  if (from.encoding() > 0 && from.encoding() <= 4)
    field.encoding = static_cast<LegacyEncoding>(from.encoding());
  if (from.has_dictionary()) field.dictionary = {from.dictionary().offset(), from.dictionary().length()};
  field.unenforced_primary_key = from.unenforced_primary_key() || from.unenforced_primary_key_position() > 0;
  field.unenforced_primary_key_position = from.unenforced_primary_key_position();
  field.unenforced_clustering_key = from.unenforced_clustering_key();
  field.unenforced_clustering_key_position = from.unenforced_clustering_key_position();
  return field;
}

Field Build(const std::vector<Node>& nodes, uint32_t index) {
  Field field = FromProtoField(*nodes[index].field);
  field.children.reserve(nodes[index].children.size());
  for (uint32_t child : nodes[index].children) field.children.push_back(Build(nodes, child));
  return field;
}

// Data files write the members of a blob v2 descriptor with neither id nor parent, directly behind their
// struct.
bool IsOrphanOfBlob(const pb::Field& field, const Node& before) {
  return field.id() == -1 && field.parent_id() == -1 && before.field->logical_type() == "struct" &&
         before.field->metadata().contains(kBlobKey) && before.children.size() < 5;
}

void Append(const Field& field, int32_t parent_id, google::protobuf::RepeatedPtrField<pb::Field>* out) {
  pb::Field* to = out->Add();
  to->set_name(field.name);
  to->set_id(field.id);
  to->set_parent_id(parent_id);
  to->set_logical_type(field.logical_type);
  to->set_nullable(field.nullable);
  to->set_encoding(static_cast<pb::LegacyEncoding>(field.encoding));
  for (const auto& [key, value] : field.metadata) (*to->mutable_metadata())[key] = value;
  auto extension = field.metadata.find(kExtensionName);
  if (extension != field.metadata.end()) to->set_extension_name(extension->second);
  if (field.dictionary) {
    to->mutable_dictionary()->set_offset(field.dictionary->first);
    to->mutable_dictionary()->set_length(field.dictionary->second);
  }
  to->set_unenforced_primary_key(field.unenforced_primary_key);
  to->set_unenforced_primary_key_position(field.unenforced_primary_key_position);
  to->set_unenforced_clustering_key(field.unenforced_clustering_key);
  to->set_unenforced_clustering_key_position(field.unenforced_clustering_key_position);
  // Members of a blob v2 descriptor have no id, and name no parent either.
  for (const Field& child : field.children) {
    Append(child, child.id < 0 && field.is_blob() ? -1 : field.id, out);
  }
}

}  // namespace

Result<Schema> FromProto(const google::protobuf::RepeatedPtrField<pb::Field>& fields,
                         const google::protobuf::Map<std::string, std::string>& metadata) {
  std::vector<Node> nodes;
  nodes.reserve(fields.size());
  std::vector<uint32_t> roots;
  // The first field with an id wins: tables with repeated ids exist, written by old releases.
  std::unordered_map<int32_t, uint32_t> by_id;
  by_id.reserve(fields.size());
  for (const pb::Field& field : fields) {
    uint32_t index = static_cast<uint32_t>(nodes.size());
    uint32_t parent = kNoParent;
    if (!roots.empty() && IsOrphanOfBlob(field, nodes[roots.back()])) {
      parent = roots.back();
    } else if (field.parent_id() != -1) {
      auto found = by_id.find(field.parent_id());
      LANCE_CHECK_BYTES(found != by_id.end(),
                        "Field '{}' (id={}) references parent id {}, which must appear earlier in the schema",
                        field.name(), field.id(), field.parent_id());
      parent = found->second;
    }
    int depth = parent == kNoParent ? 0 : nodes[parent].depth + 1;
    LANCE_CHECK_BYTES(depth < kMaxDepth, "Field '{}' (id={}) is nested deeper than {}", field.name(),
                      field.id(), kMaxDepth);
    nodes.push_back({&field, depth, {}});
    (parent == kNoParent ? roots : nodes[parent].children).push_back(index);
    by_id.emplace(field.id(), index);
  }
  Schema schema;
  schema.fields.reserve(roots.size());
  for (uint32_t root : roots) schema.fields.push_back(Build(nodes, root));
  for (const auto& [key, value] : metadata) schema.metadata[key] = value;
  return schema;
}

void ToProto(const Schema& schema, google::protobuf::RepeatedPtrField<pb::Field>* fields,
             google::protobuf::Map<std::string, std::string>* metadata) {
  for (const Field& field : schema.fields) Append(field, -1, fields);
  for (const auto& [key, value] : schema.metadata) (*metadata)[key] = value;
}

}  // namespace lance::schema
