#include <charconv>

#include <arrow/api.h>
#include <arrow/extension_type.h>

#include "lance/schema/logical_type.h"
#include "lance/schema/schema.h"

namespace lance::schema {
namespace {

constexpr int kMaxDepth = 256;
constexpr char kFieldId[] = "lance:field_id";
constexpr char kPrimaryKey[] = "lance-schema:unenforced-primary-key";
constexpr char kPrimaryKeyPosition[] = "lance-schema:unenforced-primary-key:position";
constexpr char kClusteringKeyPosition[] = "lance-schema:unenforced-clustering-key:position";

std::shared_ptr<const arrow::KeyValueMetadata> ToArrowMetadata(const Metadata& metadata) {
  if (metadata.empty()) return nullptr;
  auto out = std::make_shared<arrow::KeyValueMetadata>();
  for (const auto& [key, value] : metadata) out->Append(key, value);
  return out;
}

Metadata FromArrowMetadata(const std::shared_ptr<const arrow::KeyValueMetadata>& metadata) {
  Metadata out;
  if (metadata == nullptr) return out;
  for (int64_t i = 0; i < metadata->size(); ++i) out[metadata->key(i)] = metadata->value(i);
  return out;
}

Result<std::shared_ptr<arrow::Field>> ToArrowAt(const Field& field, int depth);

Result<std::shared_ptr<arrow::Field>> OnlyChild(const Field& field, int depth) {
  LANCE_CHECK_BYTES(field.children.size() == 1, "field {} of type {} has {} children, one is needed",
                    field.name, field.logical_type, field.children.size());
  return ToArrowAt(field.children[0], depth + 1);
}

Result<std::shared_ptr<arrow::DataType>> TypeAt(const Field& field, int depth) {
  LANCE_CHECK_BYTES(depth < kMaxDepth, "field {} is nested deeper than {}", field.name, kMaxDepth);
  const std::string& name = field.logical_type;
  if (field.is_struct()) {
    arrow::FieldVector members;
    for (const Field& child : field.children) {
      ARROW_ASSIGN_OR_RAISE(auto member, ToArrowAt(child, depth + 1));
      members.push_back(std::move(member));
    }
    return arrow::struct_(std::move(members));
  }
  if (field.is_list()) {
    ARROW_ASSIGN_OR_RAISE(auto item, OnlyChild(field, depth));
    return name.starts_with("large") ? arrow::large_list(std::move(item)) : arrow::list(std::move(item));
  }
  if (int32_t dimension = StructListDimension(name)) {
    ARROW_ASSIGN_OR_RAISE(auto item, OnlyChild(field, depth));
    return arrow::fixed_size_list(std::move(item), dimension);
  }
  if (field.is_map()) {
    ARROW_ASSIGN_OR_RAISE(auto entries, OnlyChild(field, depth));
    // Checked here because Arrow's own constructor only asserts it.
    LANCE_CHECK_BYTES(entries->type()->id() == arrow::Type::STRUCT && entries->type()->num_fields() == 2 &&
                          !entries->nullable() && !entries->type()->field(0)->nullable(),
                      "map {} needs non-null entries of a non-null key and a value, it has {}", field.name,
                      entries->ToString());
    return std::make_shared<arrow::MapType>(std::move(entries));
  }
  return WithContext(ArrowTypeOf(name), "field " + field.name);
}

Result<std::shared_ptr<arrow::Field>> ToArrowAt(const Field& field, int depth) {
  ARROW_ASSIGN_OR_RAISE(auto type, TypeAt(field, depth));
  Metadata metadata = field.metadata;
  if (field.logical_type == "blob") metadata.emplace(kBlobKey, "true");
  if (field.logical_type == "json") metadata[kExtensionName] = kJsonExtension;
  return arrow::field(field.name, std::move(type), field.nullable, ToArrowMetadata(metadata));
}

std::optional<uint32_t> ParseNumber(const Metadata& metadata, const char* key) {
  auto found = metadata.find(key);
  uint32_t value = 0;
  if (found == metadata.end()) return std::nullopt;
  const char* end = found->second.data() + found->second.size();
  auto parsed = std::from_chars(found->second.data(), end, value);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return value;
}

// What 0.1 files would store the column as; later writers still record it.
LegacyEncoding EncodingOf(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::STRING:
    case arrow::Type::BINARY:
    case arrow::Type::LARGE_STRING:
    case arrow::Type::LARGE_BINARY:
    case arrow::Type::STRING_VIEW:
    case arrow::Type::BINARY_VIEW:
      return LegacyEncoding::kVarBinary;
    case arrow::Type::DICTIONARY:
      return LegacyEncoding::kDictionary;
    case arrow::Type::STRUCT:
    case arrow::Type::NA:
      return LegacyEncoding::kNone;
    default:
      return LegacyEncoding::kPlain;
  }
}

void ReadKeys(Field* field) {
  auto primary = ParseNumber(field->metadata, kPrimaryKeyPosition);
  auto flag = field->metadata.find(kPrimaryKey);
  if (primary) {
    field->unenforced_primary_key = true;
    field->unenforced_primary_key_position = *primary;
  } else if (flag != field->metadata.end() && (flag->second == "true" || flag->second == "1")) {
    field->unenforced_primary_key = true;
  }
  if (auto clustering = ParseNumber(field->metadata, kClusteringKeyPosition)) {
    field->unenforced_clustering_key_position = *clustering;
  }
}

Result<Field> FromArrowField(const arrow::Field& arrow_field, int depth) {
  LANCE_CHECK_ARG(depth < kMaxDepth, "field {} is nested deeper than {}", arrow_field.name(), kMaxDepth);
  Field field;
  field.name = arrow_field.name();
  field.nullable = arrow_field.nullable();
  field.metadata = FromArrowMetadata(arrow_field.metadata());
  std::shared_ptr<arrow::DataType> type = arrow_field.type();
  if (type->id() == arrow::Type::EXTENSION) {
    const auto& extension = static_cast<const arrow::ExtensionType&>(*type);
    field.metadata[kExtensionName] = extension.extension_name();
    field.metadata[kExtensionMetadata] = extension.Serialize();
    type = extension.storage_type();
  }
  ARROW_ASSIGN_OR_RAISE(field.logical_type, LogicalTypeOf(arrow_field));
  if (field.logical_type == "json") {
    field.metadata[kExtensionName] = kJsonExtension;  // JSONB, whatever came in
    field.encoding = LegacyEncoding::kVarBinary;
    return field;
  }
  field.encoding = EncodingOf(*type);
  ReadKeys(&field);
  bool has_children = type->id() == arrow::Type::STRUCT || type->id() == arrow::Type::LIST ||
                      type->id() == arrow::Type::LARGE_LIST || type->id() == arrow::Type::MAP ||
                      StructListDimension(field.logical_type) > 0;
  if (!has_children) return field;
  for (const auto& child : type->fields()) {
    ARROW_ASSIGN_OR_RAISE(Field converted, FromArrowField(*child, depth + 1));
    field.children.push_back(std::move(converted));
  }
  return field;
}

// Ids given in the metadata are kept; the others follow depth first.
void Number(Field* field, int32_t parent_id, int32_t* next) {
  field->parent_id = parent_id;
  auto given = field->metadata.find(kFieldId);
  if (given != field->metadata.end()) {
    int32_t id = -1;
    const std::string& text = given->second;
    if (std::from_chars(text.data(), text.data() + text.size(), id).ec == std::errc() && id >= 0)
      field->id = id;
    field->metadata.erase(given);
  }
  if (field->id < 0) field->id = (*next)++;
  for (Field& child : field->children) Number(&child, field->id, next);
}

int32_t MaxGivenId(const arrow::FieldVector& fields) {
  int32_t max = -1;
  for (const auto& field : fields) {
    auto given = ParseNumber(FromArrowMetadata(field->metadata()), kFieldId);
    if (given && *given <= INT32_MAX - 1) max = std::max(max, static_cast<int32_t>(*given));
    max = std::max(max, MaxGivenId(field->type()->fields()));
  }
  return max;
}

}  // namespace

Result<std::shared_ptr<arrow::DataType>> Field::ArrowType() const { return TypeAt(*this, 0); }

Result<std::shared_ptr<arrow::Field>> Field::ToArrow() const { return ToArrowAt(*this, 0); }

Result<std::shared_ptr<arrow::Schema>> Schema::ToArrow() const {
  arrow::FieldVector out;
  out.reserve(fields.size());
  for (const Field& field : fields) {
    ARROW_ASSIGN_OR_RAISE(auto converted, field.ToArrow());
    out.push_back(std::move(converted));
  }
  return arrow::schema(std::move(out), ToArrowMetadata(metadata));
}

Result<Schema> FromArrow(const arrow::Schema& arrow_schema) {
  Schema out;
  out.metadata = FromArrowMetadata(arrow_schema.metadata());
  int32_t next = MaxGivenId(arrow_schema.fields()) + 1;
  for (const auto& arrow_field : arrow_schema.fields()) {
    ARROW_ASSIGN_OR_RAISE(Field field, FromArrowField(*arrow_field, 0));
    Number(&field, -1, &next);
    out.fields.push_back(std::move(field));
  }
  return out;
}

}  // namespace lance::schema
